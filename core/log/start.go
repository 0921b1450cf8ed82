package log

import (
	"slices"

	"github.com/highwater-log/highwater/core/invariant"
)

// Advance moves the log start up to start, and returns the bases of the segments that hold nothing any more. A start that
// is no news changes nothing: the log start never moves back.
func (l *Log) Advance(start int64) (gone []int64) {
	if start <= l.start {
		return nil
	}
	if start > l.flushed {
		invariant.Violated("L-1: log start to %d, flushed is %d", start, l.flushed)
	}
	l.start = start
	l.advanceEpochs(start)
	return l.Shed()
}

// Shed drops the segments that lie wholly below the log start, and returns their bases. The active one stays: it goes once
// it was rolled.
func (l *Log) Shed() (gone []int64) {
	n := 0
	for n < len(l.segments)-1 && l.segments[n].End <= l.start {
		gone = append(gone, l.segments[n].Base)
		n++
	}
	if n > 0 {
		l.segments = slices.Clone(l.segments[n:])
	}
	return gone
}
