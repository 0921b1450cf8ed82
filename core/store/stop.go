package store

import "github.com/highwater-log/highwater/core/event"

// Stop asks for a clean end: what is staged becomes durable, everything is written behind, the active segments are cut
// to their exact size, a last checkpoint is made, and the hard state says Clean. Then the state is Stopped.
func (s *Store) Stop(now event.Time, out *event.Buf) {
	s.now = now
	s.stopAsked = true
	if s.state == Ready {
		s.closeRuns(out)
		s.state = Stopping
		s.journal.EndTurn(now, out)
	}
	s.advance(out)
}

// maybeStop begins the last checkpoint once the journal is idle and nothing else is under way. From then on the journal writes
// nothing more, seals included: what it held is in the checkpoint.
func (s *Store) maybeStop(out *event.Buf) {
	if s.state == Ready && s.stopAsked {
		s.closeRuns(out)
		s.state = Stopping
	}
	if s.ckpt.final {
		s.maybeEnd(out)
		return
	}
	if s.state == Stopping {
		s.journal.Demand(s.lastSeq, s.now, out)
	}
	if s.state != Stopping || s.ckpt.phase != checkpointIdle || len(s.flights) > 0 || s.lastSeq >= s.journal.Durable() ||
		s.journal.Flying() > 0 || len(s.cuts) > 0 || s.unsettled() {
		return
	}
	for _, g := range s.gone {
		if g.step != graveEmpty {
			return
		}
	}
	for _, p := range s.parts {
		if len(p.doomed) > 0 {
			s.enqueue(p)
			return
		}
	}
	s.ckpt.final = true
	s.journal.Close(out)
	s.beginCheckpoint(out)
}

// maybeEnd ends the store once the last checkpoint is durable, no operation is under way, an index or a read for somebody, and all
// reads were told. What memory kept for readers goes.
func (s *Store) maybeEnd(out *event.Buf) {
	if !s.ckpt.ended || len(s.pending) > 0 || len(s.reads) > 0 || !s.journal.Quiet() {
		return
	}
	s.state = Stopped
	for _, p := range s.parts {
		p.tail.cut(-1, out)
	}
}
