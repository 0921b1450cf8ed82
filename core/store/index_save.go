package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/log"
)

// When an index file is written: whole, once its segment is sealed and in its file; before that, of what is in the file, with a
// checkpoint behind which the segment has grown by a share of its size, and when the store stops. So a restart finds all of
// the index but the end, and the first who needs that walks over a share at most.
//
//	segment  [ 0 ............................ written ....... size )
//	file     [ 0 ............. covers )                              in place, again and again
//	                                  |<--- a share --->|            due
//
// Beside a segment's own operations, because nobody waits for it but the end of a clean stop. It is never synced for its own
// sake: torn, its checksum fails.
//
// Why it never speaks of other batches than those that are there, although the numbers in it are those of a segment that has
// grown since: it speaks of bytes that the journal had durably, which nothing but a truncation takes back. A truncation
// has it removed before the segment goes on. Until a checkpoint makes that durable, and speaks of the truncation, the journal
// has the record (J5), and a recovery that replays it believes no index file of that segment; nor one of a segment that its
// checkpoint does not know.

// indexShare is the part of Config.SegmentBytes by which a segment may outgrow its index file: an eighth. Seven times in
// its life it is written too early then, which costs three times its final size.
const indexShare = 8

// outdate says that an index file which is there, or on its way, does not speak of what will be in the segment.
func (f *segfile) outdate() {
	if f.due, f.unindexed = false, false; invariant.Planted(invariant.CanaryIndexOutlivesCut) {
		return
	}
	f.staleIndex = f.staleIndex || f.indexed || f.saving
	f.indexed, f.covers = false, 0
}

// speaks reports whether an index file that recovery finds speaks of the bytes of f: they were there at the checkpoint, and no
// frame behind it has taken any of them back.
func (f *segfile) speaks() bool {
	return f.adopted && (f.cutSeq == 0 || invariant.Planted(invariant.CanaryIndexOutlivesCut))
}

// wantsIndex reports whether the index file is to be written.
func (f *segfile) wantsIndex() bool {
	if f.unindexed || f.size == 0 || f.written < f.size && f.sealed {
		return false
	}
	return f.due || f.sealed && (!f.indexed || f.covers < f.size)
}

// indexWorth is how much of a segment, in Config.IndexInterval, a stop does not leave without: what is less, a read finds.
const indexWorth = 16

// outgrown reports whether so much of f is behind its index file that another one is worth its bytes.
func (s *Store) outgrown(f *segfile) bool {
	share := indexWorth * s.cfg.IndexInterval
	if !s.ckpt.final {
		share = max(share, s.cfg.SegmentBytes/indexShare)
	}
	covers := f.covers
	if !f.indexed {
		covers = 0
	}
	return f.size-covers > share
}

// aimIndex has the index file of an active segment written along with a checkpoint, if something was learned since a start.
func (s *Store) aimIndex(p *Partition, f *segfile) {
	if !f.sealed && s.state != Opening && s.outgrown(f) && p.segment(f).Index.From < f.size {
		f.due = true
		s.enqueue(p)
	}
}

// driveIndex orders what the index file of f needs.
func (s *Store) driveIndex(p *Partition, f *segfile, out *event.Buf) {
	if !f.wantsIndex() || !f.reached() || f.saving || f.indexing || f.unresolved || !s.proven(f.cutSeq) {
		return
	}
	if p.segment(f).Index.From == 0 {
		s.saveIndex(p, f, out)
		return
	}
	s.learnIndex(p, f, out)
}

// missIndex decides what becomes of an index that its file does not know, but for x. Without anybody who waits, a sealed segment
// waits for one; an active one is walked while that is cheap, so that what a restart has to walk does not grow with each.
func (s *Store) missIndex(p *Partition, f *segfile, x log.Index, out *event.Buf) {
	if len(f.waiting) > 0 {
		s.scanIndex(p, f, x, out)
		return
	}
	known := int64(0)
	if f.indexed {
		known = f.covers
	}
	cheap := p.segment(f).Index.From-known <= 2*s.cfg.SegmentBytes/indexShare
	switch {
	case !f.sealed && !s.outgrown(f): // the file had more than was known of it
		f.due = false
	case !f.sealed && cheap && s.state == Ready:
		s.scanIndex(p, f, x, out)
		return
	default:
		f.due, f.unindexed = false, true
	}
	s.indexKnown(p, f, walkEnded, out)
}

// saveIndex writes the index file of what is in f's segment.
func (s *Store) saveIndex(p *Partition, f *segfile, out *event.Buf) {
	f.due = false
	part := p.segment(f).Below(f.written)
	if invariant.Planted(invariant.CanaryIndexOfUnflushed) {
		part = *p.segment(f)
	}
	if f.indexed && part.Size <= f.covers || part.Size == 0 {
		return
	}
	if part.Size > f.durable && !invariant.Planted(invariant.CanaryIndexOfUnflushed) {
		invariant.Violated("S-18: the index file of segment %d of %s-%d speaks of %d bytes, durable are %d",
			f.base, p.tp.Topic, p.tp.Partition, part.Size, f.durable)
	}
	if !f.sealed {
		out.Hit("store/index-early")
	}
	file := s.path(p, event.FileIndex, f.base)
	content := wrap(magicIndex, encodeIndex(&part))
	f.saving = true
	s.writes++
	saved := func(covers int64, out *event.Buf) {
		f.saving = false
		s.writes--
		if !f.staleIndex { // a truncation came meanwhile
			f.indexed, f.covers = true, covers
		}
		s.enqueue(p)
	}
	s.create(file, func(out *event.Buf) {
		s.writePadded(file, 0, content, false, func(out *event.Buf) { saved(part.Size, out) }, out)
	}, out)
}

// dropIndex removes an index file that a truncation has made wrong.
func (s *Store) dropIndex(p *Partition, f *segfile, out *event.Buf) {
	end := s.begin(p, f)
	s.remove(s.path(p, event.FileIndex, f.base), func(out *event.Buf) {
		f.staleIndex = false
		end(out)
		s.countDone(p, f)
	}, out)
}
