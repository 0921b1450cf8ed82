package store

import "github.com/highwater-log/highwater/core/event"

// flight is what one entry has of a log, a batch or several, and the journal has not made durable yet.
type flight struct {
	seq  uint64
	p    *Partition // nil once all of it was cut away or its partition deleted
	f    *segfile
	end  int64 // of it in its segment, in bytes
	base int64 // its first offset
	next int64 // offset behind it
}

// cutting is a partition whose files are cut or removed once frame seq is durable.
type cutting struct {
	seq uint64
	p   *Partition
}

// land moves flushed ends over what the journal has made durable: a contiguous prefix of the frames (S-6).
func (s *Store) land(out *event.Buf) {
	durable := s.journal.Durable()
	for len(s.cuts) > 0 && s.proven(s.cuts[0].seq) {
		s.enqueue(s.cuts[0].p)
		s.cuts = s.cuts[1:]
	}
	n := 0
	for n < len(s.flights) && s.flights[n].seq < durable {
		x := &s.flights[n]
		n++
		if x.p == nil {
			continue
		}
		x.f.durable = max(x.f.durable, x.end)
		x.p.log.Flush(x.next)
		s.pass(x.p, x.f, out)
		if !x.p.listed {
			x.p.listed = true
			s.flushed = append(s.flushed, x.p)
		}
		if from, to, ok := x.f.nextWrite(int64(s.cfg.WriteBehind)); ok && to > from || x.f.wanted && !x.f.rooted || s.reservesMore(x.f) {
			s.enqueue(x.p)
		}
	}
	if n == 0 {
		return
	}
	left := copy(s.flights, s.flights[n:])
	clear(s.flights[left:])
	s.flights = s.flights[:left]
}

// ground takes what reaches beyond offset to, byte size of its segment, out of the flights of p. What is in flight is in memory, so
// size is known where a flight is cut in two.
func (s *Store) ground(p *Partition, to, size int64) {
	for i := range s.flights {
		switch x := &s.flights[i]; {
		case x.p != p || x.next <= to:
		case x.base < to:
			x.next, x.end = to, size
		default:
			x.p, x.f = nil, nil
		}
	}
}

// TakeFlushed lists the partitions whose flushed end or log start has moved since the last call. The slice is the caller's until then.
func (s *Store) TakeFlushed() []*Partition {
	list := s.flushed
	s.flushed, s.taken = s.taken[:0], list
	for _, p := range list {
		p.listed = false
	}
	return list
}
