package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/record"
)

// A large batch, or a run of small ones (run.go), goes direct: its whole blocks to its segment, at once and durably, in parallel with a
// small entry in the journal that has its ends and says where the rest lies. It is written once instead of twice.
//
//	Append --+-- copied once, aligned as in the file --> direct write --> extent done ----+
//	         |      (the same memory is the tail's)                                       +--> the frame counts
//	         +-- descriptor, ends --> frame, which holds --> written ---------------------+
//
// Until a checkpoint covers the entry, its bytes in the segment are as precious as a frame: nobody writes their blocks again, and
// whoever takes them away (a cut, a removal, another lap of the file) waits until the record of that is proven (proof.go).
// They count like bytes of the ring: for the next checkpoint, and for Room.

// direct is the books of a store's direct writes.
type direct struct {
	flying  int           // places taken, at most Config.DirectWrites where more than one write is under way
	waiting []directWrite // for their turn, so that reads get theirs
	refers  int64         // bytes that entries refer to which no checkpoint covers
}

// directPlace is how many bytes of a write take one of Config.DirectWrites: a large write keeps the disk as busy as several.
const directPlace = 512 << 10

// directWrite is one of them.
type directWrite struct {
	p      *Partition
	f      *segfile
	lap    int
	x      *extent
	seq    uint64 // the frame that waits for it
	data   []byte
	memory *event.Buffer
}

// plan says how size bytes of batches from byte pos on, the last of p's active segment, go there directly; not ok: they have to go
// through the journal.
func (s *Store) plan(p *Partition, pos, size int64) (d descriptor, ok bool) {
	f := p.active()
	if s.cfg.DirectBytes == 0 || size < int64(s.cfg.DirectBytes) {
		return d, false
	}
	if !f.rooted {
		f.wanted = true
		return d, false
	}
	if f.laps > 0 && (f.busy || f.readers > 0) || !s.proven(f.cutSeq) || f.unresolved || f.suspect || f.staleIndex {
		return d, false
	}
	d = descriptor{segment: f.base, pos: pos, length: size}
	if f.submitted > floorBlock(pos) && !invariant.Planted(invariant.CanaryDirectRewrites) {
		d.head = ceilBlock(pos) - pos
	}
	return d, d.to() >= d.from()+event.BlockSize
}

// appendDirect is Append for a batch with a plan.
func (s *Store) appendDirect(p *Partition, batch record.Batch, d *descriptor, out *event.Buf) {
	out.Hit("store/direct")
	room := ceilBlock(d.pos+d.length) - floorBlock(d.pos)
	r := run{
		memory: s.cfg.Alloc(int(room)), room: room, pos: d.pos, length: d.length, count: 1,
		base: batch.BaseOffset(), epoch: batch.LeaderEpoch(), sum: batch.Sum(),
	}
	stored := r.batches()
	copy(stored, batch)
	s.take(p, stored, r.memory)
	s.unwritten += d.length
	s.sendDirect(p, &r, d, out)
	out.Drop(r.memory)
}

// sendDirect stages the entry of r, the last batches of p, according to the plan d, and orders the write of what is not in it.
func (s *Store) sendDirect(p *Partition, r *run, d *descriptor, out *event.Buf) {
	f := p.active()
	low, stored := floorBlock(r.pos), r.batches()
	if n := d.seamSize(); n > 0 {
		out.Hit("store/direct-seam")
		f.gather(r.memory.Bytes[:n], &p.tail, low)
		d.seam = record.Checksum(r.memory.Bytes[:n])
	}
	d.sum = r.sum
	if d.head > 0 && p.needPrefix {
		s.stagePrefix(p, r.pos, out)
	}
	p.needPrefix = false
	seq, _, _ := s.stage(p, journal.Entry{
		Kind: journal.EntryDirect, Epoch: r.epoch, Base: r.base, End: p.log.End(), Pos: d.pos,
	}, s.describe(d, r), stored[:d.head], stored[d.to()-d.pos:])
	s.journal.Hold(seq)
	s.depart(p, seq, r.base)
	s.direct.refers += d.to() - d.from()
	r.memory.Retain()
	w := directWrite{
		p: p, f: f, lap: f.laps, x: f.claim(d.from(), d.to()), seq: seq, data: r.memory.Bytes[d.from()-low : d.to()-low], memory: r.memory,
	}
	if s.reservesMore(f) {
		s.enqueue(p)
	}
	s.direct.waiting = append(s.direct.waiting, w)
	s.orderDirect(out)
	if len(s.direct.waiting) > 0 {
		out.Hit("store/direct-waits")
	}
}

// describe is the descriptor d of the batches of r, with their headers, until the next call.
func (s *Store) describe(d *descriptor, r *run) []byte {
	p := s.runs.scratch[:0]
	if cap(p) < descriptorSize+r.count*record.HeaderSize {
		p = make([]byte, 0, descriptorSize+r.count*record.HeaderSize)
	}
	d.headers = p[descriptorSize : descriptorSize+r.count*record.HeaderSize]
	p = d.appendTo(p)
	for rest := record.Batch(r.batches()); len(rest) > 0; rest = rest[rest.Size():] {
		p = append(p, rest[:record.HeaderSize]...)
	}
	s.runs.scratch = p
	return p
}

// orderDirect orders the writes that wait, as many as find a place.
func (s *Store) orderDirect(out *event.Buf) {
	for len(s.direct.waiting) > 0 {
		w := s.direct.waiting[0]
		places := (len(w.data) + directPlace - 1) / directPlace
		if s.direct.flying > 0 && s.direct.flying+places > s.cfg.DirectWrites {
			return
		}
		s.direct.waiting[0] = directWrite{}
		s.direct.waiting = s.direct.waiting[1:]
		s.direct.flying += places
		s.write(s.path(w.p, event.FileSegment, w.f.base), w.x.from, w.data, true, func(out *event.Buf) {
			s.direct.flying -= places
			s.orderDirect(out)
			s.directDone(&w, out)
		}, out)
	}
}

// directDone takes the completion of a direct write. The log may have given the bytes up meanwhile; the file has not lost them yet,
// because that waits for a proof, which waits for this frame.
func (s *Store) directDone(w *directWrite, out *event.Buf) {
	f := w.f
	f.length = max(f.length, w.x.to)
	w.x.done = true
	if w.lap == f.laps {
		s.pass(w.p, f, out)
	}
	out.Drop(w.memory)
	s.journal.Unhold(w.seq, s.now, out)
	if w.p.file(f.base) == f {
		w.p.keepBusy(f) // it may be longer now than a cut has left it
	}
	s.enqueue(w.p)
}

// pass moves written over what is in the file and counts.
func (s *Store) pass(p *Partition, f *segfile, out *event.Buf) {
	before := f.written
	if p.dead || !f.pass(&p.tail, f.durable) {
		return
	}
	s.unwritten -= f.written - before
	s.warm(p, out)
	s.countDone(p, f)
}
