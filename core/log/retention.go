package log

// Retention says what of a log may go. Negative numbers are no limit.
type Retention struct {
	Bytes int64 // as many are kept at least
	Ms    int64 // a segment goes this long after its largest timestamp
}

// maxRetire is how many segments one call of Retire gives up: each is a file to be removed.
const maxRetire = 32

// Retire is the offset at which the log should begin by r, at most bound, the high watermark: the log start where
// everything stays. Whole segments go, oldest first, up to the first one that stays; the active one too, if all of it has
// to go. more: there may be others behind.
//
// wall is the wall clock in milliseconds. The age of a segment is what its records say, as long as that is in the past. A
// timestamp that lies ahead would keep its segment for as long as somebody cared to write into it, and one without a
// timestamp for ever: such a segment ages from when Retire first found it at rest.
func (l *Log) Retire(r Retention, bound, wall int64) (start int64, more bool) {
	excess := int64(-1) // bytes that may go, by size
	if r.Bytes >= 0 {
		excess = -r.Bytes
		for i := range l.segments {
			excess += l.segments[i].Size
		}
	}
	start = l.start
	for i := range l.segments {
		g := &l.segments[i]
		if g.Size == 0 || g.End > bound || g.Size > excess && (r.Ms < 0 || !g.expired(r.Ms, wall)) {
			break
		}
		excess -= g.Size
		if start = max(start, g.End); i+1 == maxRetire {
			return start, true
		}
	}
	return start, false
}

// expired reports whether the segment is older than ms, and notes when it was found at rest where only that can tell.
func (s *Segment) expired(ms, wall int64) bool {
	born := s.MaxTimestamp
	if born < 0 || born > wall {
		if s.idleAt != s.End || s.Idle > wall {
			s.Idle, s.idleAt = wall, s.End
		}
		born = s.Idle
	}
	return wall-born > ms
}
