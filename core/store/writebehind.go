package store

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// maxWrites is how many writes and other file operations of segments are under way at a time: with maxWrite, the bound
// on the memory of the copies.
const maxWrites = 16

// enqueue has the files of p looked at.
func (s *Store) enqueue(p *Partition) {
	if !p.queued && !p.dead {
		p.queued = true
		s.work = append(s.work, p)
	}
}

// drive gives work to the disk while there is some and the bound allows it.
func (s *Store) drive(out *event.Buf) {
	for len(s.work) > 0 && s.writes < maxWrites && s.state != Failed && s.behind {
		p := s.work[0]
		s.work = s.work[1:]
		p.queued = false
		if p.dead || s.replaces(p.tp) {
			continue
		}
		s.drivePartition(p, out)
	}
}

func (s *Store) drivePartition(p *Partition, out *event.Buf) {
	for _, f := range slices.Clone(p.doomed) {
		s.driveDoomed(p, f, out)
	}
	for _, f := range slices.Clone(p.busy) {
		s.driveFile(p, f, out)
	}
	p.busy = slices.DeleteFunc(p.busy, func(f *segfile) bool { return f.sealed && f.settled() })
}

// begin marks f as busy with an operation. The returned function ends it and has the partition looked at again.
func (s *Store) begin(p *Partition, f *segfile) (end func(*event.Buf)) {
	f.busy = true
	s.writes++
	return func(out *event.Buf) {
		f.busy = false
		s.writes--
		s.enqueue(p)
		parked := f.parked
		f.parked = nil
		for _, w := range parked {
			w.run(out)
		}
	}
}

// driveFile orders the next operation of a segment's file, if it needs one and none is under way.
func (s *Store) driveFile(p *Partition, f *segfile, out *event.Buf) {
	s.pass(p, f, out)
	s.driveIndex(p, f, out)
	if f.busy || f.saving && f.staleIndex || f.readers > 0 && (f.laps > 0 || f.staleIndex) {
		return
	}
	if f.unresolved {
		s.resolve(p, f, out)
		return
	}
	cut := s.proven(f.cutSeq) // its record is durable, and known to be
	if !cut && f.counted {
		s.journal.Demand(f.cutSeq, s.now, out)
		s.proveNow(f.cutSeq, out)
	}
	from, to, ok := f.nextWrite(int64(s.cfg.WriteBehind))
	switch {
	case f.laps > 0 && !cut: // what was in the file may still be needed, or is being written
	case f.staleIndex:
		if cut {
			s.dropIndex(p, f, out)
		}
	case ok && !f.exists:
		s.createSegment(p, f, out)
	case f.wanted && !f.rooted && f.madeSeq < s.journal.Durable():
		s.root(p, f, out)
	case s.reservesMore(f):
		s.reserveSegment(p, f, out)
	case ok:
		s.writeSegment(p, f, from, to, out)
	case f.exact && f.exists && f.written >= f.size && f.length != f.size:
		if f.readers == 0 && cut {
			s.cutSegment(p, f, out)
		}
	}
}

func (s *Store) createSegment(p *Partition, f *segfile, out *event.Buf) {
	end := s.begin(p, f)
	p.folder = true
	s.create(s.path(p, event.FileSegment, f.base), func(out *event.Buf) {
		f.exists, f.length = true, 0
		end(out)
	}, out)
}

// root makes the file exist so that a power cut leaves it: direct writes begin then.
func (s *Store) root(p *Partition, f *segfile, out *event.Buf) {
	end := s.begin(p, f)
	sync := func(out *event.Buf) {
		s.syncDir(s.path(p, event.DirPartition, 0), func(out *event.Buf) {
			f.rooted = true
			end(out)
		}, out)
	}
	if f.exists {
		sync(out)
		return
	}
	p.folder = true
	s.create(s.path(p, event.FileSegment, f.base), func(out *event.Buf) {
		f.exists, f.length = true, 0
		sync(out)
	}, out)
}

// maxReserve bounds how many bytes a file is longer than its segment, beyond what the next batches take.
const maxReserve = 32 << 20

// ahead is how much of f is reserved at a time: as much as there is, within bounds.
func (s *Store) ahead(f *segfile) int64 {
	return ceilBlock(min(max(f.size, 8*int64(s.cfg.DirectBytes)), maxReserve))
}

// reservesMore reports whether direct writes would soon have to make the file longer.
func (s *Store) reservesMore(f *segfile) bool {
	return f.wanted && f.rooted && !f.sealed && !f.exact && !f.unreserved && s.state == Ready &&
		f.length-f.submitted < s.ahead(f)/2
}

// reserveSegment makes the file longer than its segment. A cut takes what is left of that: when the segment is sealed, or the
// store stops. A full disk is no failure: it shows when something is written.
func (s *Store) reserveSegment(p *Partition, f *segfile, out *event.Buf) {
	out.Hit("store/segment-reserved")
	end := s.begin(p, f)
	size := ceilBlock(f.submitted) + s.ahead(f)
	file := s.path(p, event.FileSegment, f.base)
	id := s.await(func(ev *event.Event, out *event.Buf) {
		if ev.Status == event.StatusNoSpace {
			f.unreserved = true
			end(out)
			return
		}
		s.must("reserve", file, func(out *event.Buf) {
			f.length = max(f.length, size)
			end(out)
		})(ev, out)
	})
	out.AllocateFile(id, file, size)
}

// writeSegment writes the bytes [from, to) of a segment, padded with zeros to whole blocks.
func (s *Store) writeSegment(p *Partition, f *segfile, from, to int64, out *event.Buf) {
	s.checkRewrite(p, f, out)
	memory := s.cfg.Alloc(int(ceilBlock(to) - from))
	data := memory.Bytes[:ceilBlock(to)-from]
	f.gather(data[:to-from], &p.tail, from)
	clear(data[to-from:])
	lap := f.laps
	f.submitted = max(f.submitted, to)
	end := s.begin(p, f)
	s.write(s.path(p, event.FileSegment, f.base), from, data, false, func(out *event.Buf) {
		f.length = max(f.length, from+int64(len(data)))
		if f.laps == lap {
			s.wrote(p, f, from, to, data, out)
		}
		out.Drop(memory)
		end(out)
	}, out)
}

// checkRewrite keeps J4: a block that is partially in the file is written again only while the journal has its prefix.
func (s *Store) checkRewrite(p *Partition, f *segfile, out *event.Buf) {
	if f.written%event.BlockSize == 0 {
		return
	}
	if f.prefixSeq < s.reused && s.state != Opening {
		invariant.Violated("S-3: segment %d of %s-%d: block at %d is rewritten, the journal begins at frame %d, its prefix is in %d",
			f.base, p.tp.Topic, p.tp.Partition, floorBlock(f.written), s.reused, f.prefixSeq)
	}
	out.Hit("store/partial-rewritten")
}

// wrote moves f's written end to to: data went to the file at from. A cut may have come meanwhile.
func (s *Store) wrote(p *Partition, f *segfile, from, to int64, data []byte, out *event.Buf) {
	to = min(to, f.size)
	if to < f.written || to == f.written && !f.suspect || p.dead {
		return
	}
	f.suspect = false
	s.unwritten -= to - f.written
	f.written = to
	f.head = slices.Clone(data[floorBlock(to)-from : to-from])
	s.warm(p, out)
	s.countDone(p, f)
	s.pass(p, f, out)
}

func (s *Store) cutSegment(p *Partition, f *segfile, out *event.Buf) {
	end := s.begin(p, f)
	size := f.size
	s.truncate(s.path(p, event.FileSegment, f.base), size, func(out *event.Buf) {
		f.length = size
		end(out)
		s.countDone(p, f)
	}, out)
}

// driveDoomed removes a file that the log has given up, index first, once the record of that is durable.
func (s *Store) driveDoomed(p *Partition, f *segfile, out *event.Buf) {
	if f.busy || f.saving || f.readers > 0 || !s.proven(f.cutSeq) {
		return
	}
	if !f.exists {
		p.doomed = slices.DeleteFunc(p.doomed, func(d *segfile) bool { return d == f })
		return
	}
	f.rooted = false
	end := s.begin(p, f)
	s.remove(s.path(p, event.FileIndex, f.base), func(out *event.Buf) {
		s.remove(s.path(p, event.FileSegment, f.base), func(out *event.Buf) {
			f.exists, f.length = false, 0
			end(out)
		}, out)
	}, out)
}
