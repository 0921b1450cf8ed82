package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/core/store"
)

// hard is what home says on the disk.
func (w *world) hard() store.Hard {
	w.t.Helper()
	small := &store.Files{
		Hard:    w.disk.files[event.File{Kind: event.FileHardState}],
		Sidecar: w.disk.files[event.File{Kind: event.FileSidecar}],
	}
	for i := range small.Checkpoints {
		small.Checkpoints[i] = w.disk.files[event.File{Kind: event.FileCheckpoint, Base: int64(i)}]
	}
	for f := range w.disk.files {
		if f.Kind == event.FileChunk && f.Store == event.Home {
			small.Chunks = append(small.Chunks, journal.ChunkImage{Number: f.Base})
		}
	}
	s := store.Examine(small)
	if s.Refusal != nil {
		w.t.Fatal(s.Refusal.Text)
	}
	return s.Hard
}

// config is that of a broker of so many shards.
func (w *world) config(shards int) Config {
	cfg := Tiny(rand.New(w.seed))
	w.seed++
	cfg.Node, cfg.Endpoints = 1, []metadata.Endpoint{{Name: "PLAINTEXT", Host: "localhost", Port: 9092}}
	cfg.SetShards(shards, cfg.Dice)
	return cfg
}

// move lets a Move go on for so many events. It returns how it ended, nil if it has not.
func (w *world) move(shards, events int) *event.Effect {
	w.t.Helper()
	m, err := NewMove(w.config(shards), w.hard())
	if err != nil {
		w.t.Fatal(err)
	}
	todo := []event.Event{{Kind: event.KindStart}}
	var out event.Buf
	var halted *event.Effect
	for range events {
		ev := event.Event{Kind: event.KindTick}
		if len(todo) > 0 {
			ev, todo = todo[0], todo[1:]
			w.now += 20 * event.Microsecond
		} else if next := m.NextDeadline(); next != event.Never {
			w.now = max(next, w.now+1)
		} else {
			w.t.Fatal("a change of the number of shards stands still")
		}
		ev.Now, ev.Wall = w.now, int64(w.now/event.Millisecond)
		out.Reset()
		m.Step(&ev, &out)
		for i, e := range out.Effects() {
			switch e.Op {
			case event.OpHalt:
				halted = &event.Effect{Halt: e.Halt, Text: e.Text}
			case event.OpRelease:
			case event.OpSendMachine, event.OpReply, event.OpCloseConn:
				w.t.Fatalf("a change of the number of shards says %s to somebody", &e)
			default:
				todo = append(todo, w.disk.do(&out.Effects()[i]))
			}
		}
		if halted != nil {
			return halted
		}
	}
	return nil
}

// moveWhole changes the number of shards, however many changes that takes.
func (w *world) moveWhole(shards int) {
	w.t.Helper()
	for MoveDue(w.hard(), shards) {
		if h := w.move(shards, 1<<20); h == nil || h.Halt != event.HaltClean {
			w.t.Fatalf("a change to %d shards ended with %d: %s", shards, h.Halt, h.Text)
		}
	}
}

// TestMove_EveryPartitionIsThereUnderEveryNumber produces, changes the number of shards, is killed in the middle of that again and
// again, and has everything afterwards, for readers and for producers.
func TestMove_EveryPartitionIsThereUnderEveryNumber(t *testing.T) {
	const partitions = 8
	w := newWorld(t)
	w.change = func(c *Config) { c.SetShards(1, c.Dice) }
	w.start()
	w.create("a", partitions)
	var want [partitions][]string
	kills := 0
	for round, shards := range []int{1, 3, 2, 5, 1, 4} {
		if round > 0 {
			for k := 1; ; k += 1 + k/40 {
				if h := w.move(shards, k); h != nil {
					if h.Halt != event.HaltClean {
						t.Fatalf("a change to %d shards ended with %d: %s", shards, h.Halt, h.Text)
					}
					break
				}
				kills++
			}
			if MoveDue(w.hard(), shards) {
				t.Fatalf("a change to %d shards is still due: %+v", shards, w.hard())
			}
		}
		w.change = func(c *Config) { c.SetShards(shards, c.Dice) }
		w.start()
		for p := range int32(partitions) {
			if got := w.fetch("a", p, 0); !slices.Equal(got, want[p]) {
				t.Fatalf("%d shards: partition %d holds %v, want %v", shards, p, got, want[p])
			}
			v := fmt.Sprintf("round %d", round)
			if r := w.produce("a", p, v); r.Code != event.CodeNone || r.BaseOffset != int64(len(want[p])) {
				t.Fatalf("%d shards: produce to %d: %+v", shards, p, r)
			}
			want[p] = append(want[p], v)
		}
		if round%2 == 0 {
			w.stop() // else it is killed
		}
	}
	t.Logf("%d kills", kills)
}

// TestMove_AnotherNumberWhileOneIsUnderWay: what is recorded is finished first.
func TestMove_AnotherNumberWhileOneIsUnderWay(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.create("a", 5)
	w.produce("a", 3, "x")
	w.stop()
	for k := 1; w.hard().Moving == 0; k++ {
		if w.move(4, k) != nil {
			t.Fatal("the change was over before it was recorded")
		}
	}
	if b, err := New(w.config(4)); err != nil || b == nil {
		t.Fatal(err)
	}
	w.change = func(c *Config) { c.SetShards(4, c.Dice) }
	w.boot()
	w.run(func() bool { return w.halted != nil })
	if w.halted.Halt != event.HaltRefused || !strings.Contains(w.halted.Text, "is being changed from 1 to 4 shards") {
		t.Fatalf("a broker on a directory between two numbers: %+v", w.halted)
	}
	w.moveWhole(2)
	w.change = func(c *Config) { c.SetShards(2, c.Dice) }
	w.start()
	if got := w.fetch("a", 3, 0); !slices.Equal(got, []string{"x"}) {
		t.Fatalf("got %v", got)
	}
}

// TestMove_RefusesALostShard: the old set starts as ever, so a store that was lost is no empty one (J8).
func TestMove_RefusesALostShard(t *testing.T) {
	for _, before := range []int{2, 3} { // the directories of the first set, and of one that a change has made
		w := newWorld(t)
		w.change = func(c *Config) { c.SetShards(2, c.Dice) }
		w.start()
		w.create("a", 4)
		w.produce("a", 0, "x")
		w.stop()
		w.moveWhole(before)
		w.disk.remove(event.File{Kind: event.DirStore, Store: event.Machine{Role: event.RoleShard, Index: 1}})
		h := w.move(1, 1<<20)
		if h == nil || h.Halt != event.HaltRefused || !strings.Contains(h.Text, "shard-1 is missing") {
			t.Fatalf("%+v", h)
		}
	}
}
