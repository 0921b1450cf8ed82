package store

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
)

var (
	hardFile    = event.File{Kind: event.FileHardState, Store: event.Shard0}
	sidecarFile = event.File{Kind: event.FileSidecar, Store: event.Shard0}
)

func checkpointFile(i int64) event.File {
	return event.File{Kind: event.FileCheckpoint, Store: event.Shard0, Base: i}
}

// lived is a world whose store holds some data, was killed, and lies still. Everything is durable.
func lived(t *testing.T, turns int) *world { return livedAs(t, smallConfig(), turns) }

func livedAs(t *testing.T, cfg Config, turns int) *world {
	w := newWorld(t, 42)
	w.cfg, w.calm = cfg, true
	w.revive()
	w.live(turns)
	w.until(Ready)
	for w.store.journal.Durable() <= w.store.lastSeq || w.store.ckpt.phase != checkpointIdle {
		w.step()
	}
	w.settleDown()
	return w
}

// settleDown lets everything under way end, kills the store and keeps all of the disk.
func (w *world) settleDown() {
	for range 200 {
		w.step()
	}
	w.certain = len(w.ops)
	w.crash(false)
	w.disk.cut(1)
}

// reopen opens the store and returns the state that it comes to.
func (w *world) reopen() State {
	w.start()
	return w.until(Ready, Refused, Failed)
}

// touch changes a file in both images.
func (w *world) touch(f event.File, change func([]byte) []byte) {
	for _, image := range []map[event.File][]byte{w.disk.volatile, w.disk.durable} {
		if data, ok := image[f]; ok {
			image[f] = change(slices.Clone(data))
		}
	}
}

// lose removes every file of a kind.
func (w *world) lose(kinds ...event.FileKind) {
	for _, image := range []map[event.File][]byte{w.disk.volatile, w.disk.durable} {
		for f := range image {
			if slices.Contains(kinds, f.Kind) {
				delete(image, f)
			}
		}
	}
}

func rot(from, to int) func([]byte) []byte {
	return func(p []byte) []byte {
		for i := from; i < min(to, len(p)); i++ {
			p[i] ^= 0x5a
		}
		return p
	}
}

func TestOpen_RefusesWhatCannotBeBelieved(t *testing.T) {
	cases := []struct {
		name string
		hurt func(w *world)
		code event.HaltCode
		say  string
	}{
		{"both slots of the hard state rotten", func(w *world) { w.touch(hardFile, rot(0, 8192)) }, event.HaltRefused, "hard state is not readable"},
		{"hard state gone", func(w *world) { w.lose(event.FileHardState) }, event.HaltRefused, "hard state is not readable"},
		{"sidecar gone", func(w *world) { w.lose(event.FileSidecar) }, event.HaltRefused, "identity"},
		{"journal gone", func(w *world) { w.lose(event.FileChunk) }, event.HaltRefused, "journal is missing"},
		{"both checkpoints rotten", func(w *world) {
			w.touch(checkpointFile(0), rot(0, 64))
			w.touch(checkpointFile(1), rot(0, 64))
		}, event.HaltLost, "both checkpoint copies"},
		{"both checkpoints gone", func(w *world) { w.lose(event.FileCheckpoint) }, event.HaltLost, "both checkpoint copies"},
		{"segments of another directory", func(w *world) {
			w.touch(sidecarFile, func(p []byte) []byte {
				c := encodeSidecar(sidecar{directory: event.UUID{66}, generation: w.store.hard.durable.Generation})
				copy(p, wrap(magicSidecar, c))
				copy(p[slotSize:], wrap(magicSidecar, c))
				return p
			})
		}, event.HaltRefused, "belong to directory"},
		{"a newer hard state", func(w *world) {
			w.touch(hardFile, func(p []byte) []byte { return append(newer(magicHard, []byte("x")), p...)[:len(p)] })
		}, event.HaltRefused, "newer version"},
		{"a newer checkpoint", func(w *world) {
			w.touch(checkpointFile(0), func([]byte) []byte { return newer(magicCheckpoint, []byte("x")) })
		}, event.HaltRefused, "newer version"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := lived(t, 120)
			c.hurt(w)
			before := snapshot(w.disk.volatile)
			if state := w.reopen(); state != Refused {
				t.Fatalf("the store is %v", state)
			}
			r := w.store.Refusal()
			if r.Code != c.code || !strings.Contains(r.Text, c.say) {
				t.Errorf("refused with %d: %s", r.Code, r.Text)
			}
			if !bytes.Equal(before, snapshot(w.disk.volatile)) {
				t.Error("a refused directory was changed")
			}
		})
	}
}

// snapshot is all files in one string.
func snapshot(image map[event.File][]byte) (all []byte) {
	var names []string
	content := map[string][]byte{}
	for f, data := range image {
		names = append(names, f.Path())
		content[f.Path()] = data
	}
	slices.Sort(names)
	for _, name := range names {
		all = append(append(all, name...), content[name]...)
	}
	return all
}

func TestOpen_OlderHalvesAreRefused(t *testing.T) {
	for name, kinds := range map[string][]event.FileKind{
		"older journal and checkpoints": {event.FileHardState, event.FileCheckpoint, event.FileChunk},
		"older segments":                {event.FileSidecar, event.FileSegment, event.FileIndex},
	} {
		t.Run(name, func(t *testing.T) {
			w := lived(t, 60)
			old := map[event.File][]byte{}
			for f, data := range w.disk.durable {
				old[f] = slices.Clone(data)
			}
			for range 3 {
				w.revive()
				w.live(80)
				w.settleDown()
			}
			w.lose(kinds...)
			for f, data := range old {
				if slices.Contains(kinds, f.Kind) {
					w.disk.durable[f], w.disk.volatile[f] = data, slices.Clone(data)
				}
			}
			if state := w.reopen(); state != Refused || !strings.Contains(w.store.Refusal().Text, "older copy") {
				t.Errorf("the store is %v: %s", state, w.store.Refusal().Text)
			}
		})
	}
}

func TestOpen_OneRottenSlotCostsNothing(t *testing.T) {
	for _, f := range []event.File{hardFile, sidecarFile} {
		for slot := range 2 {
			w := lived(t, 60)
			w.touch(f, rot(slot*slotSize, slot*slotSize+64))
			if state := w.reopen(); state != Ready {
				t.Fatalf("%s, slot %d: the store is %v: %s", f.Path(), slot, state, w.store.Refusal().Text)
			}
			w.verify()
		}
	}
}

// A rotten newest checkpoint is either bridged by the journal or named: never is anything missing from a store that starts.
func TestOpen_RottenCheckpointIsBridgedOrNamed(t *testing.T) {
	states := map[State]int{}
	for turns := 1; turns < 800; turns += 37 {
		cfg := smallConfig()
		if turns%2 == 0 {
			cfg.CheckpointAge = 1000 * event.Second // by occupancy only: the ring goes round between two of them
		}
		w := livedAs(t, cfg, turns)
		newest := 1 - w.store.ckpt.copy
		w.touch(checkpointFile(int64(newest)), rot(0, 64))
		state := w.reopen()
		states[state]++
		if state == Ready {
			w.verify()
		} else if r := w.store.Refusal(); r.Code != event.HaltLost {
			t.Errorf("%d turns: %v: %s", turns, state, r.Text)
		}
	}
	if states[Ready] == 0 || states[Refused] == 0 {
		t.Errorf("states met: %v", states)
	}
}

func TestOpen_IsIdempotent(t *testing.T) {
	w := lived(t, 150)
	w.reopen()
	w.verify()
	var generations []uint64
	for range 3 {
		w.crash(true)
		w.reopen()
		w.verify()
		generations = append(generations, w.store.Hard().Super.Incarnation)
	}
	if !slices.IsSorted(generations) || generations[0] == generations[2] {
		t.Errorf("incarnations %v", generations)
	}
}

func TestOpen_CleanIsTakenBackBeforeTheFirstFrame(t *testing.T) {
	w := newWorld(t, 1)
	w.revive()
	w.live(50)
	w.stop()
	w.reopen()
	if w.store.Hard().Clean {
		t.Error("a running store is marked as clean")
	}
	w.verify()
}

func TestSaveHard_CountsWhatIsDurable(t *testing.T) {
	w := newWorld(t, 5)
	w.revive()
	for i := range int32(3) {
		w.store.SaveHard(func(h *Hard) { h.Term = i + 1 }, &w.out)
	}
	w.disk.submit(&w.out)
	if w.store.HardSaves() != 0 || w.store.Hard().Term != 0 {
		t.Errorf("term %d counts at once", w.store.Hard().Term)
	}
	for w.store.HardSaves() < 3 {
		w.step()
		if want := int32(w.store.HardSaves()); w.store.Hard().Term != want {
			t.Fatalf("term %d after %d saves", w.store.Hard().Term, want)
		}
	}
	w.crash(true)
	w.reopen()
	if h := w.store.Hard(); h.Term != 3 || h.Directory != w.cfg.Directory {
		t.Errorf("reopened with %+v", h)
	}
}

func TestJudge_CrashesBetweenTheGenerations(t *testing.T) {
	for _, c := range []struct {
		copies [2]uint64 // 0: none
		side   uint64    // of the newer slot
		begun  bool      // the other slot of the sidecar is one behind
		hard   uint64
		use    uint64
		older  bool
		refuse event.HaltCode
	}{
		{copies: [2]uint64{0, 0}, side: 0, hard: 0},
		{copies: [2]uint64{1, 0}, side: 0, hard: 0, use: 1},
		{copies: [2]uint64{1, 0}, side: 1, begun: true, hard: 0, use: 1},
		{copies: [2]uint64{1, 0}, side: 1, hard: 1, use: 1},
		{copies: [2]uint64{3, 4}, side: 4, hard: 4, use: 4},
		{copies: [2]uint64{5, 4}, side: 4, hard: 4, use: 5},
		{copies: [2]uint64{5, 4}, side: 5, begun: true, hard: 4, use: 5},
		{copies: [2]uint64{5, 4}, side: 5, begun: true, hard: 5, use: 5},
		{copies: [2]uint64{5, 4}, side: 5, hard: 5, use: 5},
		{copies: [2]uint64{1, 0}, side: 1, hard: 0, refuse: event.HaltRefused},
		{copies: [2]uint64{5, 4}, side: 5, hard: 4, refuse: event.HaltRefused},
		{copies: [2]uint64{3, 0}, side: 4, hard: 4, use: 3, older: true},
		{copies: [2]uint64{0, 4}, side: 5, hard: 4, refuse: event.HaltRefused},
		{copies: [2]uint64{3, 4}, side: 6, hard: 4, refuse: event.HaltRefused},
		{copies: [2]uint64{5, 4}, side: 3, hard: 5, refuse: event.HaltRefused},
		{copies: [2]uint64{5, 6}, side: 5, hard: 4, refuse: event.HaltRefused},
		{copies: [2]uint64{2, 0}, side: 4, hard: 4, refuse: event.HaltLost},
		{copies: [2]uint64{0, 0}, side: 1, hard: 1, refuse: event.HaltLost},
	} {
		e := &evidence{chunks: 1}
		h := Hard{Directory: event.UUID{1}, Generation: c.hard, Super: journal.Superblock{Incarnation: 2}, Ring: true}
		for i := range 2 {
			e.hard[i].value = h
			e.side[i].save = c.side
			if c.begun && i == 1 {
				e.side[i].save--
			}
			e.side[i].value = sidecar{directory: h.Directory, generation: e.side[i].save}
			e.images[i].err = errNothing
			if g := c.copies[i]; g > 0 {
				e.images[i] = copyOf{image: &image{directory: h.Directory, generation: g}}
			}
		}
		v := judge(e)
		switch {
		case c.refuse != 0:
			if v.refusal == nil || v.refusal.Code != c.refuse {
				t.Errorf("%+v: %+v", c, v.refusal)
			}
		case v.refusal != nil || v.older != c.older || v.image == nil && c.use > 0 || v.image != nil && v.image.generation != c.use:
			t.Errorf("%+v: %+v", c, v)
		}
	}
}

// A crash inside a save leaves one slot behind the other, or torn. The next save must begin with that one: beginning with the
// other, a second crash at the same place would leave none.
func TestOpen_ASaveBeginsWithTheSlotThatIsNotBelieved(t *testing.T) {
	for _, f := range []event.File{hardFile, sidecarFile} {
		for slot := range 2 {
			w := lived(t, 60)
			w.touch(f, rot(slot*slotSize, slot*slotSize+64))
			w.start()
			first := int64(-1)
			for w.store.State() == Opening {
				for _, x := range w.disk.flying {
					if first < 0 && x.effect.Op == event.OpWriteFile && x.effect.File == f {
						first = x.effect.Offset
					}
				}
				w.step()
			}
			if first != int64(slot)*slotSize {
				t.Errorf("%s: slot %d is rotten, and the first save went to byte %d", f.Path(), slot, first)
			}
		}
	}
}
