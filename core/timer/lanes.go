package timer

import (
	"sort"

	"github.com/highwater-log/highwater/core/event"
)

// mostLanes bounds the waits that have a lane of their own.
const mostLanes = 8

// Lanes holds the deadlines of very many things that nearly all end long before, and that mostly wait equally long: clients
// have few timeouts. Things of one wait stand in one lane in the order in which they came, which is the order of their
// deadlines; who is no longer waiting is passed over when he comes to the front. So a thing costs no more than its place in a
// list, and nothing is looked up. The zero value is empty but for Waits, which must be set.
//
//	wait 30s  [ gone ][ gone ][ 12.1s ][ gone ][ 12.2s ] <- Set
//	wait  1s  [  3.4s ][  3.5s ]                          Next = 3.4s
//	others    a Heap, for those who come with a ninth wait
type Lanes[T any] struct {
	Waits  func(T) bool // says whether a thing still waits
	lanes  []lane[T]
	others Heap
	keyed  map[uint64]T // those in others
	key    uint64
}

type lane[T any] struct {
	wait event.Time
	list []laneItem[T]
	head int
}

type laneItem[T any] struct {
	at    event.Time
	thing T
}

// Set has thing come out at the deadline at, which is that of a wait begun about now, unless it no longer waits then. Never is
// no deadline. A key that is not 0 is to be given to Cancel when thing stops waiting.
func (l *Lanes[T]) Set(thing T, wait, at event.Time) (key uint64) {
	if at == event.Never {
		return 0
	}
	for i := range l.lanes {
		if l.lanes[i].wait == wait {
			l.lanes[i].add(at, thing)
			return 0
		}
	}
	if len(l.lanes) < mostLanes {
		l.lanes = append(l.lanes, lane[T]{wait: wait})
		l.lanes[len(l.lanes)-1].add(at, thing)
		return 0
	}
	if l.keyed == nil {
		l.keyed = make(map[uint64]T)
	}
	l.key++
	l.keyed[l.key] = thing
	l.others.Set(l.key, at)
	return l.key
}

// Cancel takes out what Set gave a key for.
func (l *Lanes[T]) Cancel(key uint64) {
	if key != 0 {
		delete(l.keyed, key)
		l.others.Cancel(key)
	}
}

// add puts a thing behind those with the same or an earlier deadline.
func (l *lane[T]) add(at event.Time, thing T) {
	if l.head > 64 && l.head > len(l.list)/2 {
		n := copy(l.list, l.list[l.head:])
		clear(l.list[n:])
		l.list, l.head = l.list[:n], 0
	}
	l.list = append(l.list, laneItem[T]{at, thing})
	n := len(l.list) - 1
	if n == l.head || l.list[n-1].at <= at {
		return
	}
	// It comes from elsewhere, where the clock was read earlier: behind it are those of a turn or two.
	waiting := l.list[l.head:n]
	i := l.head + sort.Search(len(waiting), func(i int) bool { return waiting[i].at > at })
	copy(l.list[i+1:], l.list[i:n])
	l.list[i] = laneItem[T]{at, thing}
}

// first is the earliest deadline of a lane of which the thing still waits, Never for none.
func (l *Lanes[T]) first(i int) event.Time {
	x := &l.lanes[i]
	for x.head < len(x.list) {
		if l.Waits(x.list[x.head].thing) {
			return x.list[x.head].at
		}
		x.list[x.head] = laneItem[T]{}
		x.head++
	}
	x.list, x.head = x.list[:0], 0
	return event.Never
}

// Next is the earliest deadline of something that still waits, Never for none.
func (l *Lanes[T]) Next() event.Time {
	next := l.others.Next()
	for i := range l.lanes {
		next = min(next, l.first(i))
	}
	return next
}

// Pop takes out a thing that is due at now: by deadline, then by lane.
func (l *Lanes[T]) Pop(now event.Time) (thing T, ok bool) {
	best, at := -1, event.Never
	for i := range l.lanes {
		if first := l.first(i); first < at {
			best, at = i, first
		}
	}
	if l.others.Next() < at {
		key, due := l.others.Pop(now)
		thing = l.keyed[key]
		delete(l.keyed, key)
		return thing, due
	}
	if best < 0 || at > now {
		return thing, false
	}
	x := &l.lanes[best]
	thing = x.list[x.head].thing
	x.list[x.head] = laneItem[T]{}
	x.head++
	return thing, true
}
