package shard

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// TestLoop_CompletionsGoFirst has requests wait for more than one turn: a completion that comes in the middle does not wait for all
// of them, and has a turn of its own.
func TestLoop_CompletionsGoFirst(t *testing.T) {
	l := newLoop(nil, &submitted{})
	m := halting(func(ev *event.Event) bool { return ev.Kind == event.KindStop })
	step := m.step
	m.step = func(ev *event.Event, out *event.Buf) {
		if len(m.seen) == 3 { // Start, and two requests: the first turn of them goes on
			l.queue.push(event.Event{Kind: event.KindIODone})
		}
		step(ev, out)
	}
	l.machine = m
	for range 2 * turnAtMost {
		l.queue.push(event.Event{Kind: event.KindConnClosed})
	}
	l.queue.push(event.Event{Kind: event.KindStop})
	l.run()
	at := 1 + turnAtMost
	if ev := m.seen[at]; ev.Kind != event.KindIODone || ev.More || m.seen[at-1].More {
		t.Errorf("event %d is %s, more %t, and %t before it: want a completion alone in its turn", at, ev.Kind, ev.More, m.seen[at-1].More)
	}
	if n := len(m.seen); n != 2*turnAtMost+3 || m.seen[n-1].Kind != event.KindStop {
		t.Errorf("%d events, the last is %s", n, m.seen[n-1].Kind)
	}
}

// A queue wakes its loop for either lane, and for the first event only.
func TestQueue_WakesOncePerLane(t *testing.T) {
	q := newQueue()
	woken := func() bool {
		select {
		case <-q.wake:
			return true
		default:
			return false
		}
	}
	q.push(event.Event{Kind: event.KindIODone})
	q.push(event.Event{Kind: event.KindRequest})
	if !woken() || woken() || !q.waits() {
		t.Error("two events that wait: want one wake-up")
	}
	if got := q.completions(nil); len(got) != 1 || got[0].Kind != event.KindIODone {
		t.Errorf("completions are %v", got)
	}
	q.push(event.Event{Kind: event.KindIODone})
	if woken() {
		t.Error("the loop has not taken all yet, and is woken again")
	}
	if got := q.take(nil); len(got) != 1 || got[0].Kind != event.KindRequest || len(q.completions(nil)) != 1 || q.waits() {
		t.Errorf("the rest is %v", got)
	}
	q.push()
	q.push(event.Event{Kind: event.KindRequest})
	if !woken() {
		t.Error("an event in an empty queue wakes nobody")
	}
}
