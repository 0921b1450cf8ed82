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
	// DoDeleteRecords lets a log begin later; beyond 100 percent it asks for more than there is.
	DoDeleteRecords    = "delete-records"
	DoCreatePartitions = "create-partitions"
	DoAlterConfig      = "alter-config"
	DoDescribeConfig   = "describe-config"
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
		g.wide = fault.NewRand(h.Seed, fault.StreamWide, uint64(id)).Seq()
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
	pause  int        // between operations, in microseconds at most
	wide   *fault.Seq // draws how many partitions requests span
}

// place is an operation on some partition.
func (g *generator) place(do string) fault.Op {
	t := g.Below(len(g.h.Topics))
	return fault.Op{
		Client: g.client, Do: do, Topic: t, Partition: int32(g.Below(int(g.h.Topics[t].Most()))),
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
		if g.wide.OneIn(4) {
			op.Wide = g.wide.Between(1, 4)
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
		if g.wide.OneIn(2) {
			op.Wide = g.wide.Between(1, 8)
			op.MaxBytes = int32(fault.Pick(g.wide, 0, 1, 1000, 10_000, 30_000))
		}
		if g.OneIn(12) {
			op.Do = DoListOffsets
			op.Timestamp = fault.Pick[int64](g.Seq, event.TimestampLatest, event.TimestampLatest, event.TimestampEarliest)
		}
		ops = append(ops, op)
	}
	return ops
}

// admin makes a few topics that nobody uses, lets those grow that shall, changes configurations, and deletes the doomed
// topics half way.
func (g *generator) admin(ops []fault.Op) []fault.Op {
	for range g.Below(3) {
		op := g.place(DoCreateTopic)
		op.Partition = int32(g.Between(1, 3))
		op.Pause = event.Time(g.LogBetween(1, 100)) * event.Millisecond
		ops = append(ops, op)
	}
	ops = g.trim(ops)
	for t := range g.h.Topics {
		if g.h.Topics[t].Doomed {
			ops = append(ops, g.later(fault.Op{Do: DoDeleteTopic, Topic: t}))
		}
	}
	for t := range g.h.Topics {
		if g.h.Topics[t].GrowsTo > 0 {
			ops = append(ops, g.later(fault.Op{Do: DoCreatePartitions, Topic: t, Partition: g.h.Topics[t].GrowsTo}))
		}
	}
	for range g.Below(8) {
		op := g.alter()
		ops = append(ops, op)
		if g.OneIn(2) {
			ops = append(ops, g.later(fault.Op{Do: DoDescribeConfig, Topic: op.Topic}))
		}
	}
	return ops
}

// later is an operation of this client after a pause of its own.
func (g *generator) later(op fault.Op) fault.Op {
	op.Client, op.Pause = g.client, event.Time(g.LogBetween(1, 200))*event.Millisecond
	return op
}

// alterable are configurations with values that some batches of a run fit and some may not; an empty one takes the
// configuration back. broker is the key by which all brokers have it.
var alterable = []struct {
	key, broker string
	values      []string
}{
	{"max.message.bytes", "message.max.bytes", []string{"", "700", "5000", "12000"}},
	{"segment.bytes", "log.segment.bytes", []string{"", "4096", "9000", "100000"}},
	{"min.insync.replicas", "min.insync.replicas", []string{"", "1", "2", "3"}},
	{"message.timestamp.type", "log.message.timestamp.type", []string{"", "CreateTime", "LogAppendTime"}},
	{"message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms", []string{"", "1000", "3600000"}},
	{"message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms", []string{"", "1000", "3600000"}},
	{"flush.ms", "log.flush.interval.ms", []string{"", "1", "77"}},
}

// alter changes one configuration of a topic, or of all brokers.
func (g *generator) alter() fault.Op {
	c := &alterable[g.Below(len(alterable))]
	op := g.later(fault.Op{Do: DoAlterConfig, Topic: -1, Key: c.broker, Value: fault.Pick(g.Seq, c.values...)})
	if t := g.Below(len(g.h.Topics)); !g.h.Topics[t].Doomed && !g.OneIn(3) {
		op.Topic, op.Key = t, c.key
	}
	return op
}

// trim deletes records now and then in every other run. It draws from a stream of its own.
func (g *generator) trim(ops []fault.Op) []fault.Op {
	own := &generator{
		Seq: fault.NewRand(g.h.Seed, fault.StreamRetention, 1).Seq(), h: g.h, client: g.client,
		pause: g.pause,
	}
	if own.OneIn(2) {
		return ops
	}
	for range own.LogBetween(1, 16) {
		op := own.place(DoDeleteRecords)
		op.Percent = fault.Pick(own.Seq, 10, 50, 90, 100, 100, 120)
		op.Pause = event.Time(own.LogBetween(1, 60)) * event.Millisecond
		ops = append(ops, op)
	}
	return ops
}
