package store

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// checkpointPhase is how far the checkpoint under way has come. Each step waits for the one before it:
//
//	writing   every byte that the image speaks of is being written to its segment, partial blocks included
//	syncing   SyncFs makes these bytes, and the files and cuts of before, durable
//	saving    the image goes to the older copy, and is synced; sidecar and hard state learn its generation
//	          then the journal may reuse what the image covers (S-5)
type checkpointPhase uint8

const (
	checkpointIdle checkpointPhase = iota
	checkpointWriting
	checkpointSyncing
	checkpointSaving
)

// checkpoint is the one under way. The image is taken when it begins, so a load that never pauses cannot delay its end:
// only the bytes of then are waited for.
type checkpoint struct {
	phase      checkpointPhase
	copy       int    // the copy that the next image goes to: never the one that is relied on
	generation uint64 // of the last durable one
	seq        uint64 // the image covers every frame below it, and of it what count says
	last       uint64 // the last frame that the image has anything of
	image      []byte // in its envelope
	refers     int64  // bytes that direct entries in the image refer to
	waits      int    // files with bytes that are not written
	counted    []*segfile
	again      bool // a truncation or deletion spoilt the image: begin anew
	final      bool // of a store that stops
	ended      bool // and it is durable
	begun      bool // one was begun, and nobody was told yet
}

// maybeCheckpoint begins a checkpoint when the journal is full enough, or its oldest news old enough.
func (s *Store) maybeCheckpoint(out *event.Buf) {
	if s.ckpt.final || s.ckpt.phase != checkpointIdle || s.dirtySince == event.Never && !s.ckpt.again {
		return
	}
	used, all := s.journal.Occupied()+s.direct.refers, s.journal.Capacity()
	full := used*100 >= all*int64(s.cfg.CheckpointAt) || all-used <= s.cfg.Reserve+2*int64(s.cfg.MaxFrame)
	if !full && s.state == Stopping {
		return // the last one covers it all
	}
	old := s.ckpt.again || s.now >= s.dirtySince+s.cfg.CheckpointAge
	if !full && !old || s.unsettled() {
		return
	}
	if full {
		out.Hit("store/checkpoint-by-occupancy")
	} else {
		out.Hit("store/checkpoint-by-age")
	}
	s.beginCheckpoint(out)
	s.ckpt.begun = s.ckpt.phase != checkpointIdle
}

// TakeCheckpointBegun reports whether the store has begun a checkpoint by its own decision since the last call. It will have
// the file system flushed, which costs about as much for many stores as for one.
func (s *Store) TakeCheckpointBegun() bool {
	begun := s.ckpt.begun
	s.ckpt.begun = false
	return begun
}

// Join begins a checkpoint along with that of another store, if it is at least half due.
func (s *Store) Join(now event.Time, out *event.Buf) {
	s.now = now
	if s.state != Ready || s.ckpt.phase != checkpointIdle || s.dirtySince == event.Never {
		return
	}
	used, all := s.journal.Occupied(), s.journal.Capacity()
	if s.now < s.dirtySince+s.cfg.CheckpointAge/2 && used*200 < all*int64(s.cfg.CheckpointAt) {
		return
	}
	out.Hit("store/checkpoint-joined")
	s.beginCheckpoint(out)
	s.advance(out)
}

// unsettled reports whether the state is on its way between two truths, so that no image of it can be taken.
func (s *Store) unsettled() bool {
	for _, p := range s.parts {
		if p.stale || p.unresolved() || s.replaces(p.tp) {
			return true
		}
	}
	return false
}

// beginCheckpoint takes the image. The last frame with an entry may still be open: then it is covered by count, and
// those below it whole.
func (s *Store) beginCheckpoint(out *event.Buf) {
	if s.unsettled() {
		return
	}
	s.closeRuns(out)
	c := &s.ckpt
	c.phase, c.again, c.seq, c.last = checkpointWriting, false, s.lastSeq, s.lastSeq
	if s.state == Opening {
		c.seq++
	} else if durable := s.journal.Durable(); c.seq < durable {
		c.seq = durable // what lies between are the journal's own seals
	}
	c.image = wrap(magicCheckpoint, s.image(c.generation+1, c.seq).encode())
	c.refers = s.direct.refers
	s.dirtySince = event.Never
	for _, p := range s.parts {
		s.aim(p)
	}
}

// aim has everything of p written, and remembers that the journal may lose the prefix of its partial block.
func (s *Store) aim(p *Partition) {
	p.hwSaid = p.hw
	for _, f := range p.busy {
		f.target = max(f.target, f.size)
		if s.ckpt.final && !f.exact && f.length != f.size {
			f.exact = true
		}
		s.aimIndex(p, f)
		if f.reached() {
			continue
		}
		f.counted = true
		s.ckpt.waits++
		s.ckpt.counted = append(s.ckpt.counted, f)
		s.enqueue(p)
	}
	p.needPrefix = p.active().size%event.BlockSize != 0
}

// countDone is told of every operation of a segment's file that ended well.
func (s *Store) countDone(p *Partition, f *segfile) {
	if f.counted && f.reached() {
		f.counted = false
		s.ckpt.waits--
	}
}

// spoil gives up a checkpoint whose image speaks of bytes of p that will never be written. One that does not wait for p
// any more goes on: whatever happens to p now is in a frame behind the image.
func (s *Store) spoil(p *Partition, out *event.Buf) {
	c := &s.ckpt
	if c.phase != checkpointWriting || !slices.ContainsFunc(p.files, func(f *segfile) bool { return f.counted }) {
		return
	}
	out.Hit("store/checkpoint-spoilt")
	for _, f := range c.counted {
		f.counted = false
	}
	c.phase, c.waits, c.counted, c.image, c.again = checkpointIdle, 0, nil, nil, true
}

// advanceCheckpoint goes on from writing to syncing once all bytes are written and all frames of the image are durable:
// it must not say more than the journal does.
func (s *Store) advanceCheckpoint(out *event.Buf) {
	c := &s.ckpt
	if c.phase != checkpointWriting || c.waits > 0 {
		return
	}
	if s.state != Opening && c.last >= s.journal.Durable() {
		s.journal.Demand(c.last, s.now, out)
		if s.journal.Stuck(c.last) {
			invariant.Violated("S-12: the checkpoint that would free the ring waits for frame %d, which has no place in it",
				c.last)
		}
		return
	}
	c.phase, c.counted = checkpointSyncing, nil
	if s.state == Opening && invariant.Planted(invariant.CanaryCountVolatile) {
		s.saveImage(out)
		return
	}
	s.syncFs(s.saveImage, out)
}

// saveImage writes the image over the older copy: first the copy, then one slot of the sidecar, then the hard state, then the
// sidecar's other slot, each durable before the next. A crash in between leaves them one generation apart in exactly this
// order, which judge knows.
func (s *Store) saveImage(out *event.Buf) {
	c := &s.ckpt
	c.phase = checkpointSaving
	if invariant.Planted(invariant.CanaryReuseEarly) && s.state != Opening {
		s.reuse(out)
	}
	file := event.File{Kind: event.FileCheckpoint, Store: s.cfg.Machine, Base: int64(c.copy)}
	image := c.image
	c.image = nil
	s.writePadded(file, 0, image, false, func(out *event.Buf) {
		s.syncFile(file, s.saveGeneration, out)
	}, out)
}

func (s *Store) saveGeneration(out *event.Buf) {
	generation := s.ckpt.generation + 1
	s.announceSidecar(generation, func(out *event.Buf) {
		change := func(h *Hard) {
			h.Generation = generation
			h.Super.Durable = s.bound()
			h.Clean = s.ckpt.final
		}
		if s.state == Opening {
			change = s.freshIncarnation(generation)
		}
		s.saveHard(change, func(out *event.Buf) { s.settleSidecar(s.endCheckpoint, out) }, out)
	}, out)
}

// endCheckpoint lets go of what the checkpoint covers.
func (s *Store) endCheckpoint(out *event.Buf) {
	c := &s.ckpt
	c.generation++
	c.copy = 1 - c.copy
	c.phase = checkpointIdle
	switch {
	case s.state == Opening:
		s.beginIncarnation(out)
	case c.final:
		c.ended = true
	default:
		s.reuse(out)
	}
}

// reuse frees the frames that the checkpoint covers (J6).
func (s *Store) reuse(out *event.Buf) {
	if s.ckpt.phase != checkpointIdle && !invariant.Planted(invariant.CanaryReuseEarly) {
		invariant.Violated("S-5: frames below %d are freed by a checkpoint that is not durable", s.ckpt.seq)
	}
	s.reused = s.ckpt.seq
	s.direct.refers, s.ckpt.refers = s.direct.refers-s.ckpt.refers, 0
	s.journal.Reuse(s.ckpt.seq)
	s.forgetGraves(s.ckpt.seq)
}
