package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
)

// read reads the staged images back: from here on they are all that counts.
func (m *Move) read(out *event.Buf) {
	m.step = moveReading
	m.images = make([]*image, m.cfg.To)
	for i, s := range m.shards[:m.cfg.To] {
		m.waiting++
		s.list(s.dir(event.DirStore), func(files []event.FileInfo, out *event.Buf) {
			m.waiting--
			for _, f := range files {
				if f.File.Kind == event.FileCheckpoint && f.File.Base >= stagedFirst && f.Size > 0 {
					m.readCopy(i, f, out)
				}
			}
		}, out)
	}
}

func (m *Move) readCopy(i int, f event.FileInfo, out *event.Buf) {
	s := m.shards[i]
	m.waiting++
	s.fetch(f.File, 0, f.Size, func(data []byte, why string, out *event.Buf) {
		m.waiting--
		img, err := decodeImage(s.settings(), data)
		switch {
		case why != "" || err != nil:
			out.Hit("store/staged-copy-rotten")
		case img.directory == SetDirectory(m.set, i):
			m.images[i] = img
		}
	}, out)
}

// make gives each new store its folder and small files, as empty ones, and plans what is to be carried. The journal goes: its
// frames are in the images.
func (m *Move) make(out *event.Buf) {
	m.step = moveMaking
	m.carry, m.next, m.total = nil, 0, 0
	for i, s := range m.shards[:m.cfg.To] {
		if m.images[i] == nil {
			m.refuse(event.HaltLost, "the change from %d to %d shards cannot be finished: neither %s nor %s is whole. "+
				"Restore the data directory from a copy", m.from, m.cfg.To, s.stagedFile(0).Path(), s.stagedFile(1).Path())
			return
		}
		for _, p := range m.images[i].parts {
			if from := m.cfg.Place(p.tp, m.from); from != i {
				m.carry = append(m.carry, carriage{p.tp, from, i})
			}
		}
		m.waiting++
		s.remove(s.dir(event.DirJournal), func(out *event.Buf) {
			m.waiting--
			m.makeFiles(i, out)
		}, out)
	}
	m.total = len(m.carry)
}

// makeFiles writes the small files of the new shard i: those of a store that stopped cleanly behind its first checkpoint.
func (m *Move) makeFiles(i int, out *event.Buf) {
	s := m.shards[i]
	directory := SetDirectory(m.set, i)
	hard := Hard{
		Directory: directory, Node: -1, Vote: -1, Generation: 1, Clean: true,
		Super: journal.Superblock{Secret: s.cfg.Secret, Incarnation: 1, First: 1, Durable: 1},
	}
	image := s.dir(event.FileCheckpoint)
	other := image
	other.Base = 1
	m.waiting += 4
	done := func(*event.Buf) { m.waiting-- }
	s.rewrite(s.dir(event.FileHardState), twice(wrap(magicHard, encodeHard(&hard, 1))), done, out)
	s.rewrite(s.dir(event.FileSidecar), twice(wrap(magicSidecar, encodeSidecar(sidecar{directory, 1}))), done, out)
	s.rewrite(image, wrap(magicCheckpoint, m.images[i].encode()), done, out)
	s.create(other, func(out *event.Buf) { s.truncate(other, 0, done, out) }, out)
}

// twice is a file of two slots that say the same.
func twice(slot []byte) []byte {
	p := make([]byte, slotsSize)
	copy(p, slot)
	copy(p[slotSize:], slot)
	return p
}

// carryAtOnce bounds the renames under way.
const carryAtOnce = 32

// fill begins renames until enough are under way. The folders of the new stores are there: so a folder that is not found is one
// that was moved before a crash, or of a partition that has no files yet.
func (m *Move) fill(out *event.Buf) {
	for m.waiting < carryAtOnce && m.next < len(m.carry) && m.step == moveCarrying {
		c := m.carry[m.next]
		m.next++
		m.waiting++
		s := m.shards[c.from]
		from := event.File{Kind: event.DirPartition, Store: s.cfg.Machine, Topic: c.tp.Topic, Partition: c.tp.Partition}
		to := from
		to.Store = m.shards[c.to].cfg.Machine
		id := s.await(func(ev *event.Event, out *event.Buf) {
			ended := *ev
			if ended.Status == event.StatusNotFound {
				out.Hit("store/move-nothing-to-carry")
				ended.Status = event.StatusOK
			}
			s.must("rename", from, func(out *event.Buf) {
				m.waiting--
				m.fill(out)
			})(&ended, out)
		})
		out.RenameFile(id, from, to)
	}
}

// clear removes the folders of shards that there are no more. What was carried out of them is durable (S-17).
func (m *Move) clear(out *event.Buf) {
	m.step = moveClearing
	for i := m.cfg.To; i < m.from; i++ {
		m.waiting++
		m.shards[i].remove(m.shards[i].dir(event.DirStore), func(*event.Buf) { m.waiting-- }, out)
	}
}
