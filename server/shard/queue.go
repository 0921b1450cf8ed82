package shard

import (
	"sync"

	"github.com/highwater-log/highwater/core/event"
)

// queue hands events from many goroutines to the loop. Whole batches change hands by swapping slices; the loop is woken
// once, however many were pushed meanwhile. It is bounded by what connections and disk may have in flight.
//
// Completions of the disk have a lane of their own: what they acknowledge and what they let begin should not wait behind requests
// that are only at their beginning.
type queue struct {
	mu     sync.Mutex
	done   []event.Event // completions
	events []event.Event // all else
	wake   chan struct{}
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// push puts events of one lane behind those that wait there.
func (q *queue) push(events ...event.Event) {
	q.mu.Lock()
	first := len(q.events)+len(q.done) == 0
	if len(events) > 0 && events[0].Kind == event.KindIODone {
		q.done = append(q.done, events...)
	} else {
		q.events = append(q.events, events...)
	}
	q.mu.Unlock()
	if !first {
		return // who pushed the first has woken the loop, and it has not come yet
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// waits reports whether something waits.
func (q *queue) waits() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.events)+len(q.done) > 0
}

// take returns what was pushed since the last take, but completions, and keeps the memory of spare for what comes.
func (q *queue) take(spare []event.Event) []event.Event { return q.swap(&q.events, spare) }

// completions is take for completions.
func (q *queue) completions(spare []event.Event) []event.Event { return q.swap(&q.done, spare) }

func (q *queue) swap(lane *[]event.Event, spare []event.Event) []event.Event {
	clear(spare) // their bytes belong to the broker or to nobody
	q.mu.Lock()
	defer q.mu.Unlock()
	events := *lane
	*lane = spare[:0]
	return events
}
