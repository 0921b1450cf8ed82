package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/journal"
)

// A log's beginning moves in three steps, each behind the one before it: its record is staged, the record is durable, the
// files go. The books follow the second step. So whoever is told a start keeps it over every crash, what is read below a
// start to come is still there, and no file goes that a recovery could miss.
//
//	start 0   [ 0 .... 40 )[ 40 .... 90 )[ 90 .... 120 )     Trim to 100: the record is on its way, all is served
//	start 100               ............ [ 90 .... 120 )     it is durable: two segments leave the books, their files
//	                                                         are doomed; a read below 100 is out of range
//	                                     [ 90 .... 120 )     index and segment are removed, one after the other
//
// A file that a crash leaves behind is in no book any more: recovery takes it away like any stray (settle). An image
// that is taken while a record is on its way speaks of the log as the record will leave it, because the record may be
// covered by it; it becomes a checkpoint only behind the record.

// trim is a log start on its way.
type trim struct {
	seq   uint64 // the frame of its record
	start int64
}

// Trim lets the log of p begin at start, at most Promised, once the record of it is durable; Log().Start() tells when. A
// start that is no news is none here either. Where nothing is left, the active segment is rolled, so that its file goes too.
// The caller has seen room for it.
func (s *Store) Trim(p *Partition, start int64, out *event.Buf) {
	if start <= p.begins() {
		return
	}
	if start > p.Promised() {
		invariant.Violated("S-13: log start of %s-%d to %d, durable is %d", p.tp.Topic, p.tp.Partition, start, p.Promised())
	}
	out.Hit("store/trim")
	if start > p.log.End() {
		out.Hit("store/end-given-up")
	}
	s.closeRun(p, out)
	s.journal.Together(2, 0)
	if start == p.log.End() && p.active().size > 0 {
		out.Hit("store/trim-all")
		s.roll(p, out)
	}
	seq, _, _ := s.stage(p, journal.Entry{Kind: journal.EntryLogStart, Base: start})
	p.trims = append(p.trims, trim{seq, start})
	s.trims = append(s.trims, cutting{seq, p})
	if invariant.Planted(invariant.CanaryTrimEarly) {
		s.applyTrim(p, start, 0, out)
	}
}

// begins is where the log will begin when every record on its way is durable.
func (p *Partition) begins() int64 {
	if n := len(p.trims); n > 0 {
		return p.trims[n-1].start
	}
	return p.log.Start()
}

// Promised is the end of what was ever durable here: the flushed end, or the end of what was lost behind it.
func (p *Partition) Promised() int64 {
	end := p.log.Flushed()
	if n := len(p.damage); n > 0 && p.damage[n-1].To > p.log.End() {
		end = p.damage[n-1].To
	}
	return end
}

// landTrims moves the starts whose records are durable, in the order of the records. Their partitions count as flushed.
func (s *Store) landTrims(out *event.Buf) {
	for len(s.trims) > 0 && s.trims[0].seq < s.journal.Durable() {
		x := s.trims[0]
		s.trims = s.trims[1:]
		if x.p.dead {
			continue
		}
		hurt := len(x.p.damage) > 0
		s.applyTrims(x.p, x.seq, out)
		if hurt && len(x.p.damage) == 0 {
			out.Hit("store/healed")
		}
		s.enqueue(x.p)
		s.rebuildDerived(x.p, out)
		if !x.p.listed {
			x.p.listed = true
			s.flushed = append(s.flushed, x.p)
		}
	}
}

// applyTrims moves the start of p by the records up to frame seq.
func (s *Store) applyTrims(p *Partition, seq uint64, out *event.Buf) {
	for len(p.trims) > 0 && p.trims[0].seq <= seq {
		x := p.trims[0]
		p.trims = p.trims[1:]
		s.applyTrim(p, x.start, x.seq, out)
	}
}

// applyTrim is a record's effect on the books, the same when it is durable and when it is replayed.
func (s *Store) applyTrim(p *Partition, start int64, seq uint64, out *event.Buf) {
	if start > p.log.End() {
		s.gap(p, start, seq) // what lay there is lost, and nobody wants it any more
	}
	if p.log.Flushed() < start {
		p.log.Flush(start) // a replay makes durable what it read, before anybody sees it
	}
	s.shed(p, p.log.Advance(start), seq, out)
	p.heal(start)
}

// gap begins a segment at base, above the end of the log.
func (s *Store) gap(p *Partition, base int64, seq uint64) {
	if p.active().size == 0 {
		p.doom(p.active().base, seq)
		if !s.proven(seq) {
			s.cuts = append(s.cuts, cutting{seq, p})
		}
	}
	p.log.Gap(base)
	p.open(base)
}

// shed dooms the files of segments that the log gave up, and forgets what memory has of them. A checkpoint under way does
// not wait for their bytes any more: whoever recovers its image has the record, or an image that speaks of it.
func (s *Store) shed(p *Partition, gone []int64, seq uint64, out *event.Buf) {
	for _, base := range gone {
		f := p.file(base)
		s.unwritten -= f.size - f.written
		f.size = f.written
		if f.counted {
			f.counted = false
			s.ckpt.waits--
		}
		p.doom(base, seq)
	}
	if len(gone) == 0 {
		return
	}
	out.Hit("store/shed")
	p.tail.drop(p.files[0].base, out)
	s.enqueue(p)
	if !s.proven(seq) {
		s.cuts = append(s.cuts, cutting{seq, p})
	}
}

// heal forgets damage below start: nobody is served from there any more, so it takes nothing from anybody. Derived state
// that had ended at the damage is built anew.
func (p *Partition) heal(start int64) {
	if len(p.damage) > 0 {
		p.damage = above(p.damage, start)
		p.changed()
	}
	if len(p.damage) == 0 && p.short {
		p.short, p.stale, p.rebuild = false, true, nil
	}
}

// above is what of the damage lies at or above start.
func above(damage []Damage, start int64) (left []Damage) {
	for _, d := range damage {
		if d.To > start {
			d.From = max(d.From, start)
			left = append(left, d)
		}
	}
	return left
}
