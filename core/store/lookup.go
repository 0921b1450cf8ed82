package store

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// lookup finds a batch by its timestamp. A segment's largest timestamp is an upper bound (a truncation may have taken the
// batch that had it, or to may hide it), so a candidate that disappoints is walked whole, and the next one asked.
//
//	at or after ts   segments in offset order whose bound is at least ts: the first batch with such a timestamp
//	maximum          segments in falling order of their bounds: the first batch with the largest, until no bound is above
type lookup struct {
	s      *Store
	p      *Partition
	answer ReadDone
	ts     int64
	to     int64
	max    bool
	todo   []int64 // bases of candidates
	best   int64   // largest timestamp found so far, for max
	found  record.Batch
	edge   record.Batch // that the log start lies in, if it is a candidate: which of its records are left, its header does not say
	floor  bool         // the candidate is walked from its floor, not from its beginning
}

// FindTimestamp looks for the first batch below the offset to with a record at or after ts; for event.TimestampMax, the
// first that holds the largest timestamp. The answer comes through TakeReads: that batch, or none. Where it is the one that
// the log start lies in, the record sought may be gone: then the next candidate follows it.
func (s *Store) FindTimestamp(tp event.TP, ts, to int64, cookie uint64, out *event.Buf) {
	p := s.Get(tp)
	l := &lookup{s: s, p: p, ts: ts, max: ts == event.TimestampMax, best: -1}
	l.answer.Read = Read{TP: tp, From: -1, To: to, Cookie: cookie}
	if p == nil {
		l.finish(event.CodeUnknownTopicOrPartition)
		return
	}
	if p.unresolved() {
		l.finish(event.CodeNotLeaderOrFollower)
		return
	}
	l.to = min(to, p.log.End())
	if whole := p.intact(); whole < l.to {
		l.to = whole
	}
	segments := p.log.Segments()
	for i := range segments {
		if g := &segments[i]; g.Base < l.to && g.MaxTimestamp >= 0 && (l.max || g.MaxTimestamp >= ts) {
			l.todo = append(l.todo, g.Base)
		}
	}
	if l.max {
		slices.SortStableFunc(l.todo, func(a, b int64) int {
			x, y := segments[p.log.Find(a)].MaxTimestamp, segments[p.log.Find(b)].MaxTimestamp
			return int(max(min(y-x, 1), -1))
		})
	}
	l.next(out)
}

// next asks the next candidate.
func (l *lookup) next(out *event.Buf) {
	if len(l.todo) == 0 {
		l.finish(event.CodeNone)
		return
	}
	base := l.todo[0]
	l.todo = l.todo[1:]
	f := l.p.file(base)
	if f == nil {
		l.finish(event.CodeNotLeaderOrFollower)
		return
	}
	g := l.p.segment(f)
	want := l.ts
	if l.max {
		if want = g.MaxTimestamp; want < l.best || want == l.best && l.found.BaseOffset() < base {
			l.next(out)
			return
		}
	}
	if g.Index.From <= l.s.cfg.IndexInterval {
		l.walk(f, want, out)
		return
	}
	generation := l.p.log.Generation()
	l.s.needIndex(l.p, f, func(why string, out *event.Buf) {
		if l.p.dead || l.p.log.Generation() != generation {
			l.finish(event.CodeNotLeaderOrFollower)
			return
		}
		l.walk(f, want, out)
	}, out)
}

// walk looks for want in the segment of f, from the floor that its time index gives.
func (l *lookup) walk(f *segfile, want int64, out *event.Buf) {
	pos := l.p.log.LocateTime(l.p.log.Find(f.base), want)
	l.floor = pos > 0
	l.from(f.base, pos, want, out)
}

func (l *lookup) from(base, pos, want int64, out *event.Buf) {
	hit := false
	w := l.s.newWalk(l.p, base, pos)
	w.only = true
	w.visit = func(b record.Batch, _, _ int64) bool {
		if b.NextOffset() > l.to {
			return false
		}
		if start := l.p.log.Start(); b.NextOffset() <= start {
			return true
		} else if b.BaseOffset() < start {
			if l.max || b.MaxTimestamp() >= want {
				l.edge = slices.Clone(b)
			}
			return true
		}
		if ts := b.MaxTimestamp(); l.max && (ts > l.best || ts == l.best && b.BaseOffset() < l.found.BaseOffset()) || !l.max && ts >= want {
			l.best, l.found = ts, b
			hit = ts >= want
		}
		return !hit
	}
	w.done = func(w *walk, why string, out *event.Buf) {
		switch {
		case why == walkMoved:
			l.finish(event.CodeNotLeaderOrFollower)
		case why != walkEnded:
			l.finish(event.CodeKafkaStorageError)
		case hit && !l.max:
			l.finish(event.CodeNone)
		case !hit && l.max && l.floor:
			l.floor = false
			out.Hit("store/timestamp-bound-loose")
			l.from(base, 0, want, out)
		default:
			l.next(out)
		}
	}
	w.run(out)
}

func (l *lookup) finish(code event.Code) {
	l.answer.Code = code
	if code == event.CodeNone {
		if l.edge != nil && (!l.max || l.edge.MaxTimestamp() >= l.best) {
			l.answer.Batches = append(l.answer.Batches, l.edge)
		}
		if l.found != nil {
			l.answer.Batches = append(l.answer.Batches, l.found)
		}
		if len(l.answer.Batches) > 0 {
			l.answer.From = record.Batch(l.answer.Batches[0]).BaseOffset()
		}
	}
	l.s.reads = append(l.s.reads, l.answer)
}
