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

func (s *Store) writeSidecar(generation uint64, then func(*event.Buf), out *event.Buf) {
	file := event.File{Kind: event.FileSidecar, Store: s.cfg.Machine}
	payload := encodeSidecar(sidecar{directory: s.hard.wanted.Directory, generation: generation})
	s.writeSlots(file, magicSidecar, s.sideFirst, payload, then, out)
}
