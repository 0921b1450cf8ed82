package loop

import (
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// outcome is an operation that has left its place and is still to be told.
type outcome struct {
	ev     event.Event
	handle Handle
	effect event.Effect // for the log, and only if err is set
	err    error
}

// reap tells completions until the loop is closed.
func (l *Loop) reap() {
	var told []outcome
	for {
		if err := l.ring.Wait(); err != nil {
			invariant.Violated("IO-1: completions cannot be seen: %s", err)
		}
		for {
			l.mu.Lock()
			l.gone(len(told))
			if l.stopping {
				l.mu.Unlock()
				return
			}
			told = l.collect(told)
			l.mu.Unlock()
			if len(told) == 0 {
				break
			}
			for i := range told {
				l.tell(&told[i])
			}
		}
	}
}

// collect takes what has completed, keeps going what has more to do, and lets in what waited. The memory of spare is used
// for the next ones. mu is held.
func (l *Loop) collect(spare []outcome) []outcome {
	clear(spare)
	l.finished = l.finished[:0]
	if _, err := l.ring.Reap(l.completed); err != nil {
		invariant.Violated("IO-1: completions cannot be fetched: %s", err)
	}
	l.admit()
	l.flush()
	told := l.finished
	l.finished = spare
	return told
}

// completed takes the result of the order of a place. mu is held.
func (l *Loop) completed(place uint64, result int32) {
	if place >= uint64(len(l.places)) || l.places[place].handle == nil {
		invariant.Violated("UL-2: completion of place %d, in which nothing is in flight", place)
	}
	at := uint32(place)
	op := &l.places[at]
	how, err := op.advance(result, l.c.Mode)
	switch {
	case how == over:
		o := outcome{ev: op.event(err, l.c.Status), handle: op.handle, err: err}
		if err != nil {
			o.effect = op.effect
		}
		l.finished = append(l.finished, o)
		op.end()
		l.free = append(l.free, at)
	case l.broken:
		l.surrender(at)
	case how == goesOn:
		l.order(at)
	default:
		time.AfterFunc(time.Duration(op.again)*pauseStep, func() { l.again(at) })
	}
}

// pauseStep is by how much each pause is longer than the one before.
const pauseStep = 100 * time.Microsecond

// again offers the operation in a place once more.
func (l *Loop) again(at uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		l.surrender(at)
		return
	}
	l.order(at)
	l.flush()
}

// tell gives the descriptor back and the completion out.
func (l *Loop) tell(o *outcome) {
	l.c.Files.Release(o.handle)
	if o.ev.Status == event.StatusIOError || o.ev.Status == event.StatusNoSpace {
		l.c.Log.Error("disk operation failed", "operation", o.effect.String(), "status", o.ev.Status.String(), "error", o.err)
	}
	l.c.Done(o.ev)
}
