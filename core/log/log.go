package log

import (
	"slices"
	"sort"

	"github.com/highwater-log/highwater/core/invariant"
)

// Log is the bookkeeping of one partition's log.
type Log struct {
	settings   Settings
	start      int64
	flushed    int64
	end        int64
	generation int64
	segments   []Segment
	epochs     []EpochEntry
}

// New is the empty log whose first offset will be base.
func New(settings Settings, base int64) *Log {
	return &Log{
		settings: settings, start: base, flushed: base, end: base,
		segments: []Segment{empty(base)},
	}
}

// empty is a segment that begins at base and holds nothing.
func empty(base int64) Segment {
	return Segment{Base: base, End: base, MaxTimestamp: -1, First: -1, Idle: -1, idleAt: -1}
}

// Clone is a log of the same content: what happens to one does not happen to the other.
func (l *Log) Clone() *Log {
	c := *l
	c.segments, c.epochs = slices.Clone(l.segments), slices.Clone(l.epochs)
	return &c
}

// Start is the first offset that exists.
func (l *Log) Start() int64 { return l.start }

// Flushed is the end of what is durable: every offset below it survives a power cut.
func (l *Log) Flushed() int64 { return l.flushed }

// End is the offset that the next record gets.
func (l *Log) End() int64 { return l.end }

// Generation counts truncations. What was learned about a log before one is not to be used after it.
func (l *Log) Generation() int64 { return l.generation }

// SetSegments changes the size in bytes and the age in milliseconds at which the log is rolled; it concerns later appends
// only.
func (l *Log) SetSegments(size, age int64) { l.settings.SegmentBytes, l.settings.SegmentMs = size, age }

// Segments are the log's segments in offset order, the active one last. The slice is the log's own: do not change it.
func (l *Log) Segments() []Segment { return l.segments }

// Active is the segment that takes appends.
func (l *Log) Active() *Segment { return &l.segments[len(l.segments)-1] }

// NeedsRoll reports whether a batch of size bytes, with that largest timestamp (-1 for none), must begin a new segment. A
// batch larger than a segment gets one alone. Age is told by the records, from the first batch of the segment on, so that
// a log rolls alike wherever and whenever it is written.
func (l *Log) NeedsRoll(size, maxTimestamp int64) bool {
	a := l.Active()
	if a.Size == 0 {
		return false
	}
	old := l.settings.SegmentMs > 0 && a.First >= 0 && maxTimestamp-a.First > l.settings.SegmentMs
	return old || a.Size+size > l.settings.SegmentBytes
}

// Roll seals the active segment and begins another at the log's end.
func (l *Log) Roll() {
	if a := l.Active(); a.Base == l.end {
		invariant.Violated("L-6: roll of the empty segment %d", a.Base)
	}
	l.segments = append(l.segments, empty(l.end))
}

// Gap begins a segment at base although the offsets from the end to base are not there: recovery keeps what follows a
// damaged range, so that it can be repaired. base is above the end.
func (l *Log) Gap(base int64) {
	if base <= l.end {
		invariant.Violated("L-6: gap to %d at log end %d", base, l.end)
	}
	if l.Active().Size == 0 {
		l.segments = l.segments[:len(l.segments)-1]
	}
	l.segments = append(l.segments, empty(base))
	l.end = base
}

// Append takes the batch [base, next) of size bytes, written by the leader of epoch. maxTimestamp is the batch's, -1 for
// none. The batch lies at the active segment's size before the call.
func (l *Log) Append(base, next, size int64, epoch int32, maxTimestamp int64) {
	if base != l.end || next <= base || size <= 0 {
		invariant.Violated("L-2: append of [%d, %d), %d bytes, at log end %d", base, next, size, l.end)
	}
	l.Assign(epoch, base)
	a := l.Active()
	a.Index.add(base, a.Size, a.MaxTimestamp, l.settings.IndexInterval)
	if a.Size == 0 {
		a.First = maxTimestamp
	}
	a.Size += size
	a.End = next
	a.MaxTimestamp = max(a.MaxTimestamp, maxTimestamp)
	l.end = next
}

// Flush says that everything below to is durable.
func (l *Log) Flush(to int64) {
	if to < l.flushed {
		invariant.Violated("L-4: flushed end back from %d to %d", l.flushed, to)
	}
	if to > l.end {
		invariant.Violated("L-1: flushed end %d above log end %d", to, l.end)
	}
	l.flushed = to
}

// Find is the index of the segment that holds offset, or the last one that begins before it.
func (l *Log) Find(offset int64) int {
	n := sort.Search(len(l.segments), func(i int) bool { return l.segments[i].Base > offset })
	return max(n-1, 0)
}

// Locate finds the segment that holds offset, as an index of Segments, and a byte position in it at or before the batch
// with that offset, where a batch begins.
func (l *Log) Locate(offset int64) (segment int, pos int64) {
	segment = l.Find(offset)
	return segment, l.segments[segment].Index.floor(offset)
}

// LocateTime finds a byte position in the segment of the given index before which every timestamp is below ts, where a
// batch begins.
func (l *Log) LocateTime(segment int, ts int64) (pos int64) {
	return l.segments[segment].Index.floorTime(ts)
}

// BytesBetween estimates the bytes of the batches of [from, to) from below. It is positive whenever from < to, within
// the log.
func (l *Log) BytesBetween(from, to int64) int64 {
	from, to = max(from, l.start), min(to, l.end)
	if from >= to {
		return 0
	}
	n := int64(0)
	first, last := l.Find(from), l.Find(to)
	for i := first; i <= last; i++ {
		s := &l.segments[i]
		low, high := int64(0), s.Size
		if i == first && from > s.Base {
			if low = s.Index.ceiling(from); low < 0 {
				low = s.Size
			}
		}
		if to < s.End {
			high = s.Index.floor(to)
		}
		n += max(high-low, 0)
	}
	return max(n, 1)
}

// Truncate cuts the log to the offset to and bumps the generation. size is what remains of the segment that holds to, in
// bytes. Epochs that begin at or behind to go even where no record does. It returns the bases of the segments that are
// gone; the segment that holds to stays, though perhaps empty.
func (l *Log) Truncate(to, size int64) (gone []int64) {
	if to < l.start {
		invariant.Violated("L-5: truncation to %d below log start %d", to, l.start)
	}
	l.generation++
	l.trimEpochs(to)
	if to >= l.end {
		return nil
	}
	n := l.Find(to)
	for _, s := range l.segments[n+1:] {
		gone = append(gone, s.Base)
	}
	l.segments = slices.Clip(l.segments[:n+1])
	s := &l.segments[n]
	s.End, s.Size = min(to, s.End), size
	s.Index.cut(size)
	if s.End == s.Base {
		s.MaxTimestamp, s.First = -1, -1
	}
	l.end = to
	l.flushed = min(l.flushed, to)
	return gone
}

// Resolve corrects the books of the segment base, where a truncation had to guess its size from below.
func (l *Log) Resolve(base, size, maxTimestamp int64, x Index) {
	if n := l.Find(base); l.segments[n].Base == base {
		s := &l.segments[n]
		s.Size, s.MaxTimestamp, s.Index = size, maxTimestamp, x
	}
}

// KnowIndex gives the log the part of segment base's index that it lacked: x is known as far as the log's own begins.
func (l *Log) KnowIndex(base int64, x Index) {
	n := l.Find(base)
	s := &l.segments[n]
	if s.Base != base || s.Index.From == 0 {
		return
	}
	known := s.Index
	x.cut(known.From)
	s.Index = Index{Entries: append(x.Entries, known.Entries...)}
}
