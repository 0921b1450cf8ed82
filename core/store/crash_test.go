package store

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

const partitions = 4

// act does one thing that an owner might do.
func (w *world) act() {
	tp := testTP(w.rng.Intn(partitions))
	m := w.model()
	l := m[tp]
	if l == nil {
		w.do(op{kind: "create", tp: tp, to: int64(w.rng.Intn(3) * 100)})
		return
	}
	p := w.store.Get(tp)
	switch k := w.rng.Intn(100); {
	case k < 70:
		size := w.rng.Intn(400)
		if w.large || w.rng.Intn(6) == 0 || w.cfg.DirectBytes > 0 && w.rng.Intn(3) == 0 {
			size = w.rng.Intn(9000)
		}
		if w.store.Room() > int64(size+record.HeaderSize) && !p.Rebuilding() {
			w.do(op{kind: "append", tp: tp, batch: w.batch(l, size)})
		}
	case k < 74:
		w.do(op{kind: "epoch", tp: tp, to: l.end(), epoch: p.Log().LastEpoch() + 1})
	case k < 77 && !w.calm:
		to := l.end()
		if n := len(l.batches); n > 0 {
			to = l.batches[n-1-w.rng.Intn(min(n, 40))].BaseOffset()
		}
		if to < l.start {
			to = l.end()
		}
		w.do(op{kind: "truncate", tp: tp, to: to, epoch: p.Log().LastEpoch()})
	case k < 78 && !w.calm && (w.churn || w.rng.Intn(4) == 0):
		w.do(op{kind: "delete", tp: tp})
		w.reads = drop(w.reads, tp)
	case k < 80:
		w.trim(tp, p, l)
	case k < 82:
		w.store.HighWater(p, p.Log().Flushed(), &w.out)
	case k < 92:
		w.read(tp, p)
	default:
		w.lookup(tp, p)
	}
}

// burst appends many small batches to one log, so that they gather.
func (w *world) burst() {
	tp := testTP(w.rng.Intn(partitions))
	for range w.rng.Intn(24) {
		p, l := w.store.Get(tp), w.model()[tp]
		if l == nil {
			return
		}
		size := 200 + w.rng.Intn(1500)
		if w.store.Room() > int64(size+record.HeaderSize) && !p.Rebuilding() {
			b := w.batch(l, size)
			if n := len(l.epochs); n > 0 {
				b.Stamp(b.BaseOffset(), l.epochs[n-1].Epoch) // another one would end the run
			}
			w.do(op{kind: "append", tp: tp, batch: b})
		}
	}
}

// trim moves the start of a log somewhere into what is durable, now and then to its end.
func (w *world) trim(tp event.TP, p *Partition, l *modelLog) {
	flushed := p.Log().Flushed()
	if flushed <= l.start || w.store.Room() <= 0 {
		return
	}
	to := l.start + 1 + w.rng.Int63n(flushed-l.start)
	if w.rng.Intn(4) == 0 {
		to = flushed
	}
	w.do(op{kind: "trim", tp: tp, to: to})
}

func (w *world) read(tp event.TP, p *Partition) {
	w.cookie++
	span := p.Log().End() - p.Log().Start()
	r := Read{TP: tp, From: p.Log().Start() + w.rng.Int63n(span+1), To: p.Log().End(), Bytes: int64(w.rng.Intn(12000)),
		Whole: w.rng.Intn(3) > 0, Cookie: w.cookie}
	if d, now := w.store.Read(r, &w.out); now {
		w.checkRead(r, d)
		return
	}
	w.reads[r.Cookie] = r
}

func (w *world) lookup(tp event.TP, p *Partition) {
	w.cookie++
	ts := int64(w.rng.Intn(1100))
	if w.rng.Intn(3) == 0 {
		ts = event.TimestampMax
	}
	// The model's note of a lookup keeps the timestamp where a read keeps its bytes.
	w.reads[w.cookie] = Read{TP: tp, From: -1, To: p.Log().End(), Bytes: lookupKey(ts), Cookie: w.cookie}
	if len(p.trims) > 0 {
		w.reads = drop(w.reads, tp)
	}
	w.store.FindTimestamp(tp, ts, p.Log().End(), w.cookie, &w.out)
}

// lookupKey keeps timestamps apart from the mark of a read that nobody judges.
func lookupKey(ts int64) int64 {
	if ts == event.TimestampMax {
		return maxKey
	}
	return ts
}

const maxKey = 1 << 40

// live runs turns of several actions with some disk progress in between.
func (w *world) live(turns int) {
	for range turns {
		for range w.rng.Intn(4) {
			w.act()
		}
		if w.cfg.DirectBytes > 0 && w.rng.Intn(6) == 0 {
			w.burst()
		}
		w.turn()
		for range w.rng.Intn(3) {
			w.step()
		}
	}
}

// crash ends the store at this very instant.
func (w *world) crash(power bool) {
	w.disk.kill()
	if power {
		w.disk.cut([]float64{0, 0.5, 1}[w.rng.Intn(3)])
	}
	w.reads = map[uint64]Read{}
}

// revive opens the store, with crashes in between, until it is ready.
func (w *world) revive() {
	for {
		w.start()
		for range w.rng.Intn(60) {
			if w.store.State() == Ready {
				break
			}
			w.step()
		}
		if w.store.State() != Ready && w.rng.Intn(3) == 0 {
			w.disk.probes["test/crash-in-recovery"]++
			w.crash(w.rng.Intn(2) == 0)
			continue
		}
		if state := w.until(Ready, Refused, Failed); state != Ready {
			w.fatal("the store is %v: %s", state, w.store.Refusal().Text)
		}
		return
	}
}

func crashOnce(t testing.TB, seed int64, rounds int) map[string]int {
	w := newWorld(t, seed)
	w.calm = seed%2 == 0
	w.disk.lazy = seed%4 == 0
	w.large = seed%8 == 0
	w.churn = seed%16 == 5
	w.shape()
	w.direct()
	w.revive()
	for range rounds {
		w.live(w.rng.Intn(120))
		w.checkIndexes()
		switch w.rng.Intn(8) {
		case 0:
			w.stop()
		case 1:
			w.halfStop()
		default:
			w.crash(w.rng.Intn(2) == 0)
		}
		w.revive()
		w.checkIndexes()
		w.verify()
		w.checkIndexes()
	}
	return w.disk.probes
}

// stop ends the store cleanly: everything asked for is there afterwards.
func (w *world) stop() {
	w.store.Stop(w.now, &w.out)
	w.disk.submit(&w.out)
	w.until(Stopped)
	if !w.store.Hard().Clean {
		w.fatal("stopped, and not clean")
	}
	w.certain = len(w.ops)
	for f, data := range w.disk.volatile {
		if f.Kind != event.FileSegment && f.Kind != event.FileIndex {
			continue
		}
		if p := w.store.parts; !slices.ContainsFunc(p, func(p *Partition) bool { return p.tp == f.TP() && p.file(f.Base) != nil }) {
			w.fatal("%s is left behind by a clean stop", f.Path())
		}
		if f.Kind == event.FileIndex {
			continue
		}
		for len(data) > 0 {
			b, rest, err := record.Parse(data)
			if err != nil || record.Verify(b) != nil {
				w.fatal("%s holds more than batches after a clean stop", f.Path())
			}
			data = rest
		}
	}
	w.crash(w.rng.Intn(2) == 0)
}

// shape draws sizes other than the usual ones for half of the worlds: rings in which everything is scarce.
func (w *world) shape() {
	if w.seed%2 == 0 {
		return
	}
	w.cfg.InFlight = 1 + w.rng.Intn(4)
	w.cfg.Writing = 1 + w.rng.Intn(w.cfg.InFlight)
	w.cfg.MaxChunks = 4 + w.rng.Intn(3)
	w.cfg.Reserve = []int64{16 << 10, 32 << 10, 96 << 10}[w.rng.Intn(3)]
	w.cfg.WriteBehind = 4 << 10 << w.rng.Intn(3)
	w.cfg.CheckpointAt = 30 + w.rng.Intn(60)
	w.cfg.SegmentBytes = 12 << 10 << w.rng.Intn(4)
	w.cfg.MaxReadBytes = 4 << 10 << w.rng.Intn(3)
	w.cfg.TailBytes = 1 << 10 << w.rng.Intn(5)
	w.disk.lazy = w.rng.Intn(2) == 0
	w.large = w.rng.Intn(2) == 0
}

// direct lets large batches go straight to their segments in three of four worlds: most with segments that several fit into.
func (w *world) direct() {
	w.cfg.DirectBytes = []int{0, event.BlockSize, 2 * event.BlockSize, 6000}[w.rng.Intn(4)]
	w.cfg.DirectWrites = 1 + w.rng.Intn(4)
	if w.cfg.DirectBytes > 0 && w.rng.Intn(4) > 0 {
		w.cfg.SegmentBytes = 24 << 10 << w.rng.Intn(4)
		w.cfg.MaxFrame = 32 << 10 << w.rng.Intn(2) // so that runs get long
	}
}

// halfStop begins a clean end, and crashes somewhere in it.
func (w *world) halfStop() {
	w.store.Stop(w.now, &w.out)
	w.disk.submit(&w.out)
	for range w.rng.Intn(150) {
		if w.store.State() == Stopped {
			break
		}
		w.step()
	}
	w.disk.probes["test/crash-in-stop"]++
	w.crash(w.rng.Intn(2) == 0)
}

func TestStore_EverythingFlushedSurvivesCrashes(t *testing.T) {
	probes := map[string]int{}
	seeds := int64(40)
	if testing.Short() {
		seeds = 20
	}
	first := int64(0)
	if v := os.Getenv("STORE_SEEDS"); v != "" {
		if _, err := fmt.Sscanf(v, "%d-%d", &first, &seeds); err != nil {
			t.Fatalf("STORE_SEEDS=%s: %v", v, err)
		}
	}
	for seed := first; seed < seeds; seed++ {
		for name, n := range crashOnce(t, seed, 8) {
			probes[name] += n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(probes)) {
		t.Logf("%8d %s", probes[name], name)
	}
}
