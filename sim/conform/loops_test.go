package conform

import (
	"log/slog"
	"os"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/diskloop"
	"github.com/highwater-log/highwater/server/files"
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
	{"posix", func(t *testing.T) *loop { return realLoop(t, config.LoopPosix, t.TempDir()) }},
	{"io_uring", func(t *testing.T) *loop { return realLoop(t, config.LoopUring, t.TempDir()) }},
	{"io_uring on tmpfs", func(t *testing.T) *loop { return realLoop(t, config.LoopUring, memoryDir(t)) }},
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

// realLoop is a loop on a real directory, as a broker puts it together.
func realLoop(t *testing.T, choice, root string) *loop {
	dir, err := files.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan event.Event, 16)
	l, err := diskloop.Open(choice, dir, slog.New(slog.DiscardHandler), func(ev event.Event) { done <- ev })
	t.Cleanup(func() {
		if l != nil {
			l.Close()
		}
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Skip(err) // the machine forbids it, and the error says why
	}
	submit := func(e *event.Effect) {
		l.Submit(e)
		l.Flush()
	}
	return &loop{submit: submit, wait: func(io event.IOID) event.Event {
		ev := <-done
		if ev.IO != io {
			t.Errorf("completion of %s, wanted %s", ev.IO, io)
		}
		return ev
	}}
}

// memoryDir is a folder of a file system without a disk.
func memoryDir(t *testing.T) string {
	root, err := os.MkdirTemp("/dev/shm", "highwater-test-") //nolint:usetesting // a file system of its own
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) }) // a leftover in memory harms no later run
	return root
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
