package front

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/metadata"
)

// deleteRecordsWait is a DeleteRecords request at its shards. It has no deadline of its own: each shard keeps the
// request's, and answers every item.
type deleteRecordsWait struct {
	ticket event.Ticket
	reply  *event.DeleteRecordsReply
	asked  []bool // by shard
	shards int    // that have not answered yet
}

func newDeleteRecordsReply(n int) *event.DeleteRecordsReply {
	reply := &event.DeleteRecordsReply{Partitions: make([]event.DeleteRecordsPartitionReply, n)}
	for i := range reply.Partitions {
		reply.Partitions[i].LowWatermark = -1
	}
	return reply
}

// deleteRecords judges each partition as far as the image goes and hands the rest to the shards.
func (f *Front) deleteRecords(now event.Time, t event.Ticket, req *event.DeleteRecords, out *event.Buf) {
	w := &deleteRecordsWait{ticket: t, reply: newDeleteRecordsReply(len(req.Partitions)), asked: make([]bool, f.cfg.Shards)}
	parts := make([]*event.ShardDeleteRecords, f.cfg.Shards)
	deadline := now + event.Time(max(req.TimeoutMs, 0))*event.Millisecond
	for i, p := range req.Partitions {
		if metadata.InternalTopic(p.Name) {
			w.reply.Partitions[i].Code = event.CodeInvalidTopic
			continue
		}
		at := f.locate(p.Name, event.UUID{}, p.Partition)
		if at.code != event.CodeNone {
			w.reply.Partitions[i].Code = at.code
			continue
		}
		if parts[at.shard] == nil {
			parts[at.shard] = &event.ShardDeleteRecords{Deadline: deadline}
			w.shards++
			w.asked[at.shard] = true
		}
		m := parts[at.shard]
		m.Index, m.TP, m.Items = append(m.Index, i), append(m.TP, at.tp), append(m.Items, p)
	}
	if w.shards == 0 {
		out.Reply(t, w.reply)
		return
	}
	for s, m := range parts {
		if m != nil {
			out.SendMachine(f.shard(s), t, m)
		}
	}
	f.room.Park(t, event.Never, w)
}

func (w *deleteRecordsWait) onDeleted(f *Front, _ *event.Event, m *event.ShardDeletedRecords, out *event.Buf) {
	if len(m.Index) != len(m.Results) {
		invariant.Violated("F-3: a shard answers %d partitions with %d results", len(m.Index), len(m.Results))
	}
	for i, at := range m.Index {
		w.reply.Partitions[at] = m.Results[i]
	}
	w.shards--
	if w.shards == 0 {
		f.finish(w.ticket, w.reply, out)
	}
}

func (w *deleteRecordsWait) expire(*Front, *event.Buf) {
	invariant.Violated("F-1: a request to delete records has no deadline at its front")
}

// cancel tells the shards that nobody waits any more. What is staged will come about; their answer will be late.
func (w *deleteRecordsWait) cancel(f *Front, out *event.Buf) {
	for s, asked := range w.asked {
		if asked {
			out.SendMachine(f.shard(s), w.ticket, &event.ShardForget{})
		}
	}
}
