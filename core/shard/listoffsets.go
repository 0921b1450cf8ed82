package shard

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/store"
)

// lookupWait is one ShardListOffsets on its way to its answers.
type lookupWait struct {
	from   event.Machine
	ticket event.Ticket
	tps    []event.TP
	items  []event.ListOffsetsPartition
	began  []readBegan
	open   int
	listed event.ShardListedOffsets
}

// onListOffsets answers each lookup from the books, or from the batch that holds what is sought.
func (s *Shard) onListOffsets(ev *event.Event, m *event.ShardListOffsets, out *event.Buf) {
	n := len(m.Items)
	w := &lookupWait{
		from: ev.From, ticket: ev.Ticket, tps: m.TP, items: m.Items, began: make([]readBegan, n), open: n + 1,
		listed: event.ShardListedOffsets{Index: m.Index, Results: make([]event.ListOffsetsPartitionReply, n)},
	}
	for i := range m.Items {
		s.beginLookup(w, i, out)
	}
	w.finish(s, out)
}

// beginLookup answers item i, or orders the lookup that will.
func (s *Shard) beginLookup(w *lookupWait, i int, out *event.Buf) {
	r := &w.listed.Results[i]
	*r = event.ListOffsetsPartitionReply{Offset: -1, Timestamp: -1, Epoch: -1}
	p := s.partitions[w.tps[i]]
	if p == nil {
		r.Code = s.unknown()
	} else if r.Code = leads(p, w.items[i].CurrentEpoch); r.Code == event.CodeNone {
		if ts := w.items[i].Timestamp; ts >= 0 || ts == event.TimestampMax {
			w.began[i] = readBegan{p: p, epoch: p.replica.Epoch()}
			cookie := s.nextCookie()
			s.reads[cookie] = pending{w, i}
			s.store.FindTimestamp(w.tps[i], ts, p.replica.HighWatermark(), cookie, out)
			return
		}
		place(p, w.items[i].Timestamp, r)
	}
	w.finish(s, out)
}

// place answers the special timestamps that the books of the log answer. Nothing is tiered, so the local log is all of
// it, and nothing lies or waits elsewhere.
func place(p *partition, special int64, r *event.ListOffsetsPartitionReply) {
	switch special {
	case event.TimestampEarliest, event.TimestampEarliestLocal:
		r.Offset = p.log.Log().Start()
		if epochs := p.log.Log().Epochs(); len(epochs) > 0 {
			r.Epoch = epochs[0].Epoch
		}
	case event.TimestampLatest:
		if r.Offset, r.Code = latest(p); r.Code == event.CodeNone {
			r.Epoch = p.replica.Epoch()
		}
	case event.TimestampLatestTiered, event.TimestampPendingUpload:
	default:
		r.Code = event.CodeUnsupportedVersion
	}
}

// latest is the end of p as readers may know it. A damaged log has none: its true end is what was lost.
func latest(p *partition) (int64, event.Code) {
	if len(p.log.Damaged()) > 0 {
		return -1, event.CodeKafkaStorageError
	}
	return p.replica.Latest()
}

// take answers item i with the batch that was found. That nothing was found says nothing until everything from before
// the leader's epoch is committed (KIP-207).
func (w *lookupWait) take(s *Shard, i int, done *store.ReadDone, out *event.Buf) {
	r := &w.listed.Results[i]
	if r.Code = done.Code; r.Code == event.CodeNone {
		if len(done.Batches) == 0 {
			_, r.Code = latest(w.began[i].p)
		} else {
			b := batchAt(done.Batches)
			r.Batch, r.Epoch = b, b.LeaderEpoch()
			if start := w.began[i].p.log.Log().Start(); b.BaseOffset() < start {
				r.Offset = start
			}
			if len(done.Batches) > 1 {
				r.Next = batchAt(done.Batches[1:])
			}
		}
	}
	w.finish(s, out)
}

// finish counts an answered item and sends the answers with the last one: of each partition what this replica may still
// tell then.
func (w *lookupWait) finish(s *Shard, out *event.Buf) {
	w.open--
	if w.open > 0 {
		return
	}
	for i := range w.began {
		if code, _ := s.still(w.began[i], w.tps[i], w.items[i].CurrentEpoch); code != event.CodeNone {
			w.listed.Results[i] = event.ListOffsetsPartitionReply{Code: code, Offset: -1, Timestamp: -1, Epoch: -1}
		}
	}
	out.SendMachine(w.from, w.ticket, &w.listed)
}
