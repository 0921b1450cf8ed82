package ring

import (
	"sync/atomic"

	"github.com/highwater-log/highwater/io_uring/sys"
)

// Push returns the next free place, emptied, or nil if as many orders as the ring has places wait for Submit.
func (r *Ring) Push() *sys.SQE {
	if r.Pending() == len(r.sqes) {
		return nil
	}
	e := &r.sqes[r.pushed&r.sqMask]
	*e = sys.SQE{}
	r.pushed++
	return e
}

// Pending counts the orders that were pushed and that the kernel has not taken.
func (r *Ring) Pending() int { return int(r.pushed - atomic.LoadUint32(r.sqHead)) }

// Submit hands the kernel what is pending, in one system call, and tells how many orders it took: it may take fewer. It
// does not wait for any of them. EAGAIN and EBUSY ask for another attempt, after completions were reaped.
func (r *Ring) Submit() (taken int, err error) {
	atomic.StoreUint32(r.sqTail, r.pushed)
	return sys.Enter(r.fd, uint32(r.Pending()), 0, 0)
}

// TakeBack withdraws what is pending, oldest first: the kernel reads orders inside of Submit only.
func (r *Ring) TakeBack(each func(userData uint64)) {
	head := atomic.LoadUint32(r.sqHead)
	for at := head; at != r.pushed; at++ {
		each(r.sqes[at&r.sqMask].UserData)
	}
	r.pushed = head
	atomic.StoreUint32(r.sqTail, head)
}
