package store

import (
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/record"
)

// recovered takes the journal's verdict. Nothing on the disk has been changed so far.
func (s *Store) recovered(rec *journal.Recovery, out *event.Buf) {
	o := s.opening
	o.recovery = rec
	if rec.Lost != "" {
		s.refuse(event.HaltLost, "acknowledged data is missing from its journal: "+rec.Lost+
			". Restore the directory, or give the broker an empty one", out)
		return
	}
	if m := o.verdict.image; o.verdict.older && rec.Next > m.seq && (len(rec.Frames) == 0 || rec.Frames[0].Seq > m.seq) {
		s.refuse(event.HaltLost, fmt.Sprintf("checkpoint %d is damaged, and the journal no longer has frame %d, from which "+
			"checkpoint %d could be continued. Restore the directory, or give the broker an empty one",
			s.hard.durable.Generation, m.seq, m.generation), out)
		return
	}
	if o.verdict.older {
		out.Hit("store/older-checkpoint")
	}
	o.step = openFetching
	s.fetchDirect(rec, out)
}

// fetched replays what the journal holds, once it is known what the segments hold of it.
func (s *Store) fetched(out *event.Buf) {
	o := s.opening
	rec := o.recovery
	s.judgeDirect(rec, o.asked, out)
	o.asked = nil
	if rec.Torn {
		out.Hit("store/torn-recovered")
	}
	if why := s.replay(rec, out); why != "" {
		s.refuse(event.HaltLost, "its journal contradicts its checkpoint: "+why, out)
		return
	}
	if why := s.putBack(); why != "" {
		s.refuse(event.HaltLost, why, out)
		return
	}
	o.step = openSettling
	s.settleFolders(out)
}

// putBack says why the hard state is older than the logs: a term is durable before anything of it is led. It is asked before anything
// is written, so that the right hard state can still be put back.
func (s *Store) putBack() string {
	if s.cfg.Machine != event.Home {
		return ""
	}
	for _, p := range s.parts {
		if epoch := p.log.LastEpoch(); epoch > s.hard.durable.Term {
			return fmt.Sprintf("its hard state has term %d, and its log was led in term %d: an older hard state was put back. "+
				"Restore the data directory from one moment", s.hard.durable.Term, epoch)
		}
	}
	return ""
}

// settleFolders lists the folders of the partitions, to compare them with the books.
func (s *Store) settleFolders(out *event.Buf) {
	o := s.opening
	for _, g := range s.gone {
		g.p.folder = o.found(event.DirPartition, g.p.tp)
	}
	for _, p := range s.parts {
		if s.replaces(p.tp) || !o.found(event.DirPartition, p.tp) {
			s.settle(p, nil, out)
			continue
		}
		p.folder = true
		o.waiting++
		s.list(s.path(p, event.DirPartition, 0), func(files []event.FileInfo, out *event.Buf) {
			o.waiting--
			s.settle(p, files, out)
		}, out)
	}
}

// settle compares p's files with its books: a file that is not in them goes; one that is missing or short although the
// checkpoint vouches for its bytes is damage, by name.
func (s *Store) settle(p *Partition, files []event.FileInfo, out *event.Buf) {
	for _, info := range files {
		f := p.file(info.File.Base)
		switch {
		case info.File.Kind == event.FileSegment && f != nil:
			f.exists, f.rooted, f.length = true, true, info.Size // its entry is synced before anything is written
		case info.File.Kind == event.FileIndex && f != nil:
			f.indexed = f.speaks()
			f.staleIndex = !f.indexed
		case info.File.Kind == event.FileSegment || info.File.Kind == event.FileIndex:
			p.stray(info.File.Base)
		}
	}
	for i, f := range p.files {
		g := p.log.Segments()[i]
		if f.unresolved && f.length > 0 && f.length < f.written {
			// The cut was found and made before the crash: it lies at the end of the file, or before it.
			f.shrink(f.length)
			f.unresolved = true
		}
		if f.written > 0 && (!f.exists || f.length < f.written) {
			out.Hit("store/segment-missing")
			p.hurt(Damage{From: g.Base, To: max(g.End, g.Base+1), Kept: true, Why: fmt.Sprintf(
				"are not in their segment: %s has %d of %d bytes", s.path(p, event.FileSegment, f.base).Path(), f.length, f.written)})
			f.head = make([]byte, f.written-floorBlock(f.written))
		}
		p.keepBusy(f)
	}
}

// finishGeneration takes a checkpoint to its end that a crash has left half told: sidecar and hard state follow it before
// another one is made. Otherwise crash after crash would lead them further apart.
func (s *Store) finishGeneration(out *event.Buf) {
	generation := s.ckpt.generation
	done := func(*event.Buf) { s.opening.waiting-- }
	if generation == s.hard.durable.Generation {
		done(out)
		return
	}
	out.Hit("store/recovery-interrupted")
	s.announceSidecar(generation, func(out *event.Buf) {
		s.saveHard(func(h *Hard) { h.Generation = generation }, func(out *event.Buf) { s.settleSidecar(done, out) }, out)
	}, out)
}

// stray has the files of the segment base removed, which the books do not know any more. Should a segment begin there before
// they are gone, an index file is stale for it.
func (p *Partition) stray(base int64) {
	for _, d := range p.doomed {
		if d.base == base {
			d.exists, d.indexed = true, true
			return
		}
	}
	p.doomed = append(p.doomed, &segfile{base: base, exists: true, indexed: true})
}

// mend does what needs reads before everything can be written: partial blocks, cuts, derived state.
func (s *Store) mend(out *event.Buf) {
	for _, g := range s.gone {
		if g.step == graveRecorded && g.p.folder {
			out.Hit("store/tombstone-resumed")
		}
	}
	s.bury(out)
	for _, info := range s.opening.folders {
		if info.File.Kind == event.DirTombstone && !s.replaces(info.File.TP()) {
			s.opening.waiting++
			out.Hit("store/tombstone-resumed")
			s.remove(info.File, func(*event.Buf) { s.opening.waiting-- }, out)
		}
	}
	for _, p := range s.parts {
		for _, f := range slices.Clone(p.busy) {
			s.mendHead(p, f, out)
		}
	}
}

// startMending begins the walks over segments that the books need.
func (s *Store) startMending(out *event.Buf) {
	for _, p := range s.parts {
		for _, f := range p.busy {
			if f.unresolved {
				s.resolve(p, f, out)
			}
		}
		s.rebuildDerived(p, out)
	}
}

// mendHead finds the bytes of f's partial block that are in the file: those that the journal has (a rewrite may have torn
// the block), or else those of the block itself, if they are what the checkpoint saw.
func (s *Store) mendHead(p *Partition, f *segfile, out *event.Buf) {
	n := f.written - floorBlock(f.written)
	if n == 0 || int64(len(f.head)) == n || f.written == f.size && f.length == f.size && f.sealed {
		return
	}
	o := s.opening
	o.waiting++
	s.fetch(s.path(p, event.FileSegment, f.base), floorBlock(f.written), f.written,
		func(data []byte, why string, out *event.Buf) {
			o.waiting--
			if why == "" && int64(len(data)) != n {
				why = "the file is too short"
			}
			if why == "" && f.vouched && f.headCRC != record.Checksum(data) {
				why = "the last block is not what was written"
			}
			f.head = slices.Clone(data)
			if why == "" {
				return
			}
			out.Hit("store/head-lost")
			f.head = make([]byte, n)
			p.hurt(Damage{From: p.segment(f).Base, To: p.segment(f).End, Kept: true, Why: "cannot be continued: " + why})
		}, out)
}

// mended writes everything behind and makes the checkpoint, once nothing of the state is unknown.
func (s *Store) mended(out *event.Buf) {
	o := s.opening
	if o.step != openMending {
		return
	}
	s.bury(out)
	for _, g := range s.gone {
		if g.step != graveEmpty {
			return
		}
	}
	s.startMending(out)
	if s.unsettled() || s.state != Opening {
		return
	}
	o.step = openWriting
	s.behind = true
	seq := o.recovery.Next
	if m := o.verdict.image; m != nil {
		seq = max(seq, m.seq)
	}
	s.lastSeq = max(seq, 1) - 1
	for _, p := range s.parts {
		p.log.Flush(p.log.End())
		for _, f := range p.files {
			f.durable = f.size
		}
		p.cover = cover{}
		s.enqueue(p)
	}
	s.gone = nil
	s.beginCheckpoint(out)
}

// freshIncarnation is the change of the hard state that ends recovery: what was recovered is durable in the segments, so
// the old incarnation's frames are dead from here on, those behind a cut too.
func (s *Store) freshIncarnation(generation uint64) func(*Hard) {
	next := s.lastSeq + 1
	rec := s.opening.recovery
	return func(h *Hard) {
		h.Generation, h.Clean = generation, false
		if invariant.Planted(invariant.CanaryTornFrameReturns) && len(rec.Frames) > 0 {
			h.Super.Durable = rec.Durable
			h.Super.First = rec.Frames[len(rec.Frames)-1].Seq + 1
			return
		}
		h.Super.Incarnation++
		h.Super.First, h.Super.Durable = next, next
	}
}

// beginIncarnation starts the journal on what is now an empty ring. Nothing of the ring is wanted any more, so what cannot be read
// there is written first, one block after the other.
func (s *Store) beginIncarnation(out *event.Buf) {
	s.opening.recovery.Frames = nil
	if holes := s.opening.recovery.Unread; len(holes) > 0 {
		out.Hit("store/ring-rewritten")
		at := holes[0]
		n := min(at.To-at.From, event.BlockSize)
		if holes[0].From += n; holes[0].From >= at.To {
			s.opening.recovery.Unread = holes[1:]
		}
		file := event.File{Kind: event.FileChunk, Store: s.cfg.Machine, Base: at.Chunk}
		s.writePadded(file, at.From, make([]byte, n), true, s.beginIncarnation, out)
		return
	}
	s.opening.step = openBeginning
	super := s.hard.durable.Super
	s.lastSeq, s.reused = super.First-1, super.First
	s.journal.Begin(s.now, super, out)
}

// becomeReady opens the store for use.
func (s *Store) becomeReady() {
	s.opening = nil
	s.state = Ready
	s.dirtySince = event.Never
	if s.stopAsked {
		s.state = Stopping
	}
}
