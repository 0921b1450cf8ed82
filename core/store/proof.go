package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// What recovery must be sure of before bytes of a segment may go that a direct entry refers to:
//
//	frames    [ 10 direct ][ 11 delete ][ 12 seal: those below 12 are durable ]
//	                             |            |
//	                             |            proven: only now the folder goes
//	                             durable: acknowledged
//
// Were the folder removed between the two, a crash would leave a frame 10 whose bytes are gone and that nobody says was
// durable: the verdict on it is a torn tail, and 11 would be cut with it. Behind the proof, 10 is known to lie below D, and
// what it lacks is excused by 11 (direct_recover.go).
//
// Where the hard state has to be the proof, it may name the newest frame, which it spares otherwise (bound.go): should exactly that
// one rot before the next is written, the store is refused, and not cut without a word.

// proven reports whether a recovery is sure to know that frame seq was durable.
func (s *Store) proven(seq uint64) bool {
	return s.state == Opening || seq < max(s.journal.Proven(), s.hard.durable.Super.Durable)
}

// proveRecovered has the hard state say that what was recovered is durable, before recovery changes any segment: its own crash
// must not turn a direct entry, whose bytes a recovered truncation takes away, into a torn tail.
func (s *Store) proveRecovered(out *event.Buf) {
	o := s.opening
	frames := o.recovery.Frames
	if !o.refers || len(frames) == 0 || invariant.Planted(invariant.CanaryCutBeforeProven) {
		return
	}
	end := frames[len(frames)-1].Seq + 1
	if end <= s.hard.durable.Super.Durable {
		return
	}
	out.Hit("store/recovered-proven")
	o.waiting++
	s.saveHard(func(h *Hard) { h.Super.Durable = end }, func(*event.Buf) { o.waiting-- }, out)
}

// proveNow has the hard state say so, for those who cannot wait for a seal: the checkpoint that frees the ring waits for them,
// and a seal needs room in it.
func (s *Store) proveNow(seq uint64, out *event.Buf) {
	if s.proven(seq) || seq >= s.journal.Durable() || seq < s.hard.wanted.Super.Durable ||
		invariant.Planted(invariant.CanaryCutBeforeProven) {
		return
	}
	out.Hit("store/proven-apart")
	s.saveHard(func(h *Hard) { h.Super.Durable = seq + 1 }, nil, out)
}
