package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
)

// What the hard state knows of the journal (J7, J8). A ring that is wiped, or put back from an older copy, shows no frame too
// many and none out of order: it looks like a torn tail that was never acknowledged. Only a bound kept apart from it tells
// the two from each other:
//
//	frames    [proof][proof][ 12 ][ 13 ][ 14 ][ 15 ]
//	           \__________/              \__ the bound that the hard state learns some time after they are durable
//	            durable, and the hard state says so, before the store is Ready
//
// So a journal without a frame of the current incarnation is always known to be lost, and one that is older than the last
// saved bound as well.
const proofs = 2

// bound is what the hard state may say: it leaves out the newest durable frame, whose directory has no copy in another one
// yet. So one frame may rot, whichever it is, and must not look like a ring that lacks frames.
func (s *Store) bound() uint64 {
	return max(s.hard.wanted.Super.Durable, s.journal.Durable()-1)
}

// prove begins the incarnation: the proofs are written, then the hard state learns of them; the first time, it learns that
// from now on a missing journal is a lost one, too.
func (s *Store) prove(out *event.Buf) {
	o := s.opening
	if durable := s.journal.Durable(); durable < s.hard.durable.Super.First+proofs {
		if s.journal.Open() == durable {
			s.journal.Stage(journal.Entry{Kind: journal.EntrySeal})
			s.journal.EndTurn(s.now, out)
		}
		return
	}
	o.step = openProven
	o.waiting++
	bound := s.bound()
	s.saveHard(func(h *Hard) { h.Ring, h.Super.Durable = true, bound }, func(*event.Buf) { o.waiting-- }, out)
}

// boundAge is how long the hard state may lag behind what the journal has made durable.
func (s *Store) boundAge() event.Time { return s.cfg.CheckpointAge / 8 }

// learnBound has the hard state learn how far the journal is durable, boundAge after that has moved.
func (s *Store) learnBound(out *event.Buf) {
	switch bound := s.bound(); {
	case bound == s.hard.wanted.Super.Durable:
		s.boundAt = event.Never
	case s.boundAt == event.Never:
		s.boundAt = s.now + s.boundAge()
	case s.now >= s.boundAt:
		s.boundAt = event.Never
		out.Hit("store/bound-learned")
		s.saveHard(func(h *Hard) { h.Super.Durable = bound }, nil, out)
	}
}
