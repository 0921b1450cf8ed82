package store

import (
	"fmt"

	"github.com/highwater-log/highwater/core/log"
)

// IndexInspection holds an index file to the batches of its segment.
type IndexInspection struct {
	Covers  int64            // bytes of the segment that it speaks of
	entries []log.IndexEntry // that are to come
	max     int64            // largest timestamp so far
}

// InspectIndex reads an index file. One that a power cut has torn, or that is damaged, is an error: it is a hint, and a start goes
// without.
func InspectIndex(seg *SegmentInspection, file []byte) (*IndexInspection, error) {
	x, covers, err := decodeIndex(file, &log.Segment{Base: seg.Base, End: seg.End, Size: seg.Size})
	if err != nil {
		return nil, err
	}
	return &IndexInspection{Covers: covers, entries: x.Entries, max: -1}, nil
}

// Batch takes the next batch of the segment, from its first one on, and says what the index has wrong about it.
func (x *IndexInspection) Batch(base, pos, maxTimestamp int64) error {
	before := x.max
	x.max = max(x.max, maxTimestamp)
	if len(x.entries) == 0 || x.entries[0].Pos > pos {
		return nil
	}
	e := x.entries[0]
	x.entries = x.entries[1:]
	switch {
	case e.Pos != pos || e.Offset != base:
		return fmt.Errorf("its index has offset %d at byte %d: offset %d is at %d", e.Offset, e.Pos, base, pos)
	case e.MaxTimestamp < before:
		return fmt.Errorf("its index has no timestamp above %d before byte %d: one is %d", e.MaxTimestamp, e.Pos, before)
	}
	return nil
}
