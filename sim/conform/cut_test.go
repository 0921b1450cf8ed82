package conform

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/device"
	"github.com/highwater-log/highwater/server/files"
	"github.com/highwater-log/highwater/server/posix"
	"github.com/highwater-log/highwater/sim/disk"
)

func TestMain(m *testing.M) { os.Exit(device.Main(m)) }

// What the simulated disk leaves after a cut is what the oracle allows.
func TestThePowerCutOfTheSimulatedDisk(t *testing.T) {
	for seed := range uint64(stories(t, 1500)) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := tell(r, 1+r.IntN(25))
		d, o := disk.New(), newOracle()
		s.simulate(t, r, d, o, true)
		cut := disk.Crash{Seed: r.Uint64(), Flight: disk.Keep(r.IntN(3)), Data: disk.Keep(r.IntN(3)), Meta: disk.Keep(r.IntN(3))}
		d.PowerCut(cut)
		if why := o.judge(leftBy(d)); why != "" {
			t.Fatalf("seed %d, %+v: %s\n%s", seed, cut, why, s)
		}
	}
}

// And the other way round, piece by piece: each state of a sector, each size and each list of names that the oracle allows,
// some cut of the simulated disk leaves. An oracle that allows more would prove less.
func TestThePowerCutOfTheSimulatedDisk_ReachesWhatTheOracleAllows(t *testing.T) {
	pieces := 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 3))
		s := tell(r, 1+r.IntN(8))
		s.turns = append(inPlace(), s.turns...)
		d, o := disk.New(), newOracle()
		s.simulate(t, rand.New(rand.NewPCG(seed, 4)), d, o, false)
		want := o.root.pieces("", map[string]bool{})
		pieces += len(want)
		for n := uint64(0); n < 4000 && len(want) > 0; n++ {
			c := d.Clone()
			c.PowerCut(disk.Crash{Seed: n, Data: disk.Keep(n % 3), Meta: disk.Keep(n / 3 % 3)})
			leftBy(c).pieces("", want)
		}
		for piece := range want {
			t.Fatalf("seed %d: no cut left %s\n%s", seed, piece, s)
		}
	}
	if pieces < 2000 {
		t.Errorf("only %d pieces were looked for", pieces)
	}
}

// stories is how many to tell: HIGHWATER_POWERCUT_STORIES, or unset.
func stories(t *testing.T, unset int) int {
	t.Helper()
	text := os.Getenv("HIGHWATER_POWERCUT_STORIES")
	if text == "" {
		return unset
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("HIGHWATER_POWERCUT_STORIES: %v", err)
	}
	return n
}

// simulate plays a story on d and tells o. Some of the last turn stay in flight, if they may.
func (s *story) simulate(t *testing.T, r *rand.Rand, d *disk.Disk, o *oracle, mayStay bool) {
	for n, turn := range s.turns {
		o.begins()
		syncs := map[event.IOID]*sync{}
		orders := map[event.IOID]*event.Effect{}
		for i := range turn {
			syncs[turn[i].IO], orders[turn[i].IO] = o.order(&turn[i]), &turn[i]
			d.Submit(&turn[i])
		}
		stay := 0
		if mayStay && n == len(s.turns)-1 {
			stay = r.IntN(len(turn) + 1)
		}
		for d.Pending() > stay {
			io, _ := d.PendingIO(r.IntN(d.Pending()))
			var ev event.Event
			if !d.Complete(io, &ev) {
				t.Fatalf("%s is not in flight", io)
			}
			if ev.Status == event.StatusOK {
				o.done(orders[io], syncs[io])
			}
		}
		for i := range d.Pending() {
			io, _ := d.PendingIO(i)
			o.unknown(orders[io])
		}
	}
}

// leftBy is the volatile image of d, which after a power cut is all there is.
func leftBy(d *disk.Disk) *left {
	root := &left{names: map[string]*left{}}
	d.Walk(func(path string, dir bool, image []byte) {
		at := root
		names := strings.Split(path, "/")
		for _, name := range names[:len(names)-1] {
			at = at.names[name]
		}
		l := &left{bytes: image}
		if dir {
			l.names = map[string]*left{}
		}
		at.names[names[len(names)-1]] = l
	})
	return root
}

// What a real file system leaves on a device whose power was cut is what the oracle allows.
func TestThePowerCutOfRealFileSystems(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			d := device.New(t, kind)
			seed := seedOf(t)
			inside, n := 0, stories(t, 15)
			for i := range n {
				s, struck, why := playOne(t, d, seed, i, false)
				if struck {
					inside++
				}
				if why != "" {
					t.Fatalf("story %d: %s\n%s", i, why, s)
				}
			}
			t.Logf("%d stories, %d of them cut inside an order", n, inside)
		})
	}
}

// A device that drops flushes leaves what the oracle does not allow, or the oracle allows everything.
func TestThePowerCutOfRealFileSystems_NoticesALyingDevice(t *testing.T) {
	d := device.New(t, "ext4")
	seed := seedOf(t)
	for i := range 40 {
		if _, _, why := playOne(t, d, seed, i, true); why != "" {
			t.Logf("noticed at story %d: %s", i, why)
			return
		}
	}
	t.Error("40 stories, and nothing was noticed")
}

func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("HIGHWATER_POWERCUT_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("HIGHWATER_POWERCUT_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("HIGHWATER_POWERCUT_SEED=%d", seed)
	return seed
}

// playOne plays story i of a seed, and tells whether the power went inside an order, and what is wrong with what it left.
// If lies, the device drops flushes once the story has begun.
func playOne(t *testing.T, d *device.Disk, seed uint64, i int, lies bool) (s *story, struck bool, why string) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, uint64(i)))
	s = tell(r, 1+r.IntN(25))
	root := filepath.Join(d.Dir, strconv.Itoa(i))
	o, struck := s.play(t, r, d, root, lies)
	d.Lie(false)
	if err := d.TryPowerOn(); err != nil {
		return s, struck, err.Error()
	}
	found, err := leftIn(root)
	if err != nil {
		return s, struck, err.Error()
	}
	for _, own := range []string{"lock", "probe"} {
		delete(found.names, own)
	}
	return s, struck, o.judge(found)
}

// play plays a story on a real file system until the power goes.
func (s *story) play(t *testing.T, r *rand.Rand, d *device.Disk, root string, lies bool) (o *oracle, struck bool) {
	t.Helper()
	dir, err := files.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan event.Event, 16)
	loop := posix.New(dir, slog.New(slog.DiscardHandler), func(ev event.Event) { done <- ev })
	if err := files.SyncPath(root); err != nil {
		t.Fatal(err)
	}
	d.Lie(lies)
	o = newOracle()
	loss := device.DrawLoss(r)
	d.Arm(1+r.IntN(2+4*len(s.turns)), loss)
	dark := d.Dark()
	for _, turn := range s.turns {
		o.begins()
		syncs := map[event.IOID]*sync{}
		orders := map[event.IOID]*event.Effect{}
		for i := range turn {
			syncs[turn[i].IO], orders[turn[i].IO] = o.order(&turn[i]), &turn[i]
		}
		for i := range turn {
			loop.Submit(&turn[i])
		}
		for len(orders) > 0 {
			select {
			case ev := <-done:
				switch ev.Status {
				case event.StatusOK:
					o.done(orders[ev.IO], syncs[ev.IO])
				case event.StatusNotFound:
				default:
					o.unknown(orders[ev.IO])
				}
				delete(orders, ev.IO)
			case <-dark:
				struck, dark = true, nil
				d.Release() // what waits fails now; what does not fail needed no device
			}
		}
		if struck {
			break
		}
	}
	d.Cut(loss)
	d.Release()
	loop.Close()
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
	d.PowerOff(t)
	return o, struck
}

// leftIn is what lies at a path.
func leftIn(path string) (*left, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		p, err := os.ReadFile(path)
		return &left{bytes: p}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	l := &left{names: map[string]*left{}}
	for _, e := range entries {
		if l.names[e.Name()], err = leftIn(filepath.Join(path, e.Name())); err != nil {
			return nil, err
		}
	}
	return l, nil
}
