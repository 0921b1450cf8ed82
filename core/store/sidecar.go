package store

import "github.com/highwater-log/highwater/core/event"

// sidecar lies beside the segments and says whose they are: with hard state and checkpoint it tells whether journal and
// segments belong together (J8).
type sidecar struct {
	directory  event.UUID
	generation uint64 // of the last checkpoint
}

func encodeSidecar(c sidecar) []byte {
	return put64(append([]byte(nil), c.directory[:]...), int64(c.generation))
}

// decodeSidecar reads one slot.
func decodeSidecar(slot []byte) (c sidecar, err error) {
	p, err := unwrap(magicSidecar, slot)
	if err != nil {
		return c, err
	}
	f := fields{p: p}
	c = sidecar{directory: f.uuid(), generation: f.uint64()}
	return c, f.err
}

// beside is what a running store knows of its sidecar.
type beside struct {
	generation uint64 // that one of its slots holds durably
	other      int    // the other slot, which may hold an older one: the next write goes there
}

// announceSidecar makes one slot say that the generation is coming; the hard state follows, then settleSidecar. A slot that
// says so already is left alone: the other one must not say it before the hard state does.
func (s *Store) announceSidecar(generation uint64, then func(*event.Buf), out *event.Buf) {
	if s.side.generation == generation {
		then(out)
		return
	}
	s.writeSidecar(generation, then, out)
}

// settleSidecar makes both slots say what the hard state says by now. From here on a hard state that is behind is an older
// copy, and no crash of ours (J8).
func (s *Store) settleSidecar(then func(*event.Buf), out *event.Buf) {
	s.writeSidecar(s.side.generation, then, out)
}

func (s *Store) writeSidecar(generation uint64, then func(*event.Buf), out *event.Buf) {
	file := event.File{Kind: event.FileSidecar, Store: s.cfg.Machine}
	slot := wrap(magicSidecar, encodeSidecar(sidecar{directory: s.hard.wanted.Directory, generation: generation}))
	s.writePadded(file, int64(s.side.other)*slotSize, slot, true, func(out *event.Buf) {
		s.side = beside{generation: generation, other: 1 - s.side.other}
		then(out)
	}, out)
}
