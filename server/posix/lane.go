package posix

import (
	"slices"
	"sync"

	"github.com/highwater-log/highwater/core/event"
)

// lane is a queue of effects that a few workers empty. It has no bound of its own: the core bounds what it has in
// flight.
type lane struct {
	mu     sync.Mutex
	work   sync.Cond
	queue  []event.Effect // queue[first:] waits
	first  int
	closed bool
}

func newLane() *lane {
	l := &lane{}
	l.work.L = &l.mu
	return l
}

func (l *lane) push(e *event.Effect) {
	l.mu.Lock()
	if l.first > len(l.queue)/2 {
		left := copy(l.queue, l.queue[l.first:]) // amortized: at least as many were popped as move
		clear(l.queue[left:])
		l.queue, l.first = l.queue[:left], 0
	}
	l.queue = append(l.queue, *e)
	l.mu.Unlock()
	l.work.Signal()
}

// pop waits for an effect. It reports false when the lane is closed and empty.
func (l *lane) pop() (event.Effect, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.first == len(l.queue) {
		if l.closed {
			return event.Effect{}, false
		}
		l.work.Wait()
	}
	e := l.queue[l.first]
	l.queue[l.first] = event.Effect{} // its Data belongs to the worker alone now
	l.first++
	return e, true
}

// popAll waits for effects and takes all that wait. There are none when the lane is closed and empty.
func (l *lane) popAll() []event.Effect {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.first == len(l.queue) {
		if l.closed {
			return nil
		}
		l.work.Wait()
	}
	all := slices.Clone(l.queue[l.first:])
	clear(l.queue)
	l.queue, l.first = l.queue[:0], 0
	return all
}

func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.work.Broadcast()
}
