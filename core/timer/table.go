package timer

import (
	"iter"

	"github.com/highwater-log/highwater/core/event"
)

// ID names one timer of an owner: a small number from the owner's own enumeration, from 0.
type ID uint8

// Table holds the deadlines of one owner, one per id. The zero value has none set.
type Table struct{ at []event.Time }

// Set arms the timer id for the time at, in place of what it was armed for.
func (t *Table) Set(id ID, at event.Time) {
	for len(t.at) <= int(id) {
		t.at = append(t.at, event.Never)
	}
	t.at[id] = at
}

// SetEarlier arms the timer id for the time at unless it is due before.
func (t *Table) SetEarlier(id ID, at event.Time) { t.Set(id, min(at, t.At(id))) }

// Clear disarms the timer id.
func (t *Table) Clear(id ID) {
	if int(id) < len(t.at) {
		t.at[id] = event.Never
	}
}

// At is when the timer id is due, Never if it is not armed.
func (t *Table) At(id ID) event.Time {
	if int(id) >= len(t.at) {
		return event.Never
	}
	return t.at[id]
}

// Next is when the first timer is due, Never if none is armed.
func (t *Table) Next() event.Time {
	next := event.Never
	for _, at := range t.at {
		next = min(next, at)
	}
	return next
}

// Due yields the timers that are due at now, by deadline and then by id, each cleared before it is yielded, so that the
// body may arm it again. Deadlines never go back within one Due: a timer that the body arms at or before the one at
// hand waits for the next call, and Next tells of it. So a loop that re-arms in the past still ends.
func (t *Table) Due(now event.Time) iter.Seq[ID] {
	return func(yield func(ID) bool) {
		first := true
		var last event.Time
		var lastID int
		for {
			id := -1
			for i, at := range t.at {
				done := !first && (at < last || at == last && i <= lastID)
				if at > now || at == event.Never || done || id >= 0 && t.at[id] <= at {
					continue
				}
				id = i
			}
			if id < 0 {
				return
			}
			first, last, lastID = false, t.at[id], id
			t.at[id] = event.Never
			if !yield(ID(id)) {
				return
			}
		}
	}
}
