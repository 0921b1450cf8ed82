package disk

import (
	"fmt"
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

// history is the naive model: every state that a sector, a size or a folder ever had, and the first one that a power
// cut may still go back to. It knows nothing of versions, floors or trees.
type history struct {
	states []string
	floor  int
}

func (h *history) now() string { return h.states[len(h.states)-1] }
func (h *history) to(s string) { h.states = append(h.states, s) }

// synced says that a sync submitted when mark states existed completed.
func (h *history) synced(mark int) { h.floor = max(h.floor, mark-1) }

func (h *history) allows(s string) bool { return slices.Contains(h.states[h.floor:], s) }

const modelBlocks = 3

// model is one file of up to three blocks in one folder, and a second file that only comes and goes.
type model struct {
	blocks [modelBlocks]history
	size   history
	folder history // the names of the files that exist
}

func newModel() *model {
	m := &model{size: history{states: []string{"0"}}, folder: history{states: []string{"a"}}}
	for i := range m.blocks {
		m.blocks[i].states = []string{"."}
	}
	return m
}

func (m *model) marks() (out [modelBlocks + 2]int) {
	for i := range m.blocks {
		out[i] = len(m.blocks[i].states)
	}
	out[modelBlocks], out[modelBlocks+1] = len(m.size.states), len(m.folder.states)
	return out
}

// Every state that a power cut leaves is one that the naive model allows, and what IsDurable promises, every cut keeps.
func TestPowerCut_LeavesOnlyAllowedStates(t *testing.T) {
	other := segment
	other.Base = 43
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		r.create(segment)
		r.syncFs()
		m := newModel()
		fill := byte('a')
		for range rapid.IntRange(1, 12).Draw(t, "ops") {
			at := rapid.IntRange(0, modelBlocks-1).Draw(t, "block")
			switch rapid.SampledFrom([]string{"write", "write", "durable", "cut", "sync", "late-sync", "other", "dir", "fs", "kill"}).Draw(t, "op") {
			case "write", "durable":
				durable := rapid.Bool().Draw(t, "durable")
				r.write(segment, int64(at)*event.BlockSize, fill, durable)
				m.write(at, fill)
				if durable {
					m.blocks[at].synced(len(m.blocks[at].states))
					m.reach(at + 1)
				}
				fill++
			case "cut":
				r.truncate(segment, int64(at)*event.BlockSize)
				for i := at; i < modelBlocks; i++ {
					if m.blocks[i].now() != "." {
						m.blocks[i].to(".")
					}
				}
				m.size.to(fmt.Sprint(at))
			case "sync":
				r.syncFile(segment)
				m.syncFile(m.marks())
			case "late-sync":
				marks := m.marks()
				r.buf.SyncFile(r.io(), segment)
				io := r.submit()
				r.write(segment, int64(at)*event.BlockSize, fill, false)
				m.write(at, fill)
				fill++
				r.complete(io)
				m.syncFile(marks)
			case "other":
				if m.folder.now() == "a" {
					r.create(other)
					m.folder.to("ab")
				} else {
					r.remove(other)
					m.folder.to("a")
				}
			case "dir":
				r.syncDir(segment.Dir())
				m.folder.synced(len(m.folder.states))
			case "fs":
				r.syncFs()
				m.syncFile(m.marks())
				m.folder.synced(len(m.folder.states))
			case "kill":
				r.Kill(Crash{})
			}
		}
		durable := r.IsDurable(segment, 0, event.BlockSize)
		before := sketch(r.Disk, segment)
		first := rapid.Uint64().Draw(t, "seed")
		for seed := first; seed != first+8; seed++ {
			d := r.Clone()
			d.PowerCut(Crash{Seed: seed, Data: Keep(seed % 3), Meta: Keep(seed / 2 % 3)})
			m.judge(t, d, other)
			if after := sketch(d, segment); durable && (after == "" || after[0] != before[0]) {
				t.Fatalf("promised %q, left %q", before, after)
			}
		}
		if image, _ := r.DurableImage(segment); len(image) > 0 {
			d := r.Clone()
			d.PowerCut(Crash{})
			if left, _ := d.Image(segment); !slices.Equal(image, left) {
				t.Fatal("DurableImage is not what a cut that keeps nothing leaves")
			}
		}
	})
}

func (m *model) write(at int, fill byte) {
	m.blocks[at].to(string(fill))
	var size int
	fmt.Sscan(m.size.now(), &size)
	if size < at+1 {
		m.size.to(fmt.Sprint(at + 1))
	}
}

// reach makes every size at least n: what a durable write needs of it is durable with the bytes.
func (m *model) reach(n int) {
	for i, s := range m.size.states {
		var size int
		fmt.Sscan(s, &size)
		m.size.states[i] = fmt.Sprint(max(size, n))
	}
}

func (m *model) syncFile(marks [modelBlocks + 2]int) {
	for i := range m.blocks {
		m.blocks[i].synced(marks[i])
	}
	m.size.synced(marks[modelBlocks])
}

// grewThrough reports whether size lies inside a growth: the pieces of what made a file longer have their own fates.
func (m *model) grewThrough(size string) bool {
	open := m.size.states[m.size.floor:]
	for i := 1; i < len(open); i++ {
		if open[i-1] < size && size < open[i] { // one digit each
			return true
		}
	}
	return false
}

func (m *model) judge(t *rapid.T, d *Disk, other event.File) {
	image, ok := d.Image(segment)
	if !ok {
		t.Fatal("a synced file is gone")
	}
	if size := fmt.Sprint(len(image) / event.BlockSize); !m.size.allows(size) && !m.grewThrough(size) {
		t.Fatalf("size %s, allowed %v", size, m.size.states[m.size.floor:])
	}
	for s := 0; s < len(image); s += event.SectorSize {
		c := string(image[s])
		if image[s] == 0 {
			c = "."
		}
		if h := m.blocks[s/event.BlockSize]; !h.allows(c) {
			t.Fatalf("sector %d holds %q, allowed %q", s/event.SectorSize, c, h.states[h.floor:])
		}
	}
	names := "a"
	if _, ok := d.Size(other); ok {
		names = "ab"
	}
	if !m.folder.allows(names) {
		t.Fatalf("folder holds %s, allowed %v", names, m.folder.states[m.folder.floor:])
	}
}

// Over many seeds a cut reaches every combination that the model allows: two blocks with two unsynced versions each,
// and one unsynced removal.
func TestPowerCut_ReachesEveryAllowedState(t *testing.T) {
	seen := map[string]bool{}
	r := made(t, segment, 'a', 'b')
	other := segment
	other.Base = 43
	r.create(other)
	r.syncDir(segment.Dir())
	for _, fill := range []byte{'x', 'y'} {
		r.write(segment, 0, fill, false)
		r.write(segment, event.BlockSize, fill, false)
	}
	r.remove(other)
	for seed := range uint64(2000) {
		d := r.Clone()
		d.PowerCut(Crash{Seed: seed, Data: KeepSome, Meta: KeepSome})
		if s := sketch(d, segment); s[0] != '?' && s[1] != '?' {
			_, ok := d.Size(other)
			seen[fmt.Sprint(s, ok)] = true
		}
	}
	if len(seen) != 3*3*2 {
		t.Fatalf("%d of 18 states: %v", len(seen), seen)
	}
}
