package store

import (
	"errors"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/log"
	"github.com/highwater-log/highwater/core/record"
)

// An index file's payload, little-endian: base, end and size of its segment, number of entries, and each as offset,
// position and the largest timestamp before it. It is written when the segment is sealed, and a hint: whoever finds it
// missing or bad walks the segment.

const indexEntrySize = 24

func encodeIndex(g *log.Segment) []byte {
	p := put64(nil, g.Base, g.End, g.Size)
	p = put32(p, uint32(len(g.Index.Entries)))
	for _, e := range g.Index.Entries {
		p = put64(p, e.Offset, e.Pos, e.MaxTimestamp)
	}
	return p
}

// decodeIndex reads the index of the segment g.
func decodeIndex(file []byte, g *log.Segment) (x log.Index, err error) {
	p, err := unwrap(magicIndex, file)
	if err != nil {
		return x, err
	}
	f := fields{p: p}
	if f.int64() != g.Base || f.int64() != g.End || f.int64() != g.Size {
		return x, errors.New("it is the index of another segment")
	}
	last := log.IndexEntry{Offset: g.Base, MaxTimestamp: -1}
	for n := f.count(indexEntrySize); n > 0; n-- {
		e := log.IndexEntry{Offset: f.int64(), Pos: f.int64(), MaxTimestamp: f.int64()}
		if e.Offset <= last.Offset || e.Pos <= last.Pos || e.MaxTimestamp < last.MaxTimestamp || e.Offset >= g.End || e.Pos >= g.Size {
			return x, errors.New("its entries are out of order")
		}
		x.Entries, last = append(x.Entries, e), e
	}
	return x, f.err
}

// writeIndex writes the index file of a sealed segment, if the whole index is known.
func (s *Store) writeIndex(p *Partition, f *segfile, out *event.Buf) {
	g := p.segment(f)
	if g.Index.From > 0 {
		f.unindexed = true // it is written when somebody had to build it
		return
	}
	content := wrap(magicIndex, encodeIndex(g))
	file := s.path(p, event.FileIndex, f.base)
	end := s.begin(p, f)
	s.create(file, func(out *event.Buf) {
		s.writePadded(file, 0, content, false, func(out *event.Buf) {
			f.indexed = true
			end(out)
		}, out)
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

// locate finds where a walk to offset begins, once the index of its segment is known.
func (s *Store) locate(p *Partition, offset int64, then func(base, pos int64, why string, out *event.Buf), out *event.Buf) {
	if b := p.tail.holding(offset); b != nil {
		then(b.file.base, b.pos, walkEnded, out)
		return
	}
	segment, pos := p.log.Locate(offset)
	g := &p.log.Segments()[segment]
	f := p.files[segment]
	if offset <= g.Base || g.Index.From <= max(pos, s.cfg.IndexInterval) {
		then(g.Base, pos, walkEnded, out)
		return
	}
	generation := p.log.Generation()
	s.needIndex(p, f, func(why string, out *event.Buf) {
		if p.dead || p.log.Generation() != generation {
			then(0, 0, walkMoved, out)
			return
		}
		if why != walkEnded && p.intact() <= offset {
			then(0, 0, why, out)
			return
		}
		segment, pos := p.log.Locate(offset)
		then(p.log.Segments()[segment].Base, pos, walkEnded, out)
	}, out)
}

// needIndex makes the part of f's index known that is not: from its file if it is sealed, or else by a walk. One job
// serves all who wait.
func (s *Store) needIndex(p *Partition, f *segfile, then func(why string, out *event.Buf), out *event.Buf) {
	f.waiting = append(f.waiting, then)
	if f.indexing {
		return
	}
	f.indexing = true
	if !f.sealed || !f.indexed {
		s.scanIndex(p, f, out)
		return
	}
	g := p.segment(f)
	bound := int64(envelopeSize+32) + (g.Size/s.cfg.IndexInterval+1)*indexEntrySize
	generation := p.log.Generation()
	f.hold()
	s.fetch(s.path(p, event.FileIndex, f.base), 0, bound, func(data []byte, why string, out *event.Buf) {
		s.letGo(p, f)
		if p.dead || p.log.Generation() != generation || p.file(f.base) != f {
			s.indexKnown(p, f, walkMoved, out)
			return
		}
		g := p.segment(f)
		x, err := decodeIndex(data, g)
		if why != "" || err != nil {
			out.Hit("store/index-bad")
			f.indexed = false
			s.scanIndex(p, f, out)
			return
		}
		p.log.KnowIndex(f.base, x)
		s.indexKnown(p, f, walkEnded, out)
	}, out)
}

// scanIndex builds the index of f by a walk over it.
func (s *Store) scanIndex(p *Partition, f *segfile, out *event.Buf) {
	out.Hit("store/index-rebuilt")
	x := log.NewScanner(s.cfg.IndexInterval)
	from := p.segment(f).Index.From
	w := s.newWalk(p, f.base, 0)
	w.only = true
	w.visit = func(b record.Batch, _, pos int64) bool {
		if pos >= from {
			return false
		}
		x.Batch(b.BaseOffset(), pos, b.MaxTimestamp())
		return true
	}
	w.done = func(_ *walk, why string, out *event.Buf) {
		if why == walkEnded {
			p.log.KnowIndex(f.base, x.Index)
			f.unindexed = false
			p.keepBusy(f)
			s.enqueue(p)
		}
		s.indexKnown(p, f, why, out)
	}
	w.run(out)
}

// indexKnown tells those who wait.
func (s *Store) indexKnown(p *Partition, f *segfile, why string, out *event.Buf) {
	f.indexing = false
	waiting := f.waiting
	f.waiting = nil
	for _, then := range waiting {
		then(why, out)
	}
}
