package ring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/highwater-log/highwater/io_uring/sys"
	"golang.org/x/sys/unix"
)

// Wait parks the goroutine until something has completed since the last Wait, or Wake was called. What it announces may
// have been reaped already.
func (r *Ring) Wait() error {
	var count [8]byte
	if _, err := r.signal.Read(count[:]); err != nil {
		return fmt.Errorf("wait for completions: %w", err)
	}
	return nil
}

// Wake makes Wait return. It may be called by any goroutine.
func (r *Ring) Wake() error {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	for {
		switch _, err := unix.Write(r.bell, one[:]); err {
		case nil, unix.EAGAIN: // the counter is at its end, which wakes as well
			return nil
		case unix.EINTR:
		default:
			return fmt.Errorf("wake who waits for completions: %w", err)
		}
	}
}

// Reap hands out every outcome that is there, and returns how many.
func (r *Ring) Reap(each func(userData uint64, result int32)) (reaped int, err error) {
	for {
		tail := atomic.LoadUint32(r.cqTail)
		for ; r.reaped != tail; r.reaped++ {
			e := &r.cqes[r.reaped&r.cqMask]
			each(e.UserData, e.Res)
			reaped++
		}
		atomic.StoreUint32(r.cqHead, tail)
		if atomic.LoadUint32(r.sqFlags)&sys.FlagCQOverflow == 0 {
			return reaped, nil
		}
		// Completions wait outside. There is room for them now; the call moves them in.
		_, err := sys.Enter(r.fd, 0, 0, sys.EnterGetEvents)
		if err != nil && !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EBUSY) {
			return reaped, fmt.Errorf("fetch completions: %w", err)
		}
	}
}
