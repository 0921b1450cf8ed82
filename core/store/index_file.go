package store

import (
	"errors"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/log"
	"github.com/highwater-log/highwater/core/record"
)

// An index file's payload, little-endian: base, end and size of what it speaks of, number of entries, and each as offset,
// position and the largest timestamp before it. It speaks of a segment, or of its first bytes (index_save.go), and is a
// hint: who finds it missing or bad, or wants what lies behind it, walks the segment.

const (
	indexHead      = 28
	indexEntrySize = 24
)

func encodeIndex(g *log.Segment) []byte {
	p := make([]byte, 0, indexHead+len(g.Index.Entries)*indexEntrySize)
	p = put64(p, g.Base, g.End, g.Size)
	p = put32(p, uint32(len(g.Index.Entries)))
	for _, e := range g.Index.Entries {
		p = put64(p, e.Offset, e.Pos, e.MaxTimestamp)
	}
	return p
}

// decodeIndex reads the index of the segment g, which may speak of its first bytes only: those below size.
func decodeIndex(file []byte, g *log.Segment) (x log.Index, size int64, err error) {
	p, err := unwrap(magicIndex, file)
	if err != nil {
		return x, 0, err
	}
	f := fields{p: p}
	base, end, size := f.int64(), f.int64(), f.int64()
	if base != g.Base || end <= base || end > g.End || size <= 0 || size > g.Size || (end == g.End) != (size == g.Size) {
		return x, 0, errors.New("it is the index of another segment")
	}
	last := log.IndexEntry{Offset: g.Base, MaxTimestamp: -1}
	for n := f.count(indexEntrySize); n > 0; n-- {
		e := log.IndexEntry{Offset: f.int64(), Pos: f.int64(), MaxTimestamp: f.int64()}
		if e.Offset <= last.Offset || e.Pos <= last.Pos || e.MaxTimestamp < last.MaxTimestamp || e.Offset >= end || e.Pos >= size {
			return x, 0, errors.New("its entries are out of order")
		}
		x.Entries, last = append(x.Entries, e), e
	}
	return x, size, f.err
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

// needIndex makes the part of f's index known that is not. One job serves all who wait.
func (s *Store) needIndex(p *Partition, f *segfile, then func(why string, out *event.Buf), out *event.Buf) {
	f.waiting = append(f.waiting, then)
	if !f.indexing {
		s.learnIndex(p, f, out)
	}
}

// learnIndex looks for it in f's index file, and walks over what that lacks.
func (s *Store) learnIndex(p *Partition, f *segfile, out *event.Buf) {
	f.indexing = true
	if !f.indexed {
		s.missIndex(p, f, log.Index{}, out)
		return
	}
	g := p.segment(f)
	bound := int64(envelopeSize+indexHead) + (g.Size/s.cfg.IndexInterval+1)*indexEntrySize
	generation := p.log.Generation()
	f.hold()
	s.fetch(s.path(p, event.FileIndex, f.base), 0, bound, func(data []byte, why string, out *event.Buf) {
		s.letGo(p, f)
		if p.dead || p.log.Generation() != generation || p.file(f.base) != f {
			s.indexKnown(p, f, walkMoved, out)
			return
		}
		g := p.segment(f)
		x, covers, err := decodeIndex(data, g)
		if why != "" || err != nil {
			out.Hit("store/index-bad")
			f.indexed = false
			s.missIndex(p, f, log.Index{}, out)
			return
		}
		if f.covers = covers; covers < g.Index.From {
			s.missIndex(p, f, x, out)
			return
		}
		p.log.KnowIndex(f.base, x)
		s.indexKnown(p, f, walkEnded, out)
	}, out)
}

// scanIndex makes f's index known by a walk over what x does not know.
func (s *Store) scanIndex(p *Partition, f *segfile, x log.Index, out *event.Buf) {
	out.Hit("store/index-rebuilt")
	scan, offset, pos := log.Resume(s.cfg.IndexInterval, f.base, x)
	from := p.segment(f).Index.From
	misled := false
	w := s.newWalk(p, f.base, pos)
	w.only, w.offset, w.want = true, offset, min(from-pos, w.want)
	w.room = func(int64) int64 { return max(from-w.pos, 0) }
	w.visit = func(b record.Batch, _, at int64) bool {
		switch {
		case at == 0 && pos > 0: // nothing was at pos
			scan, pos, f.indexed = log.NewScanner(s.cfg.IndexInterval), 0, false
		case at == pos && b.BaseOffset() != offset:
			misled, f.indexed = true, false
			return false
		case at >= from:
			return false
		}
		scan.Batch(b.BaseOffset(), at, b.MaxTimestamp())
		return true
	}
	w.done = func(_ *walk, why string, out *event.Buf) {
		if misled {
			out.Hit("store/index-misled")
			s.scanIndex(p, f, log.Index{}, out)
			return
		}
		if why == walkEnded {
			p.log.KnowIndex(f.base, scan.Index)
			f.unindexed = false
		} else {
			f.due, f.unindexed = false, why != walkMoved
		}
		s.indexKnown(p, f, why, out)
	}
	w.run(out)
}

// indexKnown tells those who wait, and has the file written if it is to be.
func (s *Store) indexKnown(p *Partition, f *segfile, why string, out *event.Buf) {
	f.indexing = false
	waiting := f.waiting
	f.waiting = nil
	for _, then := range waiting {
		then(why, out)
	}
	if !p.dead && p.file(f.base) == f {
		p.keepBusy(f)
		s.driveIndex(p, f, out)
	}
}
