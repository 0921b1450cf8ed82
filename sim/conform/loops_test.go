package conform

import (
	"log/slog"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/files"
	"github.com/highwater-log/highwater/server/posix"
	"github.com/highwater-log/highwater/sim/disk"
)

// loop is a disk loop under test. do submits one effect and waits for its completion.
type loop struct {
	submit func(e *event.Effect)
	wait   func(io event.IOID) event.Event
	buf    event.Buf
	ids    uint64
}

// loops are the makers of every loop, each on an empty data directory.
var loops = []struct {
	name string
	make func(t *testing.T) *loop
}{
	{"sim", simLoop},
	{"posix", posixLoop},
}

func simLoop(t *testing.T) *loop {
	d := disk.New()
	return &loop{submit: d.Submit, wait: func(io event.IOID) event.Event {
		var ev event.Event
		if !d.Complete(io, &ev) {
			t.Errorf("%s is not in flight", io)
		}
		return ev
	}}
}

func posixLoop(t *testing.T) *loop {
	dir, err := files.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan event.Event, 16)
	l := posix.New(dir, slog.New(slog.DiscardHandler), func(ev event.Event) { done <- ev })
	t.Cleanup(func() {
		l.Close()
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return &loop{submit: l.Submit, wait: func(io event.IOID) event.Event {
		ev := <-done
		if ev.IO != io {
			t.Errorf("completion of %s, wanted %s", ev.IO, io)
		}
		return ev
	}}
}

// do builds one effect with order, submits it and waits.
func (l *loop) do(order func(b *event.Buf, io event.IOID)) event.Event {
	l.ids++
	l.buf.Reset()
	order(&l.buf, event.NewIOID(event.Shard0, l.ids))
	e := &l.buf.Effects()[0]
	l.submit(e)
	return l.wait(e.IO)
}
