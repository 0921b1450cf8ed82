package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/journal"
)

// A truncation is a journal record first (J5). Bytes that are only in memory are simply forgotten. Where it cuts into
// bytes that went to a segment, nothing is rewritten: the segment is sealed at the cut, and the next one begins there.
//
//	before   [ 0 .................. 90 )                         in memory: [ 70, 90 )
//	to 80    [ 0 ............ 80 )                               the tail forgets [80, 90)
//	to 40    [ 0 .... 40 )[ 40 )                                 sealed at 40, cut to its exact size; the next begins
//
// Where the cut lies in bytes is only known at once if the batch is in memory or has an index entry; otherwise the record
// says so, and the sealed segment is walked.

// unknownSize is the size in a truncation's record where the segment has to be walked for it.
const unknownSize = -1

// Truncate cuts the log of p to the offset to, a batch boundary at or above the log start, on behalf of a leader of epoch.
// Epochs that begin there or later go too, even where no record does. Reads under way end with an error. Derived state is
// built anew from the log.
func (s *Store) Truncate(p *Partition, to int64, epoch int32, out *event.Buf) {
	if to < p.begins() {
		invariant.Violated("S-10: truncation of %s-%d to %d, below its start %d", p.tp.Topic, p.tp.Partition, to, p.begins())
	}
	s.closeRun(p, out)
	s.applyTrims(p, ^uint64(0), out) // in the order of the records, as a replay does
	size := p.sizeAt(to)
	s.journal.Together(2, 0)
	seq, _, _ := s.stage(p, journal.Entry{
		Kind: journal.EntryTruncate, Epoch: epoch, Base: to, End: size, Pos: p.log.Generation() + 1,
	})
	if to >= p.log.End() {
		s.applyTruncate(p, to, size, seq, out)
		return
	}
	s.cuts = append(s.cuts, cutting{seq: seq, p: p})
	s.spoil(p, out)
	s.ground(p, to, size)
	s.applyTruncate(p, to, size, seq, out)
	if f := p.active(); f.size > 0 && (f.unresolved || f.size < f.submitted || to == p.log.Start()) || f.unresolved {
		roll, _, _ := s.stage(p, journal.Entry{Kind: journal.EntryRoll, Base: p.log.End()})
		s.applyRoll(p, roll, out)
	}
	s.enqueue(p)
	s.rebuildDerived(p, out)
}

// sizeAt is the size of the segment that holds the offset to, once it is cut there; unknownSize if that is not in memory.
func (p *Partition) sizeAt(to int64) int64 {
	g := &p.log.Segments()[p.log.Find(to)]
	if to >= p.log.End() || to >= g.End {
		return g.Size
	}
	if to == g.Base {
		return 0
	}
	if b := p.tail.offset(to); b != nil {
		return b.pos
	}
	i, pos := p.log.Locate(to)
	if n := len(g.Index.Entries); n > 0 && pos > 0 {
		for k := n - 1; k >= 0 && g.Index.Entries[k].Offset >= to; k-- {
			if g.Index.Entries[k].Offset == to && p.log.Segments()[i].Base == g.Base {
				return pos
			}
		}
	}
	return unknownSize
}

// applyTruncate is a truncation's effect on the books, the same when it happens and when it is replayed: seq is its frame.
func (s *Store) applyTruncate(p *Partition, to, size int64, seq uint64, out *event.Buf) {
	if to >= p.log.End() {
		p.log.Truncate(to, size)
		return
	}
	out.Hit("store/truncated")
	if size == unknownSize {
		size = p.sizeAt(to) // a replay has more in memory than those had who wrote the record
	}
	unresolved := size == unknownSize
	if unresolved {
		_, size = p.log.Locate(to)
	}
	for _, base := range p.log.Truncate(to, size) {
		f := p.file(base)
		s.unwritten -= f.size - f.written
		f.size = f.written
		p.doom(base, seq)
	}
	f := p.active()
	unwritten := f.size - f.written
	p.tail.cut(to, out)
	p.warmEnd = min(p.warmEnd, to)
	f.cutSeq = seq
	f.outdate()
	f.sealed, f.exact = false, false
	p.keepBusy(f)
	if f.unresolved = unresolved; unresolved {
		f.size = f.written // the cut lies in what is written: the rest is in memory, and would have told
		f.forgo(f.size)
		f.durable, f.target = min(f.durable, f.size), min(f.target, f.size)
	} else {
		f.shrink(size)
	}
	s.unwritten -= unwritten - (f.size - f.written)
	p.needPrefix = true
	p.stale, p.rebuild = p.derived != nil, nil
}

// shrink takes the bytes from size on out of the file's books. What the file has of them is no truth any more.
func (f *segfile) shrink(size int64) {
	if size == 0 {
		f.restart()
		return
	}
	f.size = size
	f.forgo(size)
	f.durable, f.target = min(f.durable, size), min(f.target, size)
	if size < f.written {
		if from := floorBlock(size); from == floorBlock(f.written) && int64(len(f.head)) >= size-from {
			f.head = f.head[:size-from]
		} else {
			f.head, f.suspect = nil, false
		}
		f.written, f.vouched = size, false
	}
}
