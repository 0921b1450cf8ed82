package ring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/highwater-log/highwater/io_uring/sys"
	"golang.org/x/sys/unix"
)

// Wait parks the goroutine until an outcome is there or Wake was called.
//
// The eventfd is never read: the netpoller is told of every count, not only of the first one, and the look at the ring comes
// after it began to listen. So a completion is either seen by the look or announced behind it, and no call is spent on it.
func (r *Ring) Wait() error {
	if err := r.poll.Read(r.look); err != nil {
		return fmt.Errorf("wait for completions: %w", err)
	}
	return nil
}

// something reports whether there is a reason not to wait. The overflow flag is one: Reap fetches what it stands for.
func (r *Ring) something(uintptr) bool {
	return atomic.LoadUint32(r.cqTail) != r.reaped.Load() || atomic.LoadUint32(r.sqFlags)&sys.FlagCQOverflow != 0 || r.awake.Swap(false)
}

// Wake makes Wait return. It may be called by any goroutine.
func (r *Ring) Wake() error {
	r.awake.Store(true)
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

// Reap hands out every outcome that is there, and returns how many. It does not wait, and costs nothing where there is none. Whoever
// calls it sees to it that nobody else does.
func (r *Ring) Reap(each func(userData uint64, result int32)) (reaped int, err error) {
	for {
		tail, head := atomic.LoadUint32(r.cqTail), r.reaped.Load()
		for at := head; at != tail; at++ {
			e := &r.cqes[at&r.cqMask]
			each(e.UserData, e.Res)
			reaped++
		}
		if head != tail {
			r.reaped.Store(tail)
			atomic.StoreUint32(r.cqHead, tail)
		}
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
