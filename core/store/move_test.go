package store

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// place spreads the partitions of a test over shards.
func place(tp event.TP, shards int) int { return (int(tp.Partition) + int(tp.Topic[0])) % shards }

// fleet is a data directory with home and some shards, and a model of what they hold together.
type fleet struct {
	t      testing.TB
	seed   int64
	rng    *rand.Rand
	disk   *disk
	shards int
	models []model // by shard
	drawn  byte
	now    event.Time
}

func newFleet(t testing.TB, seed int64, shards int) *fleet {
	f := &fleet{t: t, seed: seed, rng: rand.New(rand.NewSource(seed)), shards: shards, models: make([]model, shards), now: 1}
	f.disk = newDisk(f.rng, func(format string, args ...any) {
		t.Helper()
		t.Fatalf("seed %d: "+format, append([]any{seed}, args...)...)
	})
	for i := range f.models {
		f.models[i] = model{}
	}
	home := f.world(event.Home)
	home.start()
	home.until(Ready)
	home.store.SaveHard(func(h *Hard) { h.Cluster, h.Node, h.Shards = event.UUID{3}, 1, int32(shards) }, &home.out)
	f.stop(home)
	return f
}

// config is that of the store of machine m, with identities drawn anew each time: a found directory keeps its own.
func (f *fleet) config(m event.Machine) Config {
	c := smallConfig()
	f.drawn++
	c.Machine, c.Directory, c.Secret = m, event.UUID{0xd1, f.drawn}, [16]byte{0x5e, f.drawn}
	return c
}

// world is one store on the disk of all.
func (f *fleet) world(m event.Machine) *world {
	w := &world{seed: f.seed, t: f.t, rng: f.rng, cfg: f.config(m), base: model{}, reads: map[uint64]Read{}, now: f.now, disk: f.disk}
	w.out.Probing = true
	return w
}

func (f *fleet) shard(i int) *world {
	w := f.world(event.Machine{Role: event.RoleShard, Index: uint8(i)})
	w.base = f.models[i]
	return w
}

// stop ends a store cleanly.
func (f *fleet) stop(w *world) {
	w.store.Stop(w.now, &w.out)
	w.disk.submit(&w.out)
	w.until(Stopped)
	for _, x := range f.disk.flying {
		w.fatal("%v is under way although %s has stopped", &x.effect, w.store.dir(event.DirStore).Path())
	}
	f.now = w.now
}

// open opens the store of shard i, compares it with its model, and has it live for some turns.
func (f *fleet) open(i, turns int) {
	f.t.Helper()
	w := f.shard(i)
	w.start()
	if s := w.until(Ready, Refused, Failed); s != Ready {
		w.fatal("shard %d of %d is %v: %s", i, f.shards, s, w.store.Refusal().Text)
	}
	w.verify()
	for range turns {
		for range f.rng.Intn(4) {
			f.act(w, i)
		}
		w.turn()
		for range f.rng.Intn(3) {
			w.step()
		}
	}
	f.models[i] = w.model()
	f.stop(w)
}

// act does something to a partition that is shard i's.
func (f *fleet) act(w *world, i int) {
	tp := event.TP{Topic: event.UUID{byte(f.rng.Intn(3))}, Partition: int32(f.rng.Intn(4))}
	if place(tp, f.shards) != i {
		return
	}
	l := w.model()[tp]
	if l == nil {
		w.do(op{kind: "create", tp: tp, to: int64(f.rng.Intn(3) * 100)})
		return
	}
	p := w.store.Get(tp)
	switch k := f.rng.Intn(40); {
	case w.store.Room() < 12<<10 || p.Rebuilding():
	case k < 30:
		w.do(op{kind: "append", tp: tp, batch: w.batch(l, f.rng.Intn(4000))})
	case k < 32:
		w.do(op{kind: "epoch", tp: tp, to: l.end(), epoch: p.Log().LastEpoch() + 1})
	case k < 34 && len(l.batches) > 0:
		if to := l.batches[len(l.batches)-1].BaseOffset(); to >= l.start {
			w.do(op{kind: "truncate", tp: tp, to: to, epoch: p.Log().LastEpoch()})
		}
	case k < 36:
		w.trim(tp, p, l)
	case k < 37:
		w.do(op{kind: "delete", tp: tp})
	}
}

// begin is a Move to so many shards.
func (f *fleet) begin(to int) (*Move, *event.Buf) {
	cfg := MoveConfig{Home: f.config(event.Home), To: to, Place: place}
	f.drawn++
	cfg.Set = event.UUID{0xe7, f.drawn}
	for i := range max(f.shards, to, 4) {
		cfg.Shards = append(cfg.Shards, f.config(event.Machine{Role: event.RoleShard, Index: uint8(i)}))
	}
	m, out := NewMove(cfg), &event.Buf{Probing: true}
	m.Start(f.now, out)
	f.disk.submit(out)
	return m, out
}

// run lets a Move go on for so many operations, or to its end; it reports whether that was reached.
func (f *fleet) run(m *Move, out *event.Buf, operations int) bool {
	f.t.Helper()
	for range operations {
		if r := m.Refusal(); r != nil {
			f.t.Fatalf("seed %d: %s", f.seed, r.Text)
		}
		if m.Done() {
			return true
		}
		f.now += event.Microsecond
		if len(f.disk.flying) > 0 {
			m.OnIO(f.disk.complete(f.now), out)
		} else {
			f.now = max(f.now, min(m.NextDeadline(), f.now+event.Second))
			m.OnTick(f.now, out)
		}
		f.disk.submit(out)
	}
	return false
}

// moved deals the models out anew.
func (f *fleet) moved(to int) {
	models := make([]model, to)
	for i := range models {
		models[i] = model{}
	}
	for _, old := range f.models {
		for tp, l := range old {
			models[place(tp, to)][tp] = l
		}
	}
	f.models, f.shards = models, to
}

// snapshot copies what the disk and the fleet know, between operations.
func (f *fleet) snapshot(seed int64) *fleet {
	c := *f
	c.rng = rand.New(rand.NewSource(seed))
	d := *f.disk
	d.rng, d.flying, d.pending = c.rng, nil, nil
	d.volatile, d.durable = map[event.File][]byte{}, map[event.File][]byte{}
	for file, data := range f.disk.volatile {
		d.volatile[file] = slices.Clone(data)
	}
	for file, data := range f.disk.durable {
		d.durable[file] = slices.Clone(data)
	}
	for _, p := range f.disk.pending {
		d.pending = append(d.pending, pendingOp{p.effect, p.serial})
	}
	c.disk = &d
	c.models = slices.Clone(f.models)
	return &c
}

func (f *fleet) crash() {
	f.disk.kill()
	if f.rng.Intn(3) > 0 {
		f.disk.cut([]float64{0, 0.5, 1}[f.rng.Intn(3)])
	}
}

// hard is what home says on the disk.
func (f *fleet) hard() Hard {
	h, save, err := decodeHard(slotAt(f.disk.volatile[event.File{Kind: event.FileHardState}], 0))
	if other, save2, err2 := decodeHard(slotAt(f.disk.volatile[event.File{Kind: event.FileHardState}], 1)); err != nil ||
		err2 == nil && save2 > save {
		h, err = other, err2
	}
	if err != nil {
		f.t.Fatalf("seed %d: home's hard state: %v", f.seed, err)
	}
	return h
}

// check opens the set of to shards and compares everything.
func (f *fleet) check(to int) {
	f.t.Helper()
	if h := f.hard(); int(h.Shards) != to || h.Moving != 0 {
		f.t.Fatalf("seed %d: home says %d shards, moving to %d; want %d", f.seed, h.Shards, h.Moving, to)
	}
	for file := range f.disk.volatile {
		if int(file.Store.Index) >= to || file.Kind == event.FileCheckpoint && file.Base >= stagedFirst {
			f.t.Fatalf("seed %d: %s is left behind by a change to %d shards", f.seed, file.Path(), to)
		}
	}
	if to != f.shards {
		f.moved(to)
	}
	for i := range to {
		f.open(i, 0)
	}
}

// TestMove_LosesNothingAtAnyCrash lives with one shard, changes to three, and back to one, and lets the process or the machine die
// behind every single operation of each change; then the change is finished by the next start, or given up where it was not
// recorded, and every partition has what it had (S-17).
func TestMove_LosesNothingAtAnyCrash(t *testing.T) {
	seeds := int64(4)
	if testing.Short() {
		seeds = 1
	}
	probes, crashes := map[string]int{}, 0
	for seed := range seeds {
		f := newFleet(t, seed, 1)
		for _, to := range []int{3, 1, 2, 3} {
			for i := range f.shards {
				f.open(i, 40+f.rng.Intn(80))
			}
			for k := 1; ; k++ {
				c := f.snapshot(seed<<20 | int64(to)<<16 | int64(k))
				m, out := c.begin(to)
				if c.run(m, out, k) {
					break
				}
				crashes++
				c.crash()
				c.again(to)
			}
			m, out := f.begin(to)
			f.run(m, out, 1<<20)
			f.check(to)
		}
		for name, n := range f.disk.probes {
			probes[name] += n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(probes)) {
		t.Logf("%8d %s", probes[name], name)
	}
	t.Logf("%d crashes", crashes)
}

// again goes on after a crash: a change that was recorded is finished, with more crashes; one that was not may be given up, or begun
// again.
func (f *fleet) again(to int) {
	f.t.Helper()
	given := f.rng.Intn(2) * f.rng.Intn(20) // turns of the old set, where it is used once more
	f.drain(given)
	for {
		m, out := f.begin(to)
		if f.run(m, out, 1+f.rng.Intn(400)) {
			break
		}
		f.crash()
		f.drain(0)
	}
	f.disk.probes[fmt.Sprintf("test/moved-to-%d", to)]++
	f.check(to)
}

// ended runs a Move until it is refused.
func (f *fleet) ended(to int) Refusal {
	f.t.Helper()
	m, out := f.begin(to)
	for range 1 << 16 {
		if r := m.Refusal(); r != nil || m.Done() {
			if r == nil {
				f.t.Fatalf("seed %d: a change to %d shards was not refused", f.seed, to)
			}
			f.disk.flying = nil
			return *r
		}
		f.now += event.Microsecond
		if len(f.disk.flying) > 0 {
			m.OnIO(f.disk.complete(f.now), out)
		} else {
			m.OnTick(f.now, out)
		}
		f.disk.submit(out)
	}
	f.t.Fatalf("seed %d: a change to %d shards does not end", f.seed, to)
	return Refusal{}
}

// TestMove_RefusesASetThatIsNotWhole: a Move begins with stores that stopped cleanly and hold what belongs to them, or not at all
// (S-16). A refusal leaves the old set as it was.
func TestMove_RefusesASetThatIsNotWhole(t *testing.T) {
	second := event.Machine{Role: event.RoleShard, Index: 1}
	for _, c := range []struct {
		name string
		harm func(f *fleet)
		want string
		heal func(f *fleet, before map[event.File][]byte)
	}{
		{"not stopped", func(f *fleet) {
			w := f.shard(1)
			w.start()
			w.until(Ready)
			f.now = w.now
			f.disk.kill()
		}, "shard-1 was not stopped cleanly", func(*fleet, map[event.File][]byte) {}},
		{"missing", func(f *fleet) {
			maps.DeleteFunc(f.disk.volatile, func(file event.File, _ []byte) bool { return file.Store == second })
		}, "shard-1 is missing, or holds no store", restore},
		{"rotten", func(f *fleet) {
			for file, data := range f.disk.volatile {
				if file.Store == second && file.Kind == event.FileCheckpoint {
					f.disk.volatile[file] = slices.Clone(data)
					for i := range f.disk.volatile[file] {
						f.disk.volatile[file][i] ^= 1
					}
				}
			}
		}, "the data in shard-1 cannot be used", restore},
		{"swapped", func(f *fleet) {
			swapped := map[event.File][]byte{}
			for file, data := range f.disk.volatile {
				if file.Store.Role == event.RoleShard {
					file.Store.Index = 1 - file.Store.Index
				}
				swapped[file] = data
			}
			f.disk.volatile = swapped
		}, "which belongs to shard-", restore},
		{"strangers", func(f *fleet) {
			f.disk.volatile[event.File{Kind: event.FileSegment, Store: second, Topic: event.UUID{99}}] = []byte{1}
		}, "of which its checkpoint does not know", restore},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFleet(t, 1, 2)
			for i := range f.shards {
				f.open(i, 60)
			}
			before := maps.Clone(f.disk.volatile)
			c.harm(f)
			if r := f.ended(1); !strings.Contains(r.Text, c.want) || !strings.Contains(r.Text, "Nothing") || r.Code != event.HaltRefused {
				t.Fatalf("refused with %q, want %q", r.Text, c.want)
			}
			c.heal(f, before)
			f.drain(0)
			m, out := f.begin(1)
			f.run(m, out, 1<<20)
			f.check(1)
		})
	}
}

// restore puts back the shards' files.
func restore(f *fleet, before map[event.File][]byte) {
	maps.DeleteFunc(f.disk.volatile, func(file event.File, _ []byte) bool { return file.Store.Role == event.RoleShard })
	for file, data := range before {
		if file.Store.Role == event.RoleShard {
			f.disk.volatile[file] = data
		}
	}
}

// drain opens and stops the old set, as a start does before it begins a change.
func (f *fleet) drain(turns int) {
	f.t.Helper()
	if h := f.hard(); h.Moving != 0 || int(h.Shards) != f.shards {
		return
	}
	f.disk.probes["test/given-up"]++
	for i := range f.shards {
		f.open(i, turns)
	}
}
