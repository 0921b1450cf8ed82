package store

import (
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/record"
)

// replay applies the journal's frames to the checkpoint's state: a pure function of both, whatever the segments hold.
// It returns why the journal cannot be believed, or "".
func (s *Store) replay(rec *journal.Recovery, out *event.Buf) (why string) {
	damage := rec.Damage
	for i := range rec.Frames {
		f := &rec.Frames[i]
		n := 0
		for n < len(damage) && damage[n].Seq <= f.Seq {
			n++
		}
		if why := s.replayFrame(f, damage[:n], out); why != "" {
			return fmt.Sprintf("frame %d: %s", f.Seq, why)
		}
		damage = damage[n:]
	}
	for _, d := range damage {
		s.replayDamage(d, out)
	}
	return ""
}

// replayFrame applies one frame. damage are its entries that are gone, and those of frames missing before it.
func (s *Store) replayFrame(f *journal.Frame, damage []journal.Damage, out *event.Buf) (why string) {
	for _, d := range damage {
		if d.Seq < f.Seq {
			s.replayDamage(d, out)
		}
	}
	out.Touch(len(f.Entries))
	for i := range f.Entries {
		e := &f.Entries[i]
		for len(damage) > 0 && (damage[0].Seq < f.Seq || s.before(&damage[0].Entry, e)) {
			if damage[0].Seq == f.Seq {
				s.replayDamage(damage[0], out)
			}
			damage = damage[1:]
		}
		if e.Kind == journal.EntrySeal {
			continue
		}
		if why := s.replayEntry(f.Seq, e, f.Payload[i], out); why != "" {
			return why
		}
	}
	for _, d := range damage {
		if d.Seq == f.Seq {
			s.replayDamage(d, out)
		}
	}
	return ""
}

// before reports whether the damaged entry d stood before e in their frame, as far as that matters: of one partition,
// with lower offsets.
func (s *Store) before(d, e *journal.Entry) bool { return d.TP == e.TP && d.Base <= e.Base }

// replayEntry applies one entry, unless the checkpoint covers it (J9).
func (s *Store) replayEntry(seq uint64, e *journal.Entry, payload []byte, out *event.Buf) (why string) {
	i, found := s.search(e.TP)
	if !found {
		return s.replayUnknown(seq, e)
	}
	p := s.parts[i]
	p.replayed.take(seq)
	if p.covers(seq, p.replayed.Count) {
		return ""
	}
	switch e.Kind {
	case journal.EntryAppend:
		s.replayAppend(p, seq, e, payload, out)
	case journal.EntryDirect:
		s.replayDirect(p, seq, e, payload, out)
	case journal.EntryPrefix:
		p.replayPrefix(seq, e, payload)
	case journal.EntryCreate:
		return fmt.Sprintf("partition %s-%d is created twice", e.TP.Topic, e.TP.Partition)
	case journal.EntryEpochStart:
		if e.Epoch > p.log.LastEpoch() {
			p.log.Assign(e.Epoch, e.Base)
		}
	case journal.EntryTruncate:
		if e.Base < p.log.Start() {
			return fmt.Sprintf("partition %s-%d is cut to %d, below its start", e.TP.Topic, e.TP.Partition, e.Base)
		}
		s.applyTruncate(p, e.Base, e.End, seq, out)
	case journal.EntryLogStart:
		s.applyTrim(p, e.Base, seq, out)
	case journal.EntryHighWater:
		p.hw = max(p.hw, e.Base)
		p.hwSaid = p.hw
	case journal.EntryRoll:
		if e.Base == p.log.End() && p.log.Active().Base < e.Base {
			s.applyRoll(p, seq, out)
		}
	case journal.EntryDelete:
		p.cover = p.replayed
		s.bereave(p, out)
	}
	return ""
}

// covers reports whether the checkpoint's image of p has entry number n of frame seq.
func (p *Partition) covers(seq uint64, n int32) bool {
	if invariant.Planted(invariant.CanaryReplayTwice) && seq == p.cover.Seq {
		return n < p.cover.Count
	}
	return seq < p.cover.Seq || seq == p.cover.Seq && n <= p.cover.Count
}

// replayUnknown applies an entry of a partition that is not there: its creation, or what came before its deletion.
func (s *Store) replayUnknown(seq uint64, e *journal.Entry) (why string) {
	for _, g := range s.gone {
		if g.p.tp != e.TP {
			continue
		}
		g.p.replayed.take(seq)
		if seq < g.cover.Seq || seq == g.cover.Seq && g.p.replayed.Count <= g.cover.Count {
			return ""
		}
	}
	if e.Kind != journal.EntryCreate {
		return fmt.Sprintf("%v of partition %s-%d, which no checkpoint and no frame knows", e.Kind, e.TP.Topic, e.TP.Partition)
	}
	p := s.newPartition(e.TP, e.Base)
	for _, g := range s.gone {
		if g.p.tp == e.TP {
			p.replayed = g.p.replayed
		}
	}
	s.insert(p)
	return ""
}

// replayAppend takes the batches of one entry behind the log's end. What lies below it is there already.
func (s *Store) replayAppend(p *Partition, seq uint64, e *journal.Entry, payload []byte, out *event.Buf) {
	for len(payload) > 0 {
		b, ok := parse(payload)
		if !ok || b.BaseOffset() < e.Base || b.NextOffset() > e.End || b.LeaderEpoch() < p.log.LastEpoch() {
			p.hurt(Damage{From: p.log.End(), To: max(e.End, p.log.End()+1), Kept: true,
				Why: fmt.Sprintf("are not whole batches in journal frame %d", seq)})
			return
		}
		payload = payload[len(b):]
		switch {
		case b.BaseOffset() > p.log.End():
			s.replayGap(p, b.BaseOffset(), seq, out)
			s.retake(p, b)
		case b.BaseOffset() == p.log.End():
			s.retake(p, b)
		case invariant.Planted(invariant.CanaryReplayTwice):
			p.takeTwice(b)
		}
	}
}

// holdsBatches reports whether entries of that kind are appends, wherever their bytes are.
func holdsBatches(kind journal.EntryKind) bool {
	return kind == journal.EntryAppend || kind == journal.EntryDirect
}

// retake is take for a batch whose frame was recovered.
func (s *Store) retake(p *Partition, b record.Batch) {
	s.take(p, b, nil)
	s.unwritten += int64(len(b))
}

// takeTwice is the planted bug: the batch is put into the segment again, behind the log's end.
func (p *Partition) takeTwice(b record.Batch) {
	f := p.active()
	p.tail.push(tailBatch{base: b.BaseOffset(), next: b.NextOffset(), file: f, pos: f.size, batch: b})
	f.size += int64(len(b))
	p.log.Active().Size += int64(len(b))
	if p.derived != nil && !p.stale {
		p.derived.Apply(b)
	}
}

// replayGap begins a segment at base behind lost offsets, so that what follows them is kept.
func (s *Store) replayGap(p *Partition, base int64, seq uint64, out *event.Buf) {
	out.Hit("store/gap")
	p.hurt(Damage{From: p.log.End(), To: base, Kept: true,
		Why: fmt.Sprintf("are missing before journal frame %d", seq)})
	s.gap(p, base, seq)
	s.shed(p, p.log.Shed(), seq, out)
}

// replayDamage marks what a rotten journal entry held, unless the checkpoint has it.
func (s *Store) replayDamage(d journal.Damage, out *event.Buf) {
	i, found := s.search(d.Entry.TP)
	if !found {
		return
	}
	p := s.parts[i]
	p.replayed.take(d.Seq)
	if p.covers(d.Seq, p.replayed.Count) || !holdsBatches(d.Entry.Kind) || d.Entry.End <= p.log.End() {
		return
	}
	out.Hit("store/damaged")
	p.hurt(Damage{From: d.Entry.Base, To: d.Entry.End, Kept: true,
		Why: fmt.Sprintf("were acknowledged and are gone: journal frame %d: %s", d.Seq, d.Why)})
}

// replayPrefix keeps the bytes of a partial block, in case the block in the segment was torn while it was rewritten.
func (p *Partition) replayPrefix(seq uint64, e *journal.Entry, payload []byte) {
	f := p.file(e.Base)
	if f == nil {
		return
	}
	f.prefixSeq = seq
	if floorBlock(f.written) == e.Pos && e.Pos+int64(len(payload)) >= f.written {
		f.head = slices.Clone(payload[:f.written-e.Pos])
		f.suspect = len(f.head) > 0
	}
}

// parse is the batch at the front of p, if one is framed there that can be booked. Its checksum is not looked at: the
// journal's own has vouched for the bytes.
func parse(p []byte) (record.Batch, bool) {
	b, _, err := record.Parse(p)
	return b, err == nil && b.Magic() == 2 && b.LastOffsetDelta() >= 0 && b.BaseOffset() >= 0 && b.BaseOffset() <= record.MaxOffset
}
