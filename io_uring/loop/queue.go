package loop

import "github.com/highwater-log/highwater/core/event"

// waiter is an effect without a place yet.
type waiter struct {
	effect event.Effect
	handle Handle
	data   []byte // what is written, or where is read to
}

// queue is first in, first out. It has no bound of its own: the core bounds what it has in flight.
type queue struct {
	waiters []waiter // waiters[first:] wait
	first   int
}

func (q *queue) empty() bool { return q.first == len(q.waiters) }

func (q *queue) push(w waiter) {
	if q.first > len(q.waiters)/2 {
		left := copy(q.waiters, q.waiters[q.first:]) // amortized: at least as many were popped as move
		clear(q.waiters[left:])
		q.waiters, q.first = q.waiters[:left], 0
	}
	q.waiters = append(q.waiters, w)
}

func (q *queue) pop() waiter {
	w := q.waiters[q.first]
	q.waiters[q.first] = waiter{} // its memory belongs to the operation alone now
	q.first++
	return w
}
