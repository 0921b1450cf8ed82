package replica

import "github.com/highwater-log/highwater/core/event"

// trail remembers when the leader's log grew past which offset, as far back as the in-sync window: enough to tell since
// when a follower with a given flushed end has been behind. Marks closer than a sixteenth of the window are merged, so
// it stays small whatever the rate of appends; the answer may be early by that much.
type trail struct{ marks []mark }

// mark says that the log end reached end at the time at, or a little later.
type mark struct {
	at  event.Time
	end int64
}

// grew records that the log end is end as of now.
func (t *trail) grew(now event.Time, end int64, window event.Time) {
	if n := len(t.marks); n > 0 && now-t.marks[n-1].at < window/16 {
		t.marks[n-1].end = end
		return
	}
	// Of the marks that are older than the window the last one is enough: whoever is behind it is out of sync.
	old := 0
	for old+1 < len(t.marks) && now-t.marks[old+1].at > window {
		old++
	}
	t.marks = append(t.marks[:0], t.marks[old:]...)
	t.marks = append(t.marks, mark{at: now, end: end})
}

// behindSince tells since when a follower with this flushed end has been behind; Never if it is not.
func (t *trail) behindSince(flushed int64) event.Time {
	for _, m := range t.marks {
		if m.end > flushed {
			return m.at
		}
	}
	return event.Never
}

// reset forgets everything, and keeps the memory.
func (t *trail) reset() { t.marks = t.marks[:0] }
