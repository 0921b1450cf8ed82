package diskloop

import (
	"errors"
	"log/slog"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/io_uring/loop"
	"github.com/highwater-log/highwater/server/files"
)

// errNotTaken says that the kernel made a ring and takes no orders.
var errNotTaken = errors.New("the kernel makes a ring and takes no orders: perhaps a sandbox forbids io_uring_enter")

// trial is a real loop over the descriptor of a file that is made for it.
type trial struct {
	loop   *loop.Loop
	fd     int
	failed error // by which the last effect ended
	done   chan event.Event
}

// try writes a block durably through a ring as c describes it, and reads it back.
func try(dir *files.Dir, c loop.Config) error {
	t := &trial{done: make(chan event.Event, 1)}
	status := c.Status
	c.Files, c.Rest = t, t
	c.Log = slog.New(slog.DiscardHandler) // what fails is told as the reason
	c.Status = func(err error) event.Status {
		t.failed = err
		return status(err)
	}
	c.Done = func(ev event.Event) { t.done <- ev }
	var err error
	if t.loop, err = loop.New(c); err != nil {
		return err
	}
	defer t.loop.Close()
	return dir.Try(t.write, t.read)
}

func (t *trial) write(fd int, p []byte) error {
	_, err := t.do(fd, func(b *event.Buf) { b.WriteFile(0, event.File{}, 0, p, true) })
	return err
}

func (t *trial) read(fd int, p []byte) (int, error) {
	ev, err := t.do(fd, func(b *event.Buf) { b.ReadFile(0, event.File{}, 0, int64(len(p))) })
	return copy(p, ev.Data), err
}

func (t *trial) do(fd int, order func(b *event.Buf)) (event.Event, error) {
	var b event.Buf
	order(&b)
	t.fd = fd
	t.loop.Submit(&b.Effects()[0])
	t.loop.Flush()
	ev := <-t.done
	return ev, t.failed
}

// Cached implements loop.Files.
func (t *trial) Cached(event.File) (loop.Handle, bool) { return t, true }

// Release implements loop.Files.
func (t *trial) Release(loop.Handle) {}

// Descriptor implements loop.Handle.
func (t *trial) Descriptor() int { return t.fd }

// Submit implements loop.Portable: what comes here the ring could not do.
func (t *trial) Submit(e *event.Effect) {
	t.failed = errNotTaken
	t.done <- event.Event{Kind: event.KindIODone, IO: e.IO, Status: event.StatusIOError}
}

// Close implements loop.Portable.
func (t *trial) Close() {}
