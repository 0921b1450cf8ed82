package workload

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
)

// Verbs of operations in a plan.
const (
	DoProduce     = "produce"
	DoFetch       = "fetch"
	DoListOffsets = "list-offsets"
	DoCreateTopic = "create-topic"
	DoDeleteTopic = "delete-topic"
)

// Size is how much a run does.
type Size struct {
	Produce int // batches over all producers
	Fetch   int // polls over all consumers
}

// DefaultSize is enough for every producer to lap a small ring, and little enough for dozens of runs a second.
var DefaultSize = Size{Produce: 260, Fetch: 160}

// Generate draws the operations of every client in h. Each client draws from its own stream.
func Generate(h *fault.Header, size Size) []fault.Op {
	producers, consumers := 0, 0
	for i := range h.Clients {
		switch h.Clients[i].Role {
		case fault.Producer:
			producers++
		case fault.Consumer:
			consumers++
		}
	}
	var ops []fault.Op
	for id := range h.Clients {
		g := &generator{Seq: fault.NewRand(h.Seed, fault.StreamWorkload, uint64(id)).Seq(), h: h, client: id}
		g.pause = g.LogBetween(1, 2000)
		switch h.Clients[id].Role {
		case fault.Producer:
			ops = g.produce(ops, size.Produce/producers)
		case fault.Consumer:
			ops = g.fetch(ops, size.Fetch/consumers)
		default:
			ops = g.admin(ops)
		}
	}
	return ops
}

// generator draws the operations of one client.
type generator struct {
	*fault.Seq
	h      *fault.Header
	client int
	pause  int // between operations, in microseconds at most
}

// place is an operation on some partition.
func (g *generator) place(do string) fault.Op {
	t := g.Below(len(g.h.Topics))
	return fault.Op{
		Client: g.client, Do: do, Topic: t, Partition: int32(g.Below(int(g.h.Topics[t].Partitions))),
		Pause: event.Time(g.Below(g.pause+1)) * event.Microsecond,
	}
}

// most is about how many bytes of values a batch has at most, and mostDirect where large batches go straight to their segments:
// less than the smallest frame holds.
const (
	most       = 8192
	mostDirect = 14 << 10
)

func (g *generator) produce(ops []fault.Op, n int) []fault.Op {
	large := fault.Pick(g.Seq, 64, 512, 2048)
	home, faithful := g.place(DoProduce), g.Below(4)
	for range n {
		op := g.place(DoProduce)
		if g.Below(4) < faithful {
			op.Topic, op.Partition = home.Topic, home.Partition
		}
		op.Acks = fault.Pick[int16](g.Seq, -1, -1, -1, -1, -1, -1, 1, 0)
		op.Records = g.LogBetween(1, 8)
		op.Bytes = min(g.LogBetween(8, large), most/op.Records)
		if g.h.Store.DirectBytes > 0 && g.OneIn(3) {
			op.Records = g.Between(1, 3)
			op.Bytes = g.Between(most/4, mostDirect) / op.Records
		}
		if g.OneIn(50) {
			op.Pause += event.Time(g.LogBetween(1, 50)) * event.Millisecond
		}
		ops = append(ops, op)
	}
	return ops
}

func (g *generator) fetch(ops []fault.Op, n int) []fault.Op {
	for range n {
		op := g.place(DoFetch)
		if g.OneIn(12) {
			op.Do = DoListOffsets
			op.Timestamp = fault.Pick[int64](g.Seq, event.TimestampLatest, event.TimestampLatest, event.TimestampEarliest)
		}
		ops = append(ops, op)
	}
	return ops
}

// admin makes a few topics that nobody uses, and deletes the doomed ones half way.
func (g *generator) admin(ops []fault.Op) []fault.Op {
	for range g.Below(3) {
		op := g.place(DoCreateTopic)
		op.Partition = int32(g.Between(1, 3))
		op.Pause = event.Time(g.LogBetween(1, 100)) * event.Millisecond
		ops = append(ops, op)
	}
	for t := range g.h.Topics {
		if g.h.Topics[t].Doomed {
			ops = append(ops, fault.Op{
				Client: g.client, Do: DoDeleteTopic, Topic: t, Pause: event.Time(g.LogBetween(1, 200)) * event.Millisecond,
			})
		}
	}
	return ops
}
