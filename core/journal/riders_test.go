package journal

import (
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// direct stages a direct entry whose frame waits for n direct writes, and ends the turn.
func (b *bench) direct(n int) (seq uint64) {
	for range n {
		seq, _, _ = b.j.Stage(Entry{Kind: EntryDirect}, []byte("descriptor"))
		b.j.Hold(seq)
	}
	b.endTurn()
	return seq
}

func (b *bench) unhold(seq uint64) {
	b.j.Unhold(seq, 0, &b.out)
	b.disk.take(&b.out)
}

// A frame counts when it is written and all its riders are complete, whichever comes last; so do those behind it.
func TestRiders_AFrameWaitsForAll(t *testing.T) {
	for _, order := range []string{"w11", "1w1", "11w"} {
		b := begin(t, small())
		b.finishAll()
		seq := b.direct(2)
		b.j.Stage(Entry{Kind: EntryAppend}, []byte("behind"))
		b.endTurn()
		b.finish(1, event.StatusOK)
		for _, step := range order {
			if b.j.Durable() != seq {
				t.Fatalf("%s: frames below %d count before %c", order, b.j.Durable(), step)
			}
			if step == 'w' {
				b.finish(0, event.StatusOK)
			} else {
				b.unhold(seq)
			}
		}
		if b.j.Durable() != seq+2 {
			t.Errorf("%s: frames below %d count, want %d", order, b.j.Durable(), seq+2)
		}
	}
}

// A rider may be complete before its frame is submitted, and a frame that waits for one keeps its place among those in flight.
func TestRiders_AreOrderedBeforeTheirFrame(t *testing.T) {
	cfg := small()
	cfg.InFlight, cfg.Writing = 1, 1
	b := begin(t, cfg)
	b.finishAll()
	first := b.direct(1)
	second := b.direct(1)
	if b.j.Submitted() != second {
		t.Fatalf("frames below %d are submitted, want %d", b.j.Submitted(), second)
	}
	b.unhold(second)
	b.finish(0, event.StatusOK)
	b.endTurn()
	if b.j.Submitted() != second || b.j.Durable() != first {
		t.Fatalf("submitted %d, durable %d while frame %d waits", b.j.Submitted(), b.j.Durable(), first)
	}
	b.unhold(first)
	b.endTurn()
	if b.j.Submitted() != second+1 || b.j.Durable() != second {
		t.Fatalf("submitted %d, durable %d", b.j.Submitted(), b.j.Durable())
	}
	b.finishAll()
	if b.j.Durable() != second+1 {
		t.Fatalf("frame %d does not count, and its rider was complete before it was submitted", second)
	}
}

// What a frame claims is proven when that frame counts, not when it is submitted.
func TestProven_IsWhatDurableFramesClaim(t *testing.T) {
	b := begin(t, small())
	b.finishAll()
	for want := range uint64(3) {
		b.j.Stage(Entry{Kind: EntryAppend}, []byte("x"))
		b.endTurn()
		if b.j.Proven() != max(want, 1) {
			t.Errorf("in flight: proven below %d, want %d", b.j.Proven(), max(want, 1))
		}
		b.finishAll()
		if b.j.Durable() != want+2 || b.j.Proven() != want+1 {
			t.Errorf("durable below %d, proven below %d, want %d and %d", b.j.Durable(), b.j.Proven(), want+2, want+1)
		}
	}
}

// D as a recovery finds it is what Proven promised, whatever the frames behind it went through.
func TestProven_IsWhatARecoveryKnows(t *testing.T) {
	b := begin(t, small())
	b.finishAll()
	for range 4 {
		b.j.Stage(Entry{Kind: EntryAppend}, []byte("x"))
		b.endTurn()
		b.finishAll()
		r := Judge(testSuper, 0, []ChunkImage{{Number: 0, Data: b.disk.files[0].data}})
		if r.Durable != b.j.Proven() {
			t.Errorf("a recovery knows %d, proven is %d", r.Durable, b.j.Proven())
		}
	}
}

func TestRiders_Laws(t *testing.T) {
	for name, work := range map[string]func(b *bench, seq uint64){
		"of a frame without": func(b *bench, _ uint64) { b.j.Unhold(1, 0, &b.out) },
		"told twice":         func(b *bench, seq uint64) { b.unhold(seq); b.unhold(seq) },
		"nothing staged":     func(b *bench, _ uint64) { b.j.Hold(b.j.Open()) },
		"of a closed frame":  func(b *bench, seq uint64) { b.j.Hold(seq) },
	} {
		b := begin(t, small())
		b.finishAll()
		b.j.Stage(Entry{Kind: EntryRoll})
		b.endTurn()
		seq := b.direct(1)
		if text := violated(func() { work(b, seq) }); !strings.HasPrefix(text, "J-9") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// A direct entry whose bytes are gone is damage in its place, or the end of the log.
func TestRecovery_CutAndLose(t *testing.T) {
	recovery := func() *Recovery {
		return &Recovery{
			Frames: []Frame{
				{Seq: 5, Entries: []Entry{{Base: 1}, {Base: 9}}, Payload: [][]byte{{1}, {9}}},
				{Seq: 6, Entries: []Entry{{Base: 10}}, Payload: [][]byte{{10}}},
			},
			Damage: []Damage{{Seq: 4}, {Seq: 5, Entry: Entry{Base: 3}}, {Seq: 6, Entry: Entry{Base: 11}}},
		}
	}
	r := recovery()
	r.Lose(0, 1, "why")
	if d := r.Damage[2]; len(r.Damage) != 4 || d.Seq != 5 || d.Entry.Base != 9 || d.Why != "why" {
		t.Errorf("damage %+v", r.Damage)
	}
	if f := r.Frames[0]; len(f.Entries) != 1 || f.Entries[0].Base != 1 || len(f.Payload) != 1 {
		t.Errorf("what is left of the frame: %+v", f)
	}
	r = recovery()
	r.Cut(1)
	if len(r.Frames) != 1 || len(r.Damage) != 2 || !r.Torn {
		t.Errorf("cut: %+v", r)
	}
}
