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

func newProduceReply(n int) *event.ProduceReply {
	reply := &event.ProduceReply{Partitions: make([]event.ProducePartitionReply, n)}
	for i := range reply.Partitions {
		reply.Partitions[i] = event.ProducePartitionReply{BaseOffset: -1, LogAppendTime: -1, LogStart: -1,
			Leader: nobody()}
	}
	return reply
}

// produce judges each batch as far as the image goes and hands the rest to the shards.
func (f *Front) produce(now event.Time, t event.Ticket, req *event.Produce, out *event.Buf) {
	out.Touch(len(req.Partitions))
	reply := newProduceReply(len(req.Partitions))
	parts := make([][]event.ShardProduceItem, f.cfg.Shards)
	for i := range req.Partitions {
		p, r := &req.Partitions[i], &reply.Partitions[i]
		if req.Acks < -1 || req.Acks > 1 {
			r.Code = event.CodeInvalidRequiredAcks
			continue
		}
		if p.Refused != event.CodeNone {
			r.Code, r.Why = p.Refused, p.Why
			continue
		}
		at := f.locate(p.Name, p.ID, p.Partition)
		if at.code != event.CodeNone {
			r.Code, r.Leader = at.code, at.leader
			continue
		}
		parts[at.shard] = append(parts[at.shard], event.ShardProduceItem{
			Index: i, TP: at.tp, Batch: p.Batch, Earliest: p.Earliest,
		})
	}
	w := &produceWait{ticket: t, reply: reply}
	deadline := now + event.Time(max(req.TimeoutMs, 0))*event.Millisecond
	for s, items := range parts {
		if len(items) > 0 {
			w.at.add(s)
			out.SendMachine(f.shard(s), t, &event.ShardProduce{Acks: req.Acks, Deadline: deadline, Items: items})
		}
	}
	if w.at.empty() {
		out.Reply(t, reply)
		return
	}
	f.room.Park(t, event.Never, w)
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
