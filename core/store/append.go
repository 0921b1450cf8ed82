package store

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/record"
)

// stage puts an entry of p into the open flush group.
func (s *Store) stage(p *Partition, e journal.Entry, payload ...[]byte) (seq uint64, stored []byte, memory *event.Buffer) {
	p.closed(e.Kind)
	if s.state != Ready {
		invariant.Violated("S-7: %v of partition %s-%d in a store that is %v", e.Kind, p.tp.Topic, p.tp.Partition, s.state)
	}
	e.TP = p.tp
	seq, stored, memory = s.journal.Stage(e, payload...)
	p.cover.take(seq)
	s.lastSeq = seq
	s.staged = true
	if s.dirtySince == event.Never {
		s.dirtySince = s.now
	}
	return seq, stored, memory
}

// Append takes batch, stamped with the log's end and its leader's epoch, to the end of p. It is copied once, into its
// journal frame or into memory that goes to its segment. It counts once Log().Flushed() has passed it. The caller has seen room for
// it, and p is not offline.
func (s *Store) Append(p *Partition, batch record.Batch, out *event.Buf) {
	if len(p.damage) > 0 {
		invariant.Violated("S-8: append to partition %s-%d, which is offline", p.tp.Topic, p.tp.Partition)
	}
	if invariant.Expensive && batch.ComputeCRC() != batch.CRC() {
		invariant.Violated("S-15: append of [%d, %d) to %s-%d, whose checksum nobody has verified",
			batch.BaseOffset(), batch.NextOffset(), p.tp.Topic, p.tp.Partition)
	}
	if p.log.NeedsRoll(int64(len(batch)), batch.MaxTimestamp()) {
		s.roll(p, out)
	}
	size := int64(len(batch))
	if s.gathers(p, size) {
		s.join(p, batch, out)
		return
	}
	s.closeRun(p, out)
	if d, ok := s.plan(p, p.active().size, size); ok {
		s.appendDirect(p, batch, &d, out)
	} else {
		s.brisk(p, size)
		s.appendInline(p, batch, out)
	}
}

// appendInline puts the whole batch into the journal.
func (s *Store) appendInline(p *Partition, batch record.Batch, out *event.Buf) {
	if p.needPrefix {
		s.stagePrefix(p, p.active().size, out)
	}
	e := journal.Entry{
		Kind: journal.EntryAppend, Epoch: batch.LeaderEpoch(), Base: batch.BaseOffset(), End: batch.NextOffset(),
	}
	if len(batch) >= event.BlockSize {
		e.CRC = batch.Sum() // below that, a pass over the bytes costs less
	}
	seq, stored, memory := s.stage(p, e, batch)
	s.take(p, stored, memory)
	s.unwritten += int64(len(batch))
	s.depart(p, seq, batch.BaseOffset())
}

// depart notes that the frame seq, which is not durable, has the log of p from base up to its end.
func (s *Store) depart(p *Partition, seq uint64, base int64) {
	f := p.active()
	s.flights = append(s.flights, flight{seq: seq, p: p, f: f, end: f.size, base: base, next: p.log.End()})
}

// take moves the log's end over a batch that the journal has, or will have, and keeps its memory for readers.
func (s *Store) take(p *Partition, b record.Batch, memory *event.Buffer) {
	f := p.active()
	p.log.Append(b.BaseOffset(), b.NextOffset(), int64(len(b)), b.LeaderEpoch(), b.MaxTimestamp())
	p.tail.push(tailBatch{base: b.BaseOffset(), next: b.NextOffset(), file: f, pos: f.size, batch: b, memory: memory, age: s.age()})
	s.warmth.appended += int64(len(b))
	f.size += int64(len(b))
	if p.derived != nil && !p.stale {
		p.derived.Apply(b)
	}
}

// roll seals the active segment and begins the next at the log's end. The record is durable before the file is made,
// because the file is made for bytes that come behind it.
func (s *Store) roll(p *Partition, out *event.Buf) {
	out.Hit("store/roll")
	s.closeRun(p, out)
	seq, _, _ := s.stage(p, journal.Entry{Kind: journal.EntryRoll, Base: p.log.End()})
	s.applyRoll(p, seq, out)
	s.enqueue(p)
}

// applyRoll is a roll's effect on the books. A segment that only stayed because it was the active one goes now.
func (s *Store) applyRoll(p *Partition, seq uint64, out *event.Buf) {
	p.log.Roll()
	p.open(p.log.End()).madeSeq = seq
	s.shed(p, p.log.Shed(), seq, out)
}

// stagePrefix journals the bytes of the partial block that an append at byte at goes on in (J4): the block will be rewritten,
// a torn rewrite takes all of it, and the checkpoint may have let the journal forget what is in it.
func (s *Store) stagePrefix(p *Partition, at int64, out *event.Buf) {
	p.needPrefix = false
	f := p.active()
	from := floorBlock(at)
	if from == at {
		return
	}
	if invariant.Planted(invariant.CanaryRewriteUnjournaled) {
		f.prefixSeq = ^uint64(0)
		return
	}
	out.Hit("store/prefix-journalled")
	f.prefixSeq, _, _ = s.stage(p, journal.Entry{Kind: journal.EntryPrefix, Base: f.base, Pos: from}, f.bytes(&p.tail, from, at))
}

// bytes collects the bytes [from, to) of the file from memory; from is at or behind the block that is partially written.
func (f *segfile) bytes(t *tail, from, to int64) []byte {
	p := make([]byte, to-from)
	f.gather(p, t, from)
	return p
}

// gather fills dst with the bytes of the file from from on: the head of the partial block, then the tail.
func (f *segfile) gather(dst []byte, t *tail, from int64) {
	n := 0
	if from < f.written {
		n = copy(dst, f.head[from-floorBlock(f.written):])
	}
	if n < len(dst) {
		n += t.copyTo(dst[n:], f, from+int64(n))
	}
	if n != len(dst) {
		invariant.Violated("S-1: segment %d: bytes [%d, %d) are not all in memory", f.base, from, from+int64(len(dst)))
	}
}

// EpochStart records that epoch begins at start (R3). No append of the epoch is before it in the journal.
func (s *Store) EpochStart(p *Partition, epoch int32, start int64, out *event.Buf) {
	s.closeRun(p, out)
	s.stage(p, journal.Entry{Kind: journal.EntryEpochStart, Epoch: epoch, Base: start})
	p.log.Assign(epoch, start)
}

// HighWater notes that the high watermark hw is known. It is journalled with the next flush group that there is.
func (s *Store) HighWater(p *Partition, hw int64, out *event.Buf) {
	if hw <= p.hw {
		return
	}
	p.hw = hw
	if !p.hwQueued {
		p.hwQueued = true
		s.hwDirty = append(s.hwDirty, p)
	}
}

// stageHighWaters lets the known high watermarks ride in a group that is written anyway, as many as there is room for.
func (s *Store) stageHighWaters() {
	n := 0
	for n < len(s.hwDirty) && s.Room() > 0 {
		p := s.hwDirty[n]
		n++
		p.hwQueued = false
		if !p.dead && p.hw > p.hwSaid {
			s.stage(p, journal.Entry{Kind: journal.EntryHighWater, Base: p.hw})
			p.hwSaid = p.hw
		}
	}
	s.hwDirty = slices.Delete(s.hwDirty, 0, n)
}
