package loop

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/io_uring/sys"
	"golang.org/x/sys/unix"
)

// operations are what the kernel must have.
var operations = []uint8{sys.OpFsync, sys.OpRead, sys.OpWrite}

const (
	// againAtMost bounds how often one operation is offered again without having moved.
	againAtMost = 100
	// orderAtMost bounds the bytes of one order: the kernel's own bound for one call, in whole blocks.
	orderAtMost = math.MaxInt32 / event.BlockSize * event.BlockSize
)

// operation is an effect in its place. The zero value is a free place.
type operation struct {
	effect event.Effect
	handle Handle // nil in a free place
	data   []byte // what is written, or where is read to
	moved  int    // bytes of it that were
	synced bool   // all is written, and the order in flight is the fdatasync that makes it durable
	again  int    // attempts in a row that moved nothing
	pins   runtime.Pinner
}

// begin takes the place for w.
func (o *operation) begin(w waiter) {
	o.effect, o.handle, o.data = w.effect, w.handle, w.data
	if len(o.data) > 0 {
		o.pins.Pin(unsafe.SliceData(o.data)) // the kernel knows only the address
	}
}

// end frees the place.
func (o *operation) end() {
	o.pins.Unpin()
	*o = operation{}
}

// order fills in the next order of the operation.
func (o *operation) order(e *sys.SQE, m Mode) {
	e.FD = int32(o.handle.Descriptor())
	switch {
	case o.effect.Op == event.OpSyncFile:
		e.Opcode = sys.OpFsync
		return
	case o.synced:
		e.Opcode, e.OpFlags = sys.OpFsync, sys.FsyncDatasync
		return
	case o.effect.Op == event.OpReadFile:
		e.Opcode = sys.OpRead
	default:
		e.Opcode = sys.OpWrite
		if o.effect.Durable && m.DSync {
			e.OpFlags = unix.RWF_DSYNC
		}
	}
	if !m.Direct {
		e.Flags = sys.Async // the copy is made by a thread of the kernel, not inside of Flush
	}
	left := o.data[o.moved:]
	e.Addr = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(left))))
	e.Len = uint32(min(len(left), orderAtMost))
	e.Off = uint64(o.effect.Offset) + uint64(o.moved)
}

// next is what becomes of an operation after a completion.
type next uint8

const (
	over     next = iota // it is complete
	goesOn               // it has another order, at once
	goesLate             // it has another order, after a pause
)

// advance takes the result of the order in flight, and says what comes next. An error ends the operation.
func (o *operation) advance(result int32, m Mode) (next, error) {
	if result < 0 {
		switch err := unix.Errno(-result); err {
		case unix.EINTR, unix.EAGAIN, unix.ECANCELED:
			return o.once(goesLate, err)
		default:
			return over, o.failed(err)
		}
	}
	switch {
	case o.effect.Op == event.OpSyncFile || o.synced:
		return over, nil
	case o.effect.Op == event.OpReadFile:
		return o.read(int(result)), nil
	}
	return o.wrote(int(result), m)
}

func (o *operation) read(n int) next {
	o.moved += n
	// A read that ends inside a block met the end: a direct read could not go on from there.
	if n == 0 || n%event.BlockSize != 0 || o.moved == len(o.data) {
		return over
	}
	return goesOn
}

func (o *operation) wrote(n int, m Mode) (next, error) {
	// A direct write must go on at a block: what lies behind the last whole one is written again.
	if o.moved+n < len(o.data) {
		n -= n % event.BlockSize
	}
	o.moved += n
	switch {
	case n == 0:
		return o.once(goesLate, unix.EIO)
	case o.moved < len(o.data):
		o.again = 0
		return goesOn, nil
	case o.effect.Durable && !m.DSync:
		o.synced, o.again = true, 0
		return goesOn, nil
	}
	return over, nil
}

// once lets the operation be offered again, unless that was done too often.
func (o *operation) once(how next, err unix.Errno) (next, error) {
	if o.again++; o.again > againAtMost {
		return over, o.failed(err)
	}
	return how, nil
}

func (o *operation) failed(err unix.Errno) error {
	switch o.effect.Op {
	case event.OpReadFile:
		return fmt.Errorf("read: %w", err)
	case event.OpWriteFile:
		return fmt.Errorf("write: %w", err)
	}
	return fmt.Errorf("sync: %w", err)
}

// event is the completion of the operation, which ended with err.
func (o *operation) event(err error, status func(error) event.Status) event.Event {
	io := o.effect.IO
	ev := event.Event{Kind: event.KindIODone, To: io.Machine(), IO: io, Status: status(err)}
	switch o.effect.Op {
	case event.OpWriteFile:
		ev.N = o.effect.Length
	case event.OpReadFile:
		if err != nil {
			break
		}
		ev.N, ev.Data = int64(o.moved), o.data[:o.moved]
		if o.moved < len(o.data) {
			ev.Status = event.StatusShort
		}
	}
	return ev
}
