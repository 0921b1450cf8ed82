package shard

import (
	"sync"

	"github.com/highwater-log/highwater/core/event"
)

// queue hands events from many goroutines to the loop. Whole batches change hands by swapping slices; the loop is woken
// once, however many were pushed meanwhile. It is bounded by what connections and disk may have in flight.
type queue struct {
	mu     sync.Mutex
	events []event.Event
	wake   chan struct{}
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) push(events ...event.Event) {
	q.mu.Lock()
	first := len(q.events) == 0
	q.events = append(q.events, events...)
	q.mu.Unlock()
	if !first {
		return // who pushed the first has woken the loop, and it has not come yet
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns what was pushed since the last take, and keeps the memory of spare for what comes.
func (q *queue) take(spare []event.Event) []event.Event {
	clear(spare) // their bytes belong to the broker or to nobody
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = spare[:0]
	return events
}
