package replica

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
)

// TestReplica_LosesNothingUnderLossDelayAndPowerCuts walks three replicas through random schedules: packets are lost,
// repeated, overtaken; nodes lose their unflushed tails; leaders are deposed without knowing it; the ISR shrinks and
// grows. After every step log matching, leader completeness, monotone high watermarks and the durability of what is
// committed are judged. Then everything heals, and the replicas have to converge.
func TestReplica_LosesNothingUnderLossDelayAndPowerCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(3, rapid.IntRange(1, 2).Draw(t, "minISR"))
		var log []string
		step := func(format string, args ...any) {
			log = append(log, fmt.Sprintf(format, args...))
			if err := w.laws(); err != nil {
				for _, l := range log {
					t.Log(l)
				}
				t.Fatal(err)
			}
		}
		w.elect(1)
		for range rapid.IntRange(20, 150).Draw(t, "steps") {
			w.now += event.Time(rapid.IntRange(1, 300).Draw(t, "ms")) * event.Millisecond
			id := event.NodeID(rapid.IntRange(1, 3).Draw(t, "node"))
			n := w.node(id)
			switch rapid.SampledFrom(walk).Draw(t, "what") {
			case "deliver":
				if len(w.packets) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(w.packets)-1).Draw(t, "packet")
				p := w.packets[i]
				if rapid.IntRange(0, 9).Draw(t, "twice") > 0 {
					w.packets = slices.Delete(w.packets, i, i+1)
				}
				step("deliver %d->%d: %s", p.from, p.to, w.deliver(p))
			case "in order":
				if len(w.packets) == 0 {
					continue
				}
				p := w.packets[0]
				w.packets = w.packets[1:]
				step("deliver %d->%d: %s", p.from, p.to, w.deliver(p))
			case "lose":
				if len(w.packets) > 0 {
					i := rapid.IntRange(0, len(w.packets)-1).Draw(t, "packet")
					w.packets = slices.Delete(w.packets, i, i+1)
				}
			case "append":
				if n.up && n.r.Role() == Leader {
					w.append(id, rapid.IntRange(1, 3).Draw(t, "records"))
					step("%d appends:%s", id, n.book)
				}
			case "flush":
				if n.up {
					w.flush(id)
					step("%d flushes to %d", id, n.book.Flushed())
				}
			case "fetch":
				if n.up && w.fetch(id) {
					step("%d fetches from %d", id, n.book.End())
				}
			case "round":
				if n.up {
					w.round(id)
					step("%d fetches, flushes and fetches:%s", id, n.book)
				}
			case "propose":
				if n.up {
					if p, ok := w.propose(id); ok {
						step("%d proposes %v", id, p)
					}
				}
			case "power":
				if n.up {
					w.crash(id)
					step("%d loses power:%s", id, n.book)
				} else {
					w.start(id)
					step("%d starts", id)
				}
			case "fence":
				if !n.up {
					w.fence(id)
					step("%d is fenced", id)
				}
			case "elect":
				if n.up && slices.Contains(w.a.ISR, id) {
					w.elect(id)
					step("%d is elected for epoch %d", id, w.a.LeaderEpoch)
				}
			}
		}
		heal(t, w, step)
	})
}

// walk holds the actions, the likely ones more often.
var walk = []string{
	"deliver", "in order", "in order", "in order", "in order", "lose", "append", "append", "flush", "flush", "flush",
	"fetch", "fetch", "round", "round", "round", "round", "propose", "propose", "power", "fence", "elect",
}

// heal starts every node, elects a leader and lets everything arrive: then all logs must be equal and committed.
func heal(t *rapid.T, w *world, step func(string, ...any)) {
	for _, n := range w.nodes {
		if !n.up {
			w.start(n.id)
		}
	}
	w.elect(w.a.ISR[0])
	leader := w.node(w.a.Leader)
	for range 60 {
		for len(w.packets) > 0 {
			p := w.packets[0]
			w.packets = w.packets[1:]
			step("heal %d->%d: %s", p.from, p.to, w.deliver(p))
		}
		w.now += 100 * event.Millisecond
		for _, n := range w.nodes {
			w.flush(n.id)
			w.fetch(n.id)
		}
		if leader.r.Role() == Leader {
			w.propose(leader.id)
		}
		step("heal: all fetch")
	}
	for _, n := range w.nodes {
		if !slices.Equal(n.book.recs, leader.book.recs) {
			t.Fatalf("node %d did not converge: %s, leader has %s", n.id, n.book, leader.book)
		}
		if n.r.HighWatermark() != leader.book.End() {
			t.Fatalf("node %d: high watermark %d of %d", n.id, n.r.HighWatermark(), leader.book.End())
		}
	}
	if len(w.a.ISR) != 3 {
		t.Fatalf("ISR is %v", w.a.ISR)
	}
}
