package store

import (
	"sort"

	"github.com/highwater-log/highwater/core/event"
)

// Batches that are in their segment stay in memory for readers, as long as there is room for them. Those that came first go first,
// whenever they were written: a checkpoint writes one partition after the other, and each frame has batches of many. Were those that
// were written first to go first, the last few partitions would keep every frame since the checkpoint before.
//
//	ages       [ 7: p1 p4 ][ 8: p1 p2 p4 ][ 9: p2 ][ 10: ]
//	             ^ first: goes next                  ^ what is appended now
type warmth struct {
	ages     [][]warm // batches that may be given up, by age: index 0 is that of first
	first    int32
	bytes    int64 // of them
	appended int64 // bytes of batches that this store ever took
}

// warm is batches of one age in the memory of a partition, the last of them up to offset next.
type warm struct {
	p    *Partition
	next int64
	size int64
}

// agesKept is into how many ages the warm memory is divided, about.
const agesKept = 16

// age is that of a batch that is appended now. One age passes with each sixteenth of what may be warm.
func (s *Store) age() int32 { return int32(s.warmth.appended / max(s.cfg.TailBytes/agesKept, 1)) }

// add notes batches of an age. What is older than the first counts as that.
func (w *warmth) add(age int32, x warm) {
	if len(w.ages) == 0 {
		w.first = age
	}
	at := int(max(age-w.first, 0))
	for len(w.ages) <= at {
		w.ages = append(w.ages, nil)
	}
	w.ages[at] = append(w.ages[at], x)
	w.bytes += x.size
}

// oldest takes batches of the lowest age.
func (w *warmth) oldest() (x warm, ok bool) {
	for len(w.ages) > 0 {
		if n := len(w.ages[0]); n > 0 {
			x, w.ages[0][n-1] = w.ages[0][n-1], warm{}
			w.ages[0] = w.ages[0][:n-1]
			w.bytes -= x.size
			return x, true
		}
		w.ages[0] = nil
		w.ages = w.ages[1:]
		w.first++
	}
	return x, false
}

// warm notes what is written of p now, up to the first batch that is not, as memory that may be given up.
func (s *Store) warm(p *Partition, out *event.Buf) {
	l := p.tail.live()
	from := sort.Search(len(l), func(i int) bool { return l[i].next > p.warmEnd })
	for i := from; i < len(l) && l[i].end() <= l[i].file.written; {
		x, age := warm{p: p}, l[i].age
		for ; i < len(l) && l[i].age == age && l[i].end() <= l[i].file.written; i++ {
			x.next = l[i].next
			x.size += int64(len(l[i].batch))
		}
		p.warmEnd = x.next
		s.warmth.add(age, x)
	}
	s.cool(out)
}

// cool gives up the oldest memory beyond the bound.
func (s *Store) cool(out *event.Buf) {
	for s.warmth.bytes > s.cfg.TailBytes {
		x, ok := s.warmth.oldest()
		if !ok {
			return
		}
		if !x.p.dead {
			x.p.tail.drop(min(x.next, x.p.warmEnd), out)
		}
	}
}
