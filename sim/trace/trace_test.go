package trace

import (
	"bytes"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// play records a short run, in which one thing can be changed.
func play(t *Trace, change func(ev *event.Event, e *event.Effect)) {
	ev := event.Event{Kind: event.KindIODone, To: event.Shard0, IO: event.NewIOID(event.Shard0, 9), N: 3, Data: []byte("abc"), Now: 5 * event.Millisecond}
	e := event.Effect{Op: event.OpWriteFile, IO: 7, File: event.File{Kind: event.FileChunk, Store: event.Shard0, Base: 1}, Length: 4, Data: []byte("data")}
	if change != nil {
		change(&ev, &e)
	}
	t.Step(412, 13847*event.Microsecond, Place{Life: 2}, &ev)
	t.Effect(&e)
	t.Effect(&event.Effect{Op: event.OpReply, Ticket: event.Ticket{Conn: 3, Seq: 7}, Body: &event.ProduceReply{}})
	t.Note(413, 13901*event.Microsecond, 0, 2, "crash", 2, 0, func() string { return "cut (fault 2)" })
	t.Bytes(414, 14*event.Millisecond, 3, 17, true, []byte("frame"))
	t.Close()
}

func TestDigest_CoversEveryField(t *testing.T) {
	var base Trace
	play(&base, nil)
	for name, change := range map[string]func(ev *event.Event, e *event.Effect){
		"kind":     func(ev *event.Event, _ *event.Effect) { ev.Kind = event.KindTick },
		"status":   func(ev *event.Event, _ *event.Effect) { ev.Status = event.StatusShort },
		"more":     func(ev *event.Event, _ *event.Effect) { ev.More = true },
		"clock":    func(ev *event.Event, _ *event.Effect) { ev.Now++ },
		"wall":     func(ev *event.Event, _ *event.Effect) { ev.Wall++ },
		"data":     func(ev *event.Event, _ *event.Effect) { ev.Data = []byte("abd") },
		"file":     func(_ *event.Event, e *event.Effect) { e.File.Base++ },
		"topic":    func(_ *event.Event, e *event.Effect) { e.File.Topic[15]++ },
		"offset":   func(_ *event.Event, e *event.Effect) { e.Offset++ },
		"durable":  func(_ *event.Event, e *event.Effect) { e.Durable = true },
		"payload":  func(_ *event.Event, e *event.Effect) { e.Data = []byte("dato") },
		"rename":   func(_ *event.Event, e *event.Effect) { e.RenameTo = &event.File{Kind: event.FileChunk} },
		"io":       func(_ *event.Event, e *event.Effect) { e.IO++ },
		"no error": nil,
	} {
		var other Trace
		play(&other, change)
		if same := other.Digest() == base.Digest(); same != (change == nil) {
			t.Errorf("%s: same digest %v", name, same)
		}
	}
}

func TestLines_HaveFixedColumnsAndDoNotChangeTheDigest(t *testing.T) {
	var out bytes.Buffer
	var quiet Trace
	loud := Trace{Out: &out}
	play(&quiet, nil)
	play(&loud, nil)
	if quiet.Digest() != loud.Digest() {
		t.Error("printing changes the digest")
	}
	want := strings.Join([]string{
		"     412     0.013847s n0.2     shard-0 io-done shard-0#9 ok n=3                   | write home#7 shard-0/journal/00000001 at=0 len=4; reply conn3/7 ProduceReply",
		"     413     0.013901s n0.2   ! crash cut (fault 2)",
		"     414     0.014000s c3     > conn 17: 5 bytes crc ",
	}, "\n")
	if got := out.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestRecording_DoesNotAllocate(t *testing.T) {
	var tr Trace
	ev := event.Event{Kind: event.KindTick}
	e := event.Effect{Op: event.OpSyncFs}
	if n := testing.AllocsPerRun(500, func() { tr.Step(1, 2, Place{Life: 1}, &ev); tr.Effect(&e) }); n >= 1 {
		t.Errorf("%v allocations a step", n)
	}
}
