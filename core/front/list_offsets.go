package front

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// listOffsetsWait is a lookup of offsets at its shards, which answer in bounded time.
type listOffsetsWait struct {
	ticket event.Ticket
	reply  *event.ListOffsetsReply
	shards int // that have not answered yet
}

func newListOffsetsReply(n int) *event.ListOffsetsReply {
	reply := &event.ListOffsetsReply{Partitions: make([]event.ListOffsetsPartitionReply, n)}
	for i := range reply.Partitions {
		reply.Partitions[i] = event.ListOffsetsPartitionReply{Offset: -1, Timestamp: -1, Epoch: -1}
	}
	return reply
}

// listOffsets hands each lookup to the shard that holds the partition.
func (f *Front) listOffsets(t event.Ticket, req *event.ListOffsets, out *event.Buf) {
	out.Touch(len(req.Partitions))
	w := &listOffsetsWait{ticket: t, reply: newListOffsetsReply(len(req.Partitions))}
	parts := make([]*event.ShardListOffsets, f.cfg.Shards)
	for i, p := range req.Partitions {
		at := f.locate(p.Name, p.ID, p.Partition)
		if at.code != event.CodeNone {
			w.reply.Partitions[i].Code = at.code
			continue
		}
		if parts[at.shard] == nil {
			parts[at.shard] = &event.ShardListOffsets{}
			w.shards++
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

func (w *listOffsetsWait) onListed(f *Front, _ *event.Event, m *event.ShardListedOffsets, out *event.Buf) {
	if len(m.Index) != len(m.Results) {
		invariant.Violated("F-3: a shard answers %d lookups with %d results", len(m.Index), len(m.Results))
	}
	for i, at := range m.Index {
		w.reply.Partitions[at] = m.Results[i]
	}
	w.shards--
	if w.shards == 0 {
		f.finish(w.ticket, w.reply, out)
	}
}

func (w *listOffsetsWait) expire(*Front, *event.Buf) {
	invariant.Violated("F-1: a lookup of offsets has no deadline at its front")
}

func (w *listOffsetsWait) cancel(*Front, *event.Buf) {}
