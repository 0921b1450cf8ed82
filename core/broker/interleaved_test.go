package broker

import (
	"fmt"
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
	"pgregory.net/rapid"
)

// parts of the one topic that the requests of these tests are about.
const parts = 12

// drawnRequest is a request about some partitions.
func drawnRequest(t *rapid.T, of []int32, n int) event.Body {
	if rapid.Bool().Draw(t, "produce") {
		req := &event.Produce{Acks: -1, TimeoutMs: 60_000}
		for _, p := range of {
			req.Partitions = append(req.Partitions, event.ProducePartition{Name: "a", Partition: p, Batch: batch(fmt.Sprintf("%d-%d", n, p))})
		}
		return req
	}
	req := &event.Fetch{ReplicaID: -1, MaxBytes: int32(rapid.IntRange(1, 600).Draw(t, "budget"))}
	for _, p := range of {
		req.Partitions = append(req.Partitions, event.FetchPartition{
			Name: "a", Partition: p, CurrentEpoch: -1, LastFetchedEpoch: -1, MaxBytes: int32(rapid.IntRange(1, 300).Draw(t, "of one")),
			Offset: int64(rapid.IntRange(0, 1).Draw(t, "offset")),
		})
	}
	return req
}

// again is req with batches of its own: a broker stamps those that it is given.
func again(req event.Body) event.Body {
	p, ok := req.(*event.Produce)
	if !ok {
		return req
	}
	c := *p
	c.Partitions = slices.Clone(p.Partitions)
	for i := range c.Partitions {
		c.Partitions[i].Batch = slices.Clone(c.Partitions[i].Batch)
	}
	return &c
}

// answers gives the answers of a broker of n cells to rounds of requests. Those of one round are about different partitions
// and come at the same time, each through a connection of its own. What happens next is drawn: a message between cells
// arrives, an operation of the disk is done, or time passes.
func answers(t *testing.T, n int, order *rand.Source, rounds [][]event.Body) (said []string) {
	w := manyCells(t, n, 1)
	w.order = order
	w.start()
	w.create("a", parts)
	w.slow = true
	for _, round := range rounds {
		var tickets []event.Ticket
		for conn, req := range round {
			w.conn = event.ConnID(conn)
			tickets = append(tickets, w.send(again(req)))
		}
		waits := func() bool {
			return slices.ContainsFunc(tickets, func(t event.Ticket) bool { return w.replies[t] == nil })
		}
		for n := 0; waits(); n++ {
			switch under, todo := len(w.under), len(w.todo); {
			case n > 100_000:
				t.Fatal("no answer comes")
			case under > 0 && (todo == 0 || order.IntN(2) == 0):
				w.deliver()
			case todo > 0:
				at := order.IntN(todo)
				ev := w.todo[at]
				w.todo = slices.Delete(w.todo, at, at+1)
				w.step(ev)
			default:
				w.now += event.Millisecond
				w.step(event.Event{Kind: event.KindTick})
			}
		}
		for _, ticket := range tickets {
			if r, ok := w.replies[ticket].(*event.FetchReply); ok {
				r.Held = nil // where the bytes lie is nobody's business
			}
			said = append(said, fmt.Sprintf("%+v", w.replies[ticket]))
		}
	}
	return said
}

// However many cells there are, and however their work interleaves, the same requests have the same answers.
func TestCells_AnswerLikeOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var rounds [][]event.Body
		for n := range rapid.IntRange(1, 6).Draw(rt, "rounds") {
			free := rapid.Permutation(func() (all []int32) {
				for p := range int32(parts) {
					all = append(all, p)
				}
				return all
			}()).Draw(rt, "partitions")
			var round []event.Body
			for range rapid.IntRange(1, 4).Draw(rt, "connections") {
				k := rapid.IntRange(1, max(1, len(free)/2)).Draw(rt, "of")
				round = append(round, drawnRequest(rt, free[:k], n))
				free = free[k:]
			}
			rounds = append(rounds, round)
		}
		seed := rapid.Uint64().Draw(rt, "order")
		one := answers(t, 1, rand.New(seed), rounds)
		cells := rapid.IntRange(2, 5).Draw(rt, "cells")
		for i, got := range answers(t, cells, rand.New(seed), rounds) {
			if got != one[i] {
				rt.Fatalf("answer %d of %d cells:\n%s\nof one:\n%s", i, cells, got, one[i])
			}
		}
	})
}
