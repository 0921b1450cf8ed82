package store

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
)

// grave is a deleted partition on its way out (D10): the record is durable, its folder is renamed to a tombstone, the
// rename is durable, the tombstone is removed. A grave without a folder is kept until a checkpoint no longer covers
// the deletion's frame by count.
type grave struct {
	p     *Partition
	cover cover
	step  graveStep
}

type graveStep uint8

const (
	graveRecorded graveStep = iota // the record of it is on its way
	graveMoving                    // rename, sync and removal are under way
	graveEmpty                     // nothing is left on the disk
)

// Delete takes the partition tp out of the store. Its files go once the record of it is durable.
func (s *Store) Delete(tp event.TP, out *event.Buf) {
	p := s.Get(tp)
	if p == nil {
		return
	}
	s.closeRun(p, out)
	s.stage(p, journal.Entry{Kind: journal.EntryDelete})
	s.ground(p, -1, 0)
	s.spoil(p, out)
	s.bereave(p, out)
}

// bereave moves p from the partitions to the graves.
func (s *Store) bereave(p *Partition, out *event.Buf) {
	p.dead = true
	if len(p.damage) > 0 {
		p.changed()
	}
	p.tail.cut(-1, out)
	for _, f := range p.files {
		s.unwritten -= f.size - f.written
	}
	i, _ := s.search(p.tp)
	s.parts = slices.Delete(s.parts, i, i+1)
	s.flushed = slices.DeleteFunc(s.flushed, func(q *Partition) bool { return q == p })
	s.gone = append(s.gone, &grave{p: p, cover: p.cover})
}

// bury moves the graves on, each when nothing of its partition is in flight any more, and no earlier one of its name is
// still open.
func (s *Store) bury(out *event.Buf) {
	for i, g := range s.gone {
		recorded := s.proven(g.cover.Seq)
		open := func(o *grave) bool { return o.p.tp == g.p.tp && o.step != graveEmpty }
		if _, waited := s.search(g.p.tp); waited && g.step == graveRecorded {
			s.proveNow(g.cover.Seq, out) // no checkpoint before the new one of that name has files
		}
		if g.step == graveRecorded && recorded && g.p.quiet() && !slices.ContainsFunc(s.gone[:i], open) {
			s.entomb(g, out)
		}
	}
}

// quiet reports whether no operation of the partition's files is under way.
func (p *Partition) quiet() bool {
	quiet := func(f *segfile) bool { return !f.busy && !f.saving && f.readers == 0 }
	for _, f := range p.files {
		if !quiet(f) {
			return false
		}
	}
	for _, f := range p.doomed {
		if !quiet(f) {
			return false
		}
	}
	return true
}

// entomb renames the folder, makes that durable, and removes it. A tombstone that a crash left behind goes first.
func (s *Store) entomb(g *grave, out *event.Buf) {
	g.step = graveMoving
	folder, tomb := s.path(g.p, event.DirPartition, 0), s.path(g.p, event.DirTombstone, 0)
	done := func(out *event.Buf) {
		g.step = graveEmpty
		if i, found := s.search(g.p.tp); found {
			s.enqueue(s.parts[i])
		}
	}
	if !g.p.folder {
		done(out)
		return
	}
	s.remove(tomb, func(out *event.Buf) { s.rename(folder, tomb, done, out) }, out)
}

// rename makes a tombstone of a folder and removes it. There is no folder if a crash came behind an earlier rename.
func (s *Store) rename(folder, tomb event.File, done func(*event.Buf), out *event.Buf) {
	id := s.await(func(ev *event.Event, out *event.Buf) {
		ended := *ev
		if ended.Status == event.StatusNotFound {
			ended.Status = event.StatusOK
		}
		s.must("rename", folder, func(out *event.Buf) {
			s.syncDir(tomb.Dir(), func(out *event.Buf) {
				s.remove(tomb, done, out)
			}, out)
		})(&ended, out)
	})
	out.RenameFile(id, folder, tomb)
}

// replaces reports whether a partition tp waits for the removal of a deleted one of the same name.
func (s *Store) replaces(tp event.TP) bool {
	for _, g := range s.gone {
		if g.p.tp == tp && g.step != graveEmpty {
			return true
		}
	}
	return false
}

// forgetGraves drops the graves that are empty and that no frame from seq on speaks of.
func (s *Store) forgetGraves(seq uint64) {
	s.gone = slices.DeleteFunc(s.gone, func(g *grave) bool { return g.step == graveEmpty && g.cover.Seq < seq })
}
