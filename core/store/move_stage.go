package store

import (
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// look reads the small files of the old set.
func (m *Move) look(out *event.Buf) {
	m.step = moveLooking
	for _, s := range m.shards[:m.from] {
		s.opening = &opening{}
		s.opening.evidence.dir = s.dir(event.DirStore).Path()
		s.look(out)
	}
}

// looking reports whether a shard's files are still being read.
func (m *Move) looking() bool {
	return slices.ContainsFunc(m.shards[:m.from], func(s *Store) bool { return s.opening.waiting > 0 })
}

// deal makes the images of the new set of those of the old one, once they are all read.
func (m *Move) deal(out *event.Buf) {
	m.images = make([]*image, m.cfg.To)
	for i := range m.images {
		m.images[i] = &image{directory: SetDirectory(m.set, i), generation: 1, seq: 1}
	}
	for i, s := range m.shards[:m.from] {
		if why := m.dealOut(i, s); why != "" {
			m.refuse(event.HaltRefused, "the number of shards cannot be changed from %d to %d: %s. Nothing was changed; start with "+
				"%d shards, or put this right first", m.from, m.cfg.To, why, m.from)
			return
		}
		s.opening = nil
	}
	for _, img := range m.images {
		slices.SortFunc(img.parts, func(a, b imagePartition) int { return a.tp.Compare(b.tp) })
	}
	m.stage(out)
}

// dealOut gives every partition of the old shard i to a new one, or says why it cannot.
func (m *Move) dealOut(i int, s *Store) string {
	o := s.opening
	v := judge(&o.evidence)
	folder := o.evidence.dir
	switch {
	case v.refusal != nil:
		return v.refusal.Text
	case v.format || v.image == nil:
		return folder + " is missing, or holds no store"
	case !v.hard.Clean && !invariant.Planted(invariant.CanaryShardsUndrained) || v.older || v.image.generation != v.hard.Generation:
		return folder + " was not stopped cleanly"
	case i >= m.cfg.To && o.foreign:
		return folder + " would be removed, and holds files that no broker has made"
	}
	for k := range v.image.parts {
		p := v.image.parts[k]
		if at := m.cfg.Place(p.tp, m.from); at != i {
			return fmt.Sprintf("%s holds partition %s-%d, which belongs to shard-%d", folder, p.tp.Topic, p.tp.Partition, at)
		}
		p.count = 0
		img := m.images[m.cfg.Place(p.tp, m.cfg.To)]
		img.parts = append(img.parts, p)
	}
	for _, f := range o.folders {
		known := func(p imagePartition) bool { return p.tp == f.File.TP() }
		if i >= m.cfg.To && !slices.ContainsFunc(v.image.parts, known) {
			return fmt.Sprintf("%s would be removed, and holds the folder %s, of which its checkpoint does not know", folder, f.File.Path())
		}
	}
	return ""
}

// stage writes the images, two copies of each, where nobody looks for them.
func (m *Move) stage(out *event.Buf) {
	m.step = moveStaging
	for i, img := range m.images {
		s := m.shards[i]
		data := wrap(magicCheckpoint, img.encode())
		for k := range stagedCopies {
			m.waiting++
			s.rewrite(s.stagedFile(k), data, func(*event.Buf) { m.waiting-- }, out)
		}
	}
	m.images = nil
}

// rewrite makes file and writes content over whatever it holds. Durable after SyncFs.
func (s *Store) rewrite(file event.File, content []byte, then func(*event.Buf), out *event.Buf) {
	s.create(file, func(out *event.Buf) {
		s.truncate(file, 0, func(out *event.Buf) {
			s.writePadded(file, 0, content, false, then, out)
		}, out)
	}, out)
}
