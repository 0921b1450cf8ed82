package store

import "testing"

// A reserve of four blocks, a disk on which everything but the journal is slow, and an owner that creates and deletes all the
// time: control entries must never take the room without which the checkpoint that frees the ring cannot end.
func TestStore_ControlEntriesNeverFillTheRing(t *testing.T) {
	seeds := int64(40)
	if testing.Short() {
		seeds = 20
	}
	throttled := 0
	for seed := range seeds {
		w := newWorld(t, seed)
		w.cfg.Reserve, w.cfg.InFlight, w.cfg.Writing = 16<<10, int(seed)%4+1, 1
		w.disk.lazy, w.large, w.calm = true, true, true
		first, next := 10, 10
		w.revive()
		for range 300 {
			for range w.rng.Intn(6) {
				w.act()
			}
			switch k := w.rng.Intn(3); {
			case k == 0:
				w.do(op{kind: "create", tp: testTP(next)})
				next++
			case k == 1 && next > first:
				w.do(op{kind: "delete", tp: testTP(first)})
				first++
			}
			w.turn()
			for range w.rng.Intn(2) {
				w.step()
			}
		}
		for n := 0; len(w.store.flights) > 0 || !w.store.journal.Idle(); n++ {
			if w.step(); n > 5000 {
				w.fatal("what was staged does not become durable: checkpoint %d waits for %d files and for frame %d, durable are those below %d",
					w.store.ckpt.phase, w.store.ckpt.waits, w.store.ckpt.last, w.store.journal.Durable())
			}
		}
		throttled += w.disk.probes["store/throttled"]
		w.crash(true)
		w.revive()
		w.verify()
	}
	if throttled == 0 {
		t.Error("no ring was ever full")
	}
}
