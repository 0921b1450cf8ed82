package world

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

// kind is what is due.
type kind uint8

const (
	dueClient  kind = iota + 1 // a deadline of client a
	dueDial                    // the connection attempt b of client a reaches the node
	dueDialled                 // its answer reaches the client
	dueArrival                 // bytes, or an end, of a link
	dueIO                      // completion of operation b of life a
	dueTick                    // a deadline of cell b of life a
	dueTurn                    // cell b of life a works on its inbox
	dueHand                    // a message between two cells of life a arrives: b is from<<8 | to
	dueBoot                    // the node is started
	dueRoom                    // a full file system has room again
	dueResume                  // a process of life a that was paused goes on
)

// item is one thing that is due at a time. Equal times are put in an order by a drawn tie-break.
type item struct {
	at   event.Time
	tie  uint64
	id   uint64
	kind kind
	a, b uint64
	node *node
	link *link
}

func (x *item) before(y *item) bool {
	if x.at != y.at {
		return x.at < y.at
	}
	if x.tie != y.tie {
		return x.tie < y.tie
	}
	return x.id < y.id
}

// queue is a binary heap of items.
type queue struct{ items []item }

func (q *queue) len() int { return len(q.items) }

func (q *queue) push(x item) {
	q.items = append(q.items, x)
	i := len(q.items) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !x.before(&q.items[up]) {
			break
		}
		q.items[i] = q.items[up]
		i = up
	}
	q.items[i] = x
}

// hurry lets no item of a kind be due later than at.
func (q *queue) hurry(k kind, at event.Time) {
	for i := range q.items {
		if x := &q.items[i]; x.kind == k {
			x.at = min(x.at, at)
		}
	}
	slices.SortFunc(q.items, func(x, y item) int { // a sorted list is a heap
		if x.before(&y) {
			return -1
		}
		return 1
	})
}

func (q *queue) pop() item {
	last := len(q.items) - 1
	top, x := q.items[0], q.items[last]
	q.items[last] = item{}
	q.items = q.items[:last]
	i := 0
	for down := 1; down < last; down = 2*i + 1 {
		if down+1 < last && q.items[down+1].before(&q.items[down]) {
			down++
		}
		if !q.items[down].before(&x) {
			break
		}
		q.items[i] = q.items[down]
		i = down
	}
	if last > 0 {
		q.items[i] = x
	}
	return top
}
