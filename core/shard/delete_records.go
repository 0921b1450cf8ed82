package shard

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/replica"
	"github.com/highwater-log/highwater/core/store"
)

// trimWait is one ShardDeleteRecords on its way to its outcomes.
type trimWait struct {
	from   event.Machine
	ticket event.Ticket
	key    uint64 // of its deadline
	tps    []event.TP
	items  []event.DeleteRecordsPartition
	next   int // the first item that was not tried yet
	open   int // items without an outcome
	answer event.ShardDeletedRecords
}

// trimAck is one outcome: item i of w succeeds once the log durably begins at start or above.
type trimAck struct {
	w     *trimWait
	i     int
	start int64
}

// onDeleteRecords moves the starts of logs, at once or as soon as the journal has room.
func (s *Shard) onDeleteRecords(ev *event.Event, m *event.ShardDeleteRecords, out *event.Buf) {
	s.nextKey++
	w := &trimWait{
		from: ev.From, ticket: ev.Ticket, key: s.nextKey, tps: m.TP, items: m.Items, open: len(m.Items),
		answer: event.ShardDeletedRecords{
			Index: m.Index, Results: make([]event.DeleteRecordsPartitionReply, len(m.Items)),
		},
	}
	for i := range w.answer.Results {
		w.answer.Results[i].Code = undecided
	}
	s.trims[w.key] = w
	if len(s.heldTrims) > 0 || !s.tryTrim(w, out) {
		out.Hit("shard/trim-held")
		s.heldTrims = append(s.heldTrims, w)
	}
	if w.open > 0 {
		s.deadlines.Set(w.key, m.Deadline)
	}
}

// tryTrim stages the items of w in order, as far as there is room. It reports whether all were tried.
func (s *Shard) tryTrim(w *trimWait, out *event.Buf) bool {
	for ; w.next < len(w.items); w.next++ {
		if !s.trim(w, w.next, out) {
			return false
		}
	}
	return true
}

// resumeTrims tries again what was held back, in order of arrival. It reports whether anything was tried.
func (s *Shard) resumeTrims(out *event.Buf) (tried bool) {
	for len(s.heldTrims) > 0 {
		w := s.heldTrims[0]
		before := w.next
		done := s.tryTrim(w, out)
		tried = tried || w.next > before
		if !done {
			break
		}
		s.unholdTrim(w)
	}
	return tried
}

// trim decides over one item and stages the record of it. It reports false if that has to wait for room: then nothing
// happened.
func (s *Shard) trim(w *trimWait, i int, out *event.Buf) bool {
	p := s.partitions[w.tps[i]]
	start, code := s.target(p, w.items[i].Offset)
	switch {
	case code != event.CodeNone:
		s.settleTrim(w, i, code, -1, out)
		return true
	case start <= p.log.Log().Start():
		s.settleTrim(w, i, event.CodeNone, p.log.Log().Start(), out)
		return true
	case s.store.Room() <= 0:
		return false
	}
	s.letGo(p, start, out)
	p.trims = append(p.trims, trimAck{w, i, start})
	return true
}

// letGo orders that the log of p begin at start.
func (s *Shard) letGo(p *partition, start int64, out *event.Buf) {
	if end := told(p); start > end {
		invariant.Violated("H-7: log start of %s-%d to %d, committed is what lies below %d", p.name, p.tp.Partition, start, end)
	}
	s.store.Trim(p.log, start, out)
}

// target is where the log of p is to begin so that nothing below offset is left, or why it cannot. A log that is damaged
// may begin behind the damage: whoever asks for that gives up what was lost.
func (s *Shard) target(p *partition, offset int64) (int64, event.Code) {
	switch {
	case p == nil:
		return -1, s.unknown()
	case s.store.State() != store.Ready || p.replica.Role() != replica.Leader:
		return -1, event.CodeNotLeaderOrFollower
	case !p.replica.Assignment().Limits.Deleted:
		return -1, event.CodePolicyViolation
	}
	end := min(told(p), p.log.Promised())
	if offset == event.HighWatermark {
		offset = end
	}
	if offset < 0 || offset > end {
		return -1, event.CodeOffsetOutOfRange
	}
	return offset, event.CodeNone
}

// told is the high watermark as readers are told of it: what was lost had been promised, so it counts.
func told(p *partition) int64 {
	hw := p.replica.HighWatermark()
	if d := p.log.Damaged(); len(d) > 0 {
		hw = max(hw, d[len(d)-1].To)
	}
	return hw
}

// releaseTrims tells the outcomes that the log start of p has reached.
func (s *Shard) releaseTrims(p *partition, out *event.Buf) {
	start := p.log.Log().Start()
	kept := p.trims[:0]
	for _, x := range p.trims {
		if x.start > start {
			kept = append(kept, x)
			continue
		}
		s.settleTrim(x.w, x.i, event.CodeNone, start, out)
	}
	clear(p.trims[len(kept):])
	p.trims = kept
}

// settleTrim gives item i of w its outcome, and answers w with the last one.
func (s *Shard) settleTrim(w *trimWait, i int, code event.Code, low int64, out *event.Buf) {
	r := &w.answer.Results[i]
	if r.Code != undecided {
		return // it timed out before
	}
	*r = event.DeleteRecordsPartitionReply{Code: code, LowWatermark: low}
	if w.open--; w.open > 0 {
		return
	}
	s.deadlines.Cancel(w.key)
	delete(s.trims, w.key)
	out.SendMachine(w.from, w.ticket, &w.answer)
}

// refuseTrim gives every item of w without an outcome the code: what was staged may still come about.
func (s *Shard) refuseTrim(w *trimWait, code event.Code, out *event.Buf) {
	s.unholdTrim(w)
	w.next = len(w.items)
	for i := range w.items {
		s.settleTrim(w, i, code, -1, out)
	}
}

// unholdTrim takes w out of those that wait for room.
func (s *Shard) unholdTrim(w *trimWait) {
	for i, h := range s.heldTrims {
		if h == w {
			s.heldTrims = append(s.heldTrims[:i], s.heldTrims[i+1:]...)
			return
		}
	}
}
