package broker

import (
	"fmt"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
)

// manyCells is a world whose broker has n cells.
func manyCells(t *testing.T, n int, seed uint64) *world {
	w := newWorld(t)
	w.order = rand.New(seed)
	w.change = func(c *Config) { c.SetShards(n, rand.New(uint64(n))) }
	return w
}

// A broker of one cell says nothing to its shell that a shell must carry; world.step sees to that for several.
func TestCells_OneCellHasNoMessagesForTheShell(t *testing.T) {
	w := manyCells(t, 1, 1)
	w.slow = true
	w.start()
	w.create("a", 4)
	w.produce("a", 0, "x")
	w.stop()
	if len(w.under) > 0 {
		t.Fatalf("the shell was given %d messages", len(w.under))
	}
}

// Whatever the order of messages between cells, requests through any connection get the same answers, and after a
// restart everything is there.
func TestCells_ServeThroughEveryConnection(t *testing.T) {
	for seed := range uint64(20) {
		w := manyCells(t, 4, seed)
		w.start()
		for conn := range event.ConnID(8) {
			w.conn = conn
			name := fmt.Sprintf("t%d", conn)
			if r := w.create(name, 8); r.Topics[0].Code != event.CodeNone {
				t.Fatalf("create: %+v", r)
			}
			for p := range int32(8) {
				w.conn = (conn + event.ConnID(p)) % 8
				if r := w.produce(name, p, "x"); r.Code != event.CodeNone || r.BaseOffset != 0 {
					t.Fatalf("seed %d: the first produce to %s-%d through connection %d: %+v", seed, name, p, w.conn, r)
				}
			}
		}
		w.stop()
		w.start()
		for conn := range event.ConnID(8) {
			w.conn = conn
			for p := range int32(8) {
				if got := w.fetch(fmt.Sprintf("t%d", 7-conn), p, 0); len(got) != 1 || got[0] != "x" {
					t.Fatalf("seed %d: partition %d after a restart: %v", seed, p, got)
				}
			}
		}
	}
}

// K-3: no CreateTopics is answered, and no front shows the topic, before every shard has applied its assignment and
// said so; and none is answered before every front has adopted the image.
func TestCells_NothingIsAnsweredBeforeEveryMachineHasHeard(t *testing.T) {
	for held := range 8 {
		w := manyCells(t, 4, uint64(held))
		w.start()
		w.conn = 1
		w.slow = true
		made := w.send(&event.CreateTopics{TimeoutMs: 60_000, Topics: []event.CreateTopic{{
			Name: "a", Partitions: 16, Replicas: 1,
		}}})
		// Everything goes on but one message: from home to a shard or a front of another cell, or its word back.
		var kept *event.Event
		for range 500 {
			switch {
			case len(w.under) == 0 && len(w.todo) > 0:
				ev := w.todo[0]
				w.todo = w.todo[1:]
				w.step(ev)
			case len(w.under) == 0:
				w.now += event.Millisecond
				w.step(event.Event{Kind: event.KindTick})
			default:
				ev := w.under[0]
				w.under = w.under[1:]
				if kept == nil && isWord(&ev, held) {
					kept = &ev
					continue
				}
				w.stepCell(CellOf(ev.To), ev)
			}
		}
		if kept == nil {
			t.Fatalf("message %d was never sent", held)
		}
		if w.replies[made] != nil {
			t.Errorf("answered although %T from %s to %s is still under way", kept.Body, kept.From, kept.To)
		}
		w.under = append(w.under, *kept)
		w.slow = false
		w.run(func() bool { return w.replies[made] != nil })
	}
}

// isWord picks the n-th kind of message of a publication, of cells 1 and 2.
func isWord(ev *event.Event, n int) bool {
	cell := uint8(1 + n/4)
	switch ev.Body.(type) {
	case *event.ShardAssign:
		return n%4 == 0 && ev.To.Index == cell
	case *event.ShardAssigned:
		return n%4 == 1 && ev.From.Index == cell
	case *event.ImageUpdate:
		return n%4 == 2 && ev.To.Index == cell
	case *event.ImageAdopted:
		return n%4 == 3 && ev.From.Index == cell
	}
	return false
}

// Each front has blocks of its own: no id is given twice, whoever asks where.
func TestCells_ProducerIDsAreNeverGivenTwice(t *testing.T) {
	w := manyCells(t, 3, 1)
	seen := map[int64]event.ConnID{}
	for range 2 {
		w.start()
		for conn := range event.ConnID(9) {
			w.conn = conn
			r := ask[*event.InitProducerIDReply](w, &event.InitProducerID{ProducerID: -1, ProducerEpoch: -1})
			if at, twice := seen[r.ProducerID]; twice || r.Code != event.CodeNone {
				t.Fatalf("connection %d gets id %d, code %d; connection %d had it", conn, r.ProducerID, r.Code, at)
			}
			seen[r.ProducerID] = conn
		}
	}
}

// A connection that ends takes its watches and its waiting batches off the shards of other cells.
func TestCells_AClosedConnectionIsForgottenEverywhere(t *testing.T) {
	w := manyCells(t, 4, 1)
	w.start()
	w.create("a", 16)
	w.conn = 2
	parts := make([]event.FetchPartition, 16)
	for p := range parts {
		parts[p] = event.FetchPartition{Name: "a", Partition: int32(p), CurrentEpoch: -1, LastFetchedEpoch: -1, MaxBytes: 1000}
	}
	fetch := w.send(&event.Fetch{ReplicaID: -1, MaxWaitMs: 60_000, MinBytes: 1, MaxBytes: 1000, Partitions: parts})
	w.step(event.Event{Kind: event.KindConnClosed, Ticket: event.Ticket{Conn: 2}})
	w.conn = 3
	for p := range int32(16) {
		w.produce("a", p, "x")
	}
	if w.replies[fetch] != nil {
		t.Fatal("a request of a closed connection is answered")
	}
}

// A halt of one cell stops that cell; the shell ends the others.
func TestCells_AHaltedCellDoesNothingMore(t *testing.T) {
	w := manyCells(t, 2, 1)
	w.start()
	w.create("a", 16)
	w.hold = true
	for p := range int32(16) {
		w.send(&event.Produce{Acks: -1, TimeoutMs: 60_000,
			Partitions: []event.ProducePartition{{Name: "a", Partition: p, Batch: batch("x")}}})
	}
	one := event.Machine{Role: event.RoleShard, Index: 1}
	for i := range w.todo {
		if ev := w.todo[i]; ev.IO.Machine() == one && w.halted == nil {
			ev.Status = event.StatusIOError
			w.step(ev)
		}
	}
	if w.halted == nil || w.halted.Halt != event.HaltDisk {
		t.Fatalf("a failed write of shard 1 leads to %+v", w.halted)
	}
	var out event.Buf
	c := w.broker.Cells()[1]
	c.Step(&event.Event{Kind: event.KindTick, Now: w.now + event.Second}, &out)
	if out.Len() > 0 || c.Ready() || c.NextDeadline() != event.Never || w.broker.Ready() {
		t.Errorf("a halted cell goes on: %d effects", out.Len())
	}
}
