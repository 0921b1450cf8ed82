package front

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// produceWait is a produce request at its shards. It has no deadline of its own: each shard keeps the request's, and
// answers every item.
type produceWait struct {
	ticket event.Ticket
	reply  *event.ProduceReply
	at     shardSet // that have not answered yet
}

// loneProduce is everything that a request for one partition needs: small batches come by the hundred thousand a second,
// each as a request of its own.
type loneProduce struct {
	wait   produceWait
	reply  event.ProduceReply
	result [1]event.ProducePartitionReply
	order  event.ShardProduce
	item   [1]event.ShardProduceItem
}

const (
	// lonesAtOnce is how many requests for one partition share an allocation.
	lonesAtOnce = 32
	// smallBatch is the largest batch of one that does, in bytes: none keeps a large batch of a neighbour in memory.
	smallBatch = 4 << 10
)

// newLone is a request with a batch of so many bytes.
func (f *Front) newLone(batch int) *loneProduce {
	if batch > smallBatch {
		return new(loneProduce)
	}
	if len(f.lones) == 0 {
		f.lones = make([]loneProduce, lonesAtOnce)
	}
	l := &f.lones[0]
	f.lones = f.lones[1:]
	return l
}

func newProduceReply(n int) *event.ProduceReply {
	reply := &event.ProduceReply{Partitions: make([]event.ProducePartitionReply, n)}
	unanswered(reply.Partitions)
	return reply
}

func unanswered(list []event.ProducePartitionReply) {
	for i := range list {
		list[i] = event.ProducePartitionReply{BaseOffset: -1, LogAppendTime: -1, LogStart: -1, Leader: nobody()}
	}
}

// produce judges each batch as far as the image goes and hands the rest to the shards.
func (f *Front) produce(now event.Time, t event.Ticket, req *event.Produce, out *event.Buf) {
	out.Touch(len(req.Partitions))
	wait := event.Time(max(req.TimeoutMs, 0)) * event.Millisecond
	order := event.ShardProduce{Acks: req.Acks, Deadline: now + wait, Wait: wait}
	if len(req.Partitions) == 1 {
		f.produceOne(t, req, order, out)
		return
	}
	reply := newProduceReply(len(req.Partitions))
	parts := make([][]event.ShardProduceItem, f.cfg.Shards)
	for i := range req.Partitions {
		if item, shard, ok := f.judge(req, i, &reply.Partitions[i]); ok {
			parts[shard] = append(parts[shard], item)
		}
	}
	w := &produceWait{ticket: t, reply: reply}
	for s, items := range parts {
		if len(items) > 0 {
			part := order
			part.Items = items
			w.at.add(s)
			out.SendMachine(f.shard(s), t, &part)
		}
	}
	if w.at.empty() {
		out.Reply(t, reply)
		return
	}
	f.room.Park(t, event.Never, w)
}

// produceOne is produce for one partition.
func (f *Front) produceOne(t event.Ticket, req *event.Produce, order event.ShardProduce, out *event.Buf) {
	l := f.newLone(len(req.Partitions[0].Batch))
	unanswered(l.result[:])
	l.reply.Partitions = l.result[:]
	item, shard, ok := f.judge(req, 0, &l.result[0])
	if !ok {
		out.Reply(t, &l.reply)
		return
	}
	l.item[0] = item
	l.order = order
	l.order.Items = l.item[:]
	l.wait = produceWait{ticket: t, reply: &l.reply}
	l.wait.at.add(shard)
	out.SendMachine(f.shard(shard), t, &l.order)
	f.room.Park(t, event.Never, &l.wait)
}

// judge says which shard batch i of a request goes to; ok is false where the image, or the edge, has answered it.
func (f *Front) judge(req *event.Produce, i int, r *event.ProducePartitionReply) (item event.ShardProduceItem, shard int, ok bool) {
	p := &req.Partitions[i]
	if req.Acks < -1 || req.Acks > 1 {
		r.Code = event.CodeInvalidRequiredAcks
		return item, 0, false
	}
	if p.Refused != event.CodeNone {
		r.Code, r.Why = p.Refused, p.Why
		return item, 0, false
	}
	at := f.locate(p.Name, p.ID, p.Partition)
	if at.code != event.CodeNone {
		r.Code, r.Leader = at.code, at.leader
		return item, 0, false
	}
	return event.ShardProduceItem{Index: i, TP: at.tp, Batch: p.Batch, Earliest: p.Earliest}, at.shard, true
}

func (w *produceWait) onProduced(f *Front, ev *event.Event, m *event.ShardProduced, out *event.Buf) {
	if len(m.Items) != len(m.Results) {
		invariant.Violated("F-3: a shard answers %d items with %d results", len(m.Items), len(m.Results))
	}
	for i, item := range m.Items {
		w.reply.Partitions[item.Index] = m.Results[i]
	}
	w.at.remove(int(ev.From.Index))
	if w.at.empty() {
		f.finish(w.ticket, w.reply, out)
	}
}

func (w *produceWait) expire(*Front, *event.Buf) {
	invariant.Violated("F-1: a produce request has no deadline at its front")
}

// cancel tells the shards that nobody waits any more. What was appended is appended: their answers will be late.
func (w *produceWait) cancel(f *Front, out *event.Buf) {
	for s := range f.cfg.Shards {
		if w.at.has(s) {
			out.SendMachine(f.shard(s), w.ticket, &event.ShardForget{})
		}
	}
}
