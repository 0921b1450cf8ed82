package loop

import (
	"errors"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/io_uring/sys"
	"golang.org/x/sys/unix"
)

const block = event.BlockSize

type number int

func (n number) Descriptor() int { return int(n) }

// want is one order that an operation must give, and what the kernel answers to it.
type want struct {
	op     uint8
	offset uint64 // in bytes
	length int    // in bytes
	flags  uint32
	result int32
	then   next
}

func write(durable bool) event.Effect {
	return event.Effect{Op: event.OpWriteFile, Offset: 2 * block, Length: 4 * block, Data: make([]byte, 4*block), Durable: durable}
}

// A kernel that answers as the table says, in place of the real one, which does so once in a blue moon.
func TestOperation_GoesOnAfterEveryAnswer(t *testing.T) {
	const dsync, again = unix.RWF_DSYNC, -int32(unix.EAGAIN)
	fast, slow, buffered := Mode{Direct: true, DSync: true}, Mode{Direct: true}, Mode{}
	read := event.Effect{Op: event.OpReadFile, Offset: block, Length: 4 * block}
	for _, c := range []struct {
		name   string
		effect event.Effect
		mode   Mode
		orders []want
		status event.Status
		n      int64
	}{
		{"a durable write", write(true), fast, []want{{sys.OpWrite, 2 * block, 4 * block, dsync, 4 * block, over}}, event.StatusOK, 4 * block},
		{"a write", write(false), fast, []want{{sys.OpWrite, 2 * block, 4 * block, 0, 4 * block, over}}, event.StatusOK, 4 * block},
		{"a short write goes on at a block", write(true), fast, []want{
			{sys.OpWrite, 2 * block, 4 * block, dsync, block + 512, goesOn},
			{sys.OpWrite, 3 * block, 3 * block, dsync, 2 * block, goesOn},
			{sys.OpWrite, 5 * block, block, dsync, block, over},
		}, event.StatusOK, 4 * block},
		{"a durable write without RWF_DSYNC is followed by fdatasync", write(true), slow, []want{
			{sys.OpWrite, 2 * block, 4 * block, 0, block, goesOn},
			{sys.OpWrite, 3 * block, 3 * block, 0, 3 * block, goesOn},
			{sys.OpFsync, 0, 0, sys.FsyncDatasync, 0, over},
		}, event.StatusOK, 4 * block},
		{"an interrupted fdatasync is asked for again", write(true), buffered, []want{
			{sys.OpWrite, 2 * block, 4 * block, 0, 4 * block, goesOn},
			{sys.OpFsync, 0, 0, sys.FsyncDatasync, -int32(unix.EINTR), goesLate},
			{sys.OpFsync, 0, 0, sys.FsyncDatasync, 0, over},
		}, event.StatusOK, 4 * block},
		{"a failed fdatasync is an error, and not tried again", write(true), slow, []want{
			{sys.OpWrite, 2 * block, 4 * block, 0, 4 * block, goesOn},
			{sys.OpFsync, 0, 0, sys.FsyncDatasync, -int32(unix.EIO), over},
		}, event.StatusIOError, 4 * block},
		{"an unsynced write needs no fdatasync", write(false), buffered,
			[]want{{sys.OpWrite, 2 * block, 4 * block, 0, 4 * block, over}}, event.StatusOK, 4 * block},
		{"what was not begun is begun again", write(true), fast, []want{
			{sys.OpWrite, 2 * block, 4 * block, dsync, again, goesLate},
			{sys.OpWrite, 2 * block, 4 * block, dsync, -int32(unix.ECANCELED), goesLate},
			{sys.OpWrite, 2 * block, 4 * block, dsync, -int32(unix.EINTR), goesLate},
			{sys.OpWrite, 2 * block, 4 * block, dsync, 100, goesLate},
			{sys.OpWrite, 2 * block, 4 * block, dsync, 4 * block, over},
		}, event.StatusOK, 4 * block},
		{"an error in the middle", write(true), fast, []want{
			{sys.OpWrite, 2 * block, 4 * block, dsync, 2 * block, goesOn},
			{sys.OpWrite, 4 * block, 2 * block, dsync, -int32(unix.ENOSPC), over},
		}, event.StatusNoSpace, 4 * block},
		{"a read", read, fast, []want{{sys.OpRead, block, 4 * block, 0, 4 * block, over}}, event.StatusOK, 4 * block},
		{"a read cut at a block goes on", read, fast, []want{
			{sys.OpRead, block, 4 * block, 0, 3 * block, goesOn},
			{sys.OpRead, 4 * block, block, 0, block, over},
		}, event.StatusOK, 4 * block},
		{"a read cut inside a block has met the end", read, fast,
			[]want{{sys.OpRead, block, 4 * block, 0, block + 100, over}}, event.StatusShort, block + 100},
		{"a read cut at the last whole block finds the end", read, fast, []want{
			{sys.OpRead, block, 4 * block, 0, 2 * block, goesOn},
			{sys.OpRead, 3 * block, 2 * block, 0, 0, over},
		}, event.StatusShort, 2 * block},
		{"a failed read has no bytes", read, fast, []want{
			{sys.OpRead, block, 4 * block, 0, block, goesOn},
			{sys.OpRead, 2 * block, 3 * block, 0, -int32(unix.EIO), over},
		}, event.StatusIOError, 0},
		{"a sync", event.Effect{Op: event.OpSyncFile}, fast, []want{{sys.OpFsync, 0, 0, 0, 0, over}}, event.StatusOK, 0},
		{"a failed sync", event.Effect{Op: event.OpSyncFile}, fast,
			[]want{{sys.OpFsync, 0, 0, 0, -int32(unix.EIO), over}}, event.StatusIOError, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.effect.IO = event.NewIOID(event.Shard0, 7)
			var o operation
			o.begin(waiter{c.effect, number(5), make([]byte, c.effect.Length)})
			var err error
			for i, w := range c.orders {
				var e sys.SQE
				o.order(&e, c.mode)
				if e.FD != 5 || e.Opcode != w.op || e.Off != w.offset || int(e.Len) != w.length || e.OpFlags != w.flags {
					t.Errorf("order %d is %+v, want %+v", i, e, w)
				}
				if moves := w.op != sys.OpFsync; moves && (e.Flags&sys.Async != 0) != !c.mode.Direct {
					t.Errorf("order %d has flags %#x", i, e.Flags)
				}
				var then next
				if then, err = o.advance(w.result, c.mode); then != w.then || err != nil && i < len(c.orders)-1 {
					t.Fatalf("after order %d: %d, %v; want %d", i, then, err, w.then)
				}
			}
			ev := o.event(err, statusOf)
			if ev.Kind != event.KindIODone || ev.To != event.Shard0 || ev.IO != c.effect.IO || ev.Status != c.status || ev.N != c.n {
				t.Errorf("completion %s, want %s with %d bytes", &ev, c.status, c.n)
			}
			if c.effect.Op == event.OpReadFile && int64(len(ev.Data)) != c.n {
				t.Errorf("%d bytes came, want %d", len(ev.Data), c.n)
			}
			if o.end(); o.handle != nil || o.data != nil {
				t.Error("the place is not empty")
			}
		})
	}
}

// A kernel that never moves anything gets an end.
func TestOperation_IsNotOfferedForEver(t *testing.T) {
	for answer, status := range map[int32]event.Status{
		0: event.StatusIOError, 100: event.StatusIOError, -int32(unix.EAGAIN): event.StatusIOError, -int32(unix.EINTR): event.StatusIOError,
	} {
		var o operation
		o.begin(waiter{write(true), number(5), make([]byte, 4*block)})
		attempts := 0
		for {
			attempts++
			then, err := o.advance(answer, Mode{Direct: true, DSync: true})
			if then == over {
				if got := statusOf(err); got != status {
					t.Errorf("answer %d ends in %s, want %s", answer, got, status)
				}
				break
			}
			if attempts > 10*againAtMost {
				t.Fatalf("answer %d: %d attempts", answer, attempts)
			}
		}
		o.end()
	}
}

func statusOf(err error) event.Status {
	switch {
	case err == nil:
		return event.StatusOK
	case errors.Is(err, unix.ENOSPC):
		return event.StatusNoSpace
	}
	return event.StatusIOError
}
