package log

import "sort"

// IndexEntry says that the batch at byte Pos of a segment has the base offset Offset, and that no batch before it has a
// timestamp above MaxTimestamp (-1 where none has one).
type IndexEntry struct {
	Offset       int64
	Pos          int64
	MaxTimestamp int64
}

// Index is the sparse index of one segment, from byte From on. It is a hint: a lookup gives a floor from which batches
// are walked. Entries below From are not known until the segment was scanned, or its index file read.
type Index struct {
	Entries []IndexEntry
	From    int64
}

// add notes a batch at pos, if the last entry is at least interval bytes behind. before is the largest timestamp of the
// batches in front of it.
func (x *Index) add(offset, pos, before, interval int64) {
	last := x.From
	if n := len(x.Entries); n > 0 {
		last = x.Entries[n-1].Pos
	}
	if pos-last >= interval {
		x.Entries = append(x.Entries, IndexEntry{Offset: offset, Pos: pos, MaxTimestamp: before})
	}
}

// cut drops what lies at or behind pos.
func (x *Index) cut(pos int64) {
	n := sort.Search(len(x.Entries), func(i int) bool { return x.Entries[i].Pos >= pos })
	x.Entries = x.Entries[:n:n]
	x.From = min(x.From, pos)
}

// floor is the position of the last entry at or below offset, or 0.
func (x *Index) floor(offset int64) int64 {
	n := sort.Search(len(x.Entries), func(i int) bool { return x.Entries[i].Offset > offset })
	if n == 0 {
		return 0
	}
	return x.Entries[n-1].Pos
}

// floorTime is the position of the last entry before which every timestamp is below ts, or 0.
func (x *Index) floorTime(ts int64) int64 {
	n := sort.Search(len(x.Entries), func(i int) bool { return x.Entries[i].MaxTimestamp >= ts })
	if n == 0 {
		return 0
	}
	return x.Entries[n-1].Pos
}

// ceiling is the position of the first entry at or above offset, or -1.
func (x *Index) ceiling(offset int64) int64 {
	n := sort.Search(len(x.Entries), func(i int) bool { return x.Entries[i].Offset >= offset })
	if n == len(x.Entries) {
		return -1
	}
	return x.Entries[n].Pos
}

// Below is the segment as it was when it ended at byte pos or before: where the last batch begins there that the index
// knows, if pos is not its end.
func (s *Segment) Below(pos int64) Segment {
	part := *s
	if pos >= s.Size {
		return part
	}
	n := sort.Search(len(s.Index.Entries), func(i int) bool { return s.Index.Entries[i].Pos > pos })
	if n == 0 {
		return empty(s.Base)
	}
	last := s.Index.Entries[n-1]
	part.End, part.Size, part.Index.Entries = last.Offset, last.Pos, s.Index.Entries[:n-1:n-1]
	return part
}

// Scanner builds the part of an index that is not known from a walk over the segment's batches.
type Scanner struct {
	Index    Index
	interval int64
	max      int64
}

// NewScanner begins at the first byte of a segment.
func NewScanner(interval int64) *Scanner { return &Scanner{interval: interval, max: -1} }

// Resume begins at the last entry of x, which is known below it; at the first byte of the segment where x has none. The walk
// begins with the batch [offset, ..) at byte pos.
func Resume(interval, base int64, x Index) (s *Scanner, offset, pos int64) {
	s = NewScanner(interval)
	n := len(x.Entries)
	if n == 0 {
		return s, base, 0
	}
	last := x.Entries[n-1]
	s.Index.Entries, s.max = x.Entries[:n:n], last.MaxTimestamp
	return s, last.Offset, last.Pos
}

// Batch takes the next batch of the walk.
func (s *Scanner) Batch(base, pos, maxTimestamp int64) {
	s.Index.add(base, pos, s.max, s.interval)
	s.max = max(s.max, maxTimestamp)
}
