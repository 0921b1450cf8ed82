package shard

import "testing"

// What a shard says of itself is what happened to it: appends once each, duplicates and refusals never, what was held back, too.
func TestStats_CountWhatHappened(t *testing.T) {
	r := newRig(t)
	r.boot()
	r.assign(true, 1, 2)
	once := batch(3, 100, 7, 0)
	r.produce(1, 0, -1, once, 1)
	r.settle()
	r.produce(1, 1, -1, once, 1)                    // a duplicate
	r.produce(1, 2, -1, batch(1, 100, -1, 0), 3)    // no such partition
	r.produce(1, 3, -1, batch(1, 40_000, -1, 0), 1) // too large
	r.settle()
	s := r.s.Stats()
	if s.Batches != 1 || s.Records != 3 || s.Bytes != uint64(len(once)) || s.Store.Partitions != 2 || s.EverHeld != 0 {
		t.Errorf("after one batch: %+v", s)
	}
	large := batch(1, 20_000, -1, 0)
	const many = 8
	for i := range many {
		r.produce(2, uint64(i), -1, large, 2)
	}
	s = r.s.Stats()
	if s.Held == 0 || s.EverHeld != uint64(s.Held) || s.Store.Flying == 0 || s.Store.Occupied == 0 || s.Store.Unwritten < int64(len(large)) {
		t.Errorf("while the disk has not answered: %+v", s)
	}
	r.settle()
	if s = r.s.Stats(); s.Held != 0 || s.EverHeld == 0 || s.Batches != 1+many || s.Records != 3+many || s.Store.Flying != 0 {
		t.Errorf("when it has: %+v", s)
	}
	if n := testing.AllocsPerRun(10, func() { s = r.s.Stats() }); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}
