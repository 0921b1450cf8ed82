package store

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/record"
)

// Small batches that come fast go direct together. While frames are on their way to the disk, the batches of a brisk partition
// gather in one piece of memory, laid out as in the segment; it goes the way of a large batch when it is full, or when the journal takes
// the next frame:
//
//	Append, Append, Append ...          full, or the frame closes
//	   |       |       |                  |
//	   v       v       v                  +-- large enough --> direct write + one entry: descriptor, headers, ends
//	 [ batch | batch | batch |      ]-----+
//	   the tail's memory                  +-- not ---------> one entry with all of it, and the next ones are staged singly again
//
// So each batch is written once, and has a share in one line of the journal's directory. A run is in the log's books like anything that
// is appended, and in no frame yet: whatever else is to be staged for its partition, or taken as an image of it, closes it first (S-19).

// run is the batches of one partition that gather; none while memory is nil.
type run struct {
	memory *event.Buffer
	room   int64 // bytes of memory that may be used, from the block on that the first batch begins in
	pos    int64 // byte of the segment at which the first batch begins
	length int64 // bytes of batches so far
	count  int   // of them
	base   int64 // offset of the first
	epoch  int32 // of all
	sum    uint32
	full   bool
}

// runs is the books of all runs of a store.
type runs struct {
	open    []*Partition
	bytes   int64  // of batches in them
	scratch []byte // of the payload of a direct entry: its descriptor with the headers
}

// Sizes of a run's memory: in multiples of Config.DirectBytes, and what it has at least, in bytes.
const (
	leastRun  = 2
	mostRun   = 8
	leastRoom = 4 * event.BlockSize
)

// at is where byte pos of the segment lies in the run's memory.
func (r *run) at(pos int64) int64 { return pos - floorBlock(r.pos) }

// batches are the bytes of all batches.
func (r *run) batches() []byte {
	return r.memory.Bytes[r.at(r.pos):r.at(r.pos+r.length):r.at(r.pos+r.length)]
}

// fits reports whether n bytes more find room.
func (r *run) fits(n int64) bool { return r.at(r.pos+r.length)+n <= r.room }

// brisk notes that a batch of so many bytes is staged singly into the open group: with DirectBytes of them in one group, those that
// follow gather.
func (s *Store) brisk(p *Partition, size int64) {
	if seq := s.journal.Open(); p.pace.seq != seq {
		p.pace.seq, p.pace.bytes = seq, 0
	}
	p.pace.bytes += size
	p.pace.brisk = s.cfg.DirectBytes > 0 && p.pace.bytes >= int64(s.cfg.DirectBytes)
}

// pace is how fast batches come to a partition.
type pace struct {
	seq   uint64 // the group that bytes are of
	bytes int64  // staged singly
	brisk bool   // the next batches gather
	usual int64  // bytes of a run, of late
}

// gathers reports whether a batch of size bytes joins, or begins, the run of p.
func (s *Store) gathers(p *Partition, size int64) bool {
	if !p.pace.brisk || size >= int64(s.cfg.DirectBytes) {
		return false
	}
	f := p.active()
	f.wanted = true
	return f.rooted && event.BlockSize+size <= s.runRoom(p)
}

// runRoom is how much memory the next run of p gets: about as much as the last ones used, and never more than a frame can take.
func (s *Store) runRoom(p *Partition) int64 {
	room, most := max(leastRun*int64(s.cfg.DirectBytes), leastRoom), max(mostRun*int64(s.cfg.DirectBytes), leastRoom)
	for room < min(p.pace.usual, most) {
		room *= 2
	}
	return floorBlock(min(room, most, s.MaxBatch()))
}

// join is Append for a batch that gathers.
func (s *Store) join(p *Partition, batch record.Batch, out *event.Buf) {
	r := &p.run
	if r.memory != nil && (r.epoch != batch.LeaderEpoch() || !r.fits(int64(len(batch)))) {
		r.full = r.epoch == batch.LeaderEpoch()
		s.closeRun(p, out)
	}
	if r.memory == nil {
		s.openRun(p, batch)
	}
	from := r.at(r.pos + r.length)
	stored := r.memory.Bytes[from : from+int64(len(batch)) : from+int64(len(batch))]
	copy(stored, batch)
	r.sum = batch.SumBehind(r.sum)
	r.length += int64(len(batch))
	r.count++
	s.runs.bytes += int64(len(batch))
	s.unwritten += int64(len(batch))
	s.take(p, stored, r.memory)
	if s.runs.bytes > s.MaxBatch()/2 {
		s.closeRuns(out)
	}
}

func (s *Store) openRun(p *Partition, first record.Batch) {
	room := s.runRoom(p)
	p.run = run{
		memory: s.cfg.Alloc(int(room)), room: room, pos: p.active().size, base: first.BaseOffset(), epoch: first.LeaderEpoch(),
	}
	s.runs.open = append(s.runs.open, p)
}

// closeRuns closes all of them, in the order in which they were opened.
func (s *Store) closeRuns(out *event.Buf) {
	for i, p := range s.runs.open {
		s.endRun(p, out)
		s.runs.open[i] = nil
	}
	s.runs.open = s.runs.open[:0]
}

// closeRun closes the run of p, if there is one.
func (s *Store) closeRun(p *Partition, out *event.Buf) {
	if p.run.memory != nil {
		s.runs.open = slices.DeleteFunc(s.runs.open, func(q *Partition) bool { return q == p })
		s.endRun(p, out)
	}
}

// endRun gives the run of p the way that its size asks for.
func (s *Store) endRun(p *Partition, out *event.Buf) {
	r := p.run
	p.run = run{}
	s.runs.bytes -= r.length
	p.pace.usual = max(r.length, p.pace.usual/2)
	if r.full {
		p.pace.usual = 2 * r.room
	}
	if d, ok := s.plan(p, r.pos, r.length); ok && r.count*record.HeaderSize*4 <= int(r.length) {
		out.Hit("store/run-direct")
		s.sendDirect(p, &r, &d, out)
	} else {
		out.Hit("store/run-inline")
		p.pace.brisk = r.length >= int64(s.cfg.DirectBytes)/2
		s.stageRun(p, &r, out)
	}
	out.Drop(r.memory)
}

// stageRun puts the whole run into the journal.
func (s *Store) stageRun(p *Partition, r *run, out *event.Buf) {
	if p.needPrefix {
		s.stagePrefix(p, r.pos, out)
	}
	seq, _, _ := s.stage(p, journal.Entry{
		Kind: journal.EntryAppend, Epoch: r.epoch, Base: r.base, End: p.log.End(), CRC: r.sum,
	}, r.batches())
	s.depart(p, seq, r.base)
}

// closed checks S-19.
func (p *Partition) closed(kind journal.EntryKind) {
	if p.run.memory != nil {
		invariant.Violated("S-19: %v of partition %s-%d, whose batches from %d on are in no frame", kind, p.tp.Topic, p.tp.Partition, p.run.base)
	}
}
