package store

import (
	"errors"
	"fmt"

	"github.com/highwater-log/highwater/core/event"
)

// evidence is what a directory shows before anything of it is believed.
type evidence struct {
	dir         string // of the store, for messages
	hard        [2]slot[Hard]
	side        [2]slot[sidecar]
	images      [2]copyOf
	chunks      int
	partitions  int  // folders, tombstones included
	foreignHere bool // entries that no store makes
}

// slot is one slot of a mirrored file: its value, or why it has none.
type slot[T any] struct {
	value T
	save  uint64
	err   error
}

// copyOf is one checkpoint copy, or why there is none.
type copyOf struct {
	image *image
	err   error
}

// verdict is what a directory is good for.
type verdict struct {
	refusal   *Refusal
	format    bool // it is empty, or its formatting was interrupted before anything could be stored
	hard      Hard
	save      uint64
	image     *image // nil where no checkpoint was ever made
	copy      int    // which copy that is
	older     bool   // the newer checkpoint copy is unusable: the journal must still cover the older one
	rotten    bool   // some slot was unusable and its twin served
	hardFirst int    // the slot of the hard state that is not believed: the next save begins with it
	side      beside // the sidecar, likewise
}

// judge decides whether a directory can be used (J7, J8). A checkpoint moves three generations, in this order and each
// durably before the next: its own copy (C), one slot of the sidecar (S), the hard state (H), the other slot of the sidecar.
// So what crashes leave behind is
//
//	C S H            what happened
//	g g|g g          nothing was under way, or a copy was torn: it is the older one, and not counted
//	g+1 g|g g        a crash behind the copy
//	g+1 g|g+1 g      a crash behind the sidecar's first slot
//	g g-1|g g        a crash behind the hard state
//
// and everything else is another directory's file, an older one put back, or rot. Above all, g+1 g+1|g+1 g is no crash: the
// hard state had said g+1, and everything acknowledged since then would be missing from a journal that came with this one. If
// the newest copy is rotten, C = g-1 is used, provided that the journal still has every frame from its point on; whoever
// replays finds out.
func judge(e *evidence) verdict {
	if v, done := judgeFormat(e); done {
		return v
	}
	v := verdict{}
	hard := pick(e.hard)
	if err := hard.err; errors.Is(err, errNewer) {
		return refuse(e, "its hard state is %v. Start the newer version", err)
	} else if err != nil {
		return refuse(e, "its hard state is not readable (%v), so nobody knows what this broker has promised. "+
			"Restore %s/hard-state from the same moment, or give the broker an empty directory and a new node id", err, e.dir)
	}
	side := pick(e.side)
	if err := side.err; errors.Is(err, errNewer) {
		return refuse(e, "the identity of its segments is %v. Start the newer version", err)
	} else if err != nil {
		return refuse(e, "its segments carry no readable identity (%v): topics/identity is missing or damaged. "+
			"Mount the volume that belongs to %s/topics", err, e.dir)
	}
	if side.value.directory != hard.value.Directory {
		return refuse(e, "its segments belong to directory %s, its journal to directory %s. "+
			"Put back the halves that belong together", side.value.directory, hard.value.Directory)
	}
	v.hard, v.save, v.rotten = hard.value, hard.save, hard.rotten || side.rotten
	v.hardFirst, v.side = 1-hard.index, beside{generation: side.value.generation, other: 1 - side.index}
	for i, c := range e.images {
		if errors.Is(c.err, errNewer) {
			return refuse(e, "a checkpoint is %v. Start the newer version", c.err)
		}
		if c.image != nil && c.image.directory == hard.value.Directory &&
			(v.image == nil || c.image.generation > v.image.generation) {
			v.image, v.copy = c.image, i
		}
	}
	settled := e.side[0].err == nil && e.side[1].err == nil && e.side[0].save == e.side[1].save
	return judgeGenerations(e, v, side.value.generation, settled)
}

// judgeFormat deals with directories that hold nothing yet: a store that was ever ready has a checkpoint and chunks, so one
// without them, and without a whole hard state, has promised nothing to anybody.
func judgeFormat(e *evidence) (verdict, bool) {
	err := pick(e.hard).err
	stored := e.chunks > 0 || e.partitions > 0 || e.images[0].image != nil || e.images[1].image != nil
	switch {
	case err == nil || stored || errors.Is(err, errNewer):
		return verdict{}, false
	case e.foreignHere:
		return refuse(e, "it is not empty and holds no store. Choose an empty directory"), true
	}
	return verdict{format: true}, true
}

// judgeGenerations compares C, S and H, and asks for the journal's files. settled: both slots of the sidecar say the same.
func judgeGenerations(e *evidence, v verdict, side uint64, settled bool) verdict {
	have := uint64(0)
	if v.image != nil {
		have = v.image.generation
	}
	h := v.hard.Generation
	switch {
	case side < h:
		return refuse(e, "its segments are of generation %d, its journal of generation %d: the segments are an older copy. "+
			"Put back the segments that belong to this journal", side, h)
	case side > h+1 || side > h && (settled || have < side):
		return refuse(e, "its segments are of generation %d, its journal of generation %d: the journal is an older copy. "+
			"Put back the journal that belongs to these segments", side, h)
	case have > h+1:
		return refuse(e, "its checkpoint is of generation %d, its hard state of generation %d: the hard state is an older "+
			"copy. Put back the one that belongs to this checkpoint", have, h)
	case have == 0 && h > 0 || have+1 < h:
		return lost(e, "both checkpoint copies are missing or damaged (%v; %v), so nobody knows which offsets are whole. "+
			"Restore the directory, or give the broker an empty one", e.images[0].err, e.images[1].err)
	case v.hard.Ring && e.chunks == 0 && !v.hard.Clean:
		return refuse(e, "its journal is missing: there is no file in %s/journal. Mount the volume that holds it", e.dir)
	}
	v.older = have < h
	return v
}

// choice is the newer whole slot of a mirrored file.
type choice[T any] struct {
	value  T
	save   uint64
	index  int  // of the slot
	rotten bool // the other one should have been whole
	err    error
}

// pick chooses between two slots.
func pick[T any](slots [2]slot[T]) choice[T] {
	a, b := slots[0], slots[1]
	use := func(i int, other error) choice[T] {
		return choice[T]{value: slots[i].value, save: slots[i].save, index: i, rotten: other != nil}
	}
	switch {
	case errors.Is(a.err, errNewer), a.err != nil && b.err != nil && !errors.Is(b.err, errNewer):
		return choice[T]{err: a.err}
	case errors.Is(b.err, errNewer):
		return choice[T]{err: b.err}
	case a.err != nil || b.err == nil && b.save > a.save:
		return use(1, a.err)
	}
	return use(0, b.err)
}

func refuse(e *evidence, format string, args ...any) verdict {
	return verdict{refusal: refusal(event.HaltRefused, e.dir, fmt.Sprintf(format, args...))}
}

func lost(e *evidence, format string, args ...any) verdict {
	return verdict{refusal: refusal(event.HaltLost, e.dir, fmt.Sprintf(format, args...))}
}

func refusal(code event.HaltCode, dir, why string) *Refusal {
	return &Refusal{Code: code, Text: fmt.Sprintf("the data in %s cannot be used: %s. Nothing in it was changed", dir, why)}
}

// refuse ends the store before it has changed anything.
func (s *Store) refuse(code event.HaltCode, why string, out *event.Buf) {
	dir := event.File{Kind: event.DirStore, Store: s.cfg.Machine}.Path()
	s.refuseWith(*refusal(code, dir, why), out)
}

func (s *Store) refuseWith(r Refusal, out *event.Buf) {
	if s.state == Opening {
		s.state, s.refusal, s.opening = Refused, r, nil
		out.Hit("store/refused")
	}
}
