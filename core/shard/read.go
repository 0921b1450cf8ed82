package shard

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/core/store"
)

// gather is a message whose items are answered by reads of the store, some of them later.
type gather interface {
	// take gives the answer of item i.
	take(s *Shard, i int, done *store.ReadDone, out *event.Buf)
}

// pending is the item of a gather that a read of the store will answer.
type pending struct {
	g gather
	i int
}

// nextCookie names a read of the store. What it does not answer at once is kept under it in s.reads.
func (s *Shard) nextCookie() uint64 {
	s.cookie++
	return s.cookie
}

// onReadDone gives an answer of the store to whom it belongs.
func (s *Shard) onReadDone(done store.ReadDone, out *event.Buf) {
	x, ok := s.reads[done.Cookie]
	if !ok {
		invariant.Violated("H-2: the store answers read %d, which nobody waits for", done.Cookie)
	}
	delete(s.reads, done.Cookie)
	x.g.take(s, x.i, &done, out)
}

// readWait is one ShardRead on its way to its bytes.
type readWait struct {
	from   event.Machine
	ticket event.Ticket
	grants []event.ShardGrant
	began  []readBegan
	open   int
	data   event.ShardData
}

// readBegan is what the read of one item was begun under.
type readBegan struct {
	p     *partition
	epoch int32
}

// onRead ends the watch of the ticket and reads what was granted. How far a read may go is decided here, once per item.
func (s *Shard) onRead(ev *event.Event, m *event.ShardRead, out *event.Buf) {
	s.unwatch(ev.Ticket)
	n := len(m.Items)
	w := &readWait{
		from: ev.From, ticket: ev.Ticket, grants: m.Items, began: make([]readBegan, n), open: n + 1,
		data: event.ShardData{Index: make([]int, n), Results: make([]event.FetchPartitionReply, n)},
	}
	for i := range m.Items {
		s.beginRead(w, i, out)
	}
	w.finish(s, out)
}

// beginRead answers item i, or orders the read that will.
func (s *Shard) beginRead(w *readWait, i int, out *event.Buf) {
	g := &w.grants[i]
	w.data.Index[i] = g.Item.Index
	p := s.partitions[g.Item.TP]
	st := s.state(p, &g.Item)
	w.data.Results[i] = event.FetchPartitionReply{
		Code: st.Code, HighWatermark: st.HighWatermark, LastStable: st.HighWatermark,
		LogStart: st.LogStart, Leader: st.Leader,
	}
	if st.Code != event.CodeNone || st.Bytes == 0 || g.Bytes <= 0 && !g.Whole {
		w.finish(s, out)
		return
	}
	w.began[i] = readBegan{p: p, epoch: p.replica.Epoch()}
	cookie := s.nextCookie()
	done, now := s.store.Read(store.Read{
		TP: g.Item.TP, From: g.Item.Offset, To: st.HighWatermark, Bytes: g.Bytes, Whole: g.Whole, Cookie: cookie,
	}, out)
	if now {
		w.take(s, i, &done, out)
		return
	}
	out.Hit("shard/read-from-disk")
	s.reads[cookie] = pending{w, i}
}

// take puts the bytes of item i into its place.
func (w *readWait) take(s *Shard, i int, done *store.ReadDone, out *event.Buf) {
	r := &w.data.Results[i]
	if r.Code = done.Code; done.Code == event.CodeNone {
		r.Records = done.Batches
	}
	w.data.Held = append(w.data.Held, done.Held...)
	w.finish(s, out)
}

// still checks again, after an asynchronous step, that what was begun may be answered (R13). What was answered without
// one has begun nothing.
func (s *Shard) still(began readBegan, tp event.TP, current int32) (event.Code, event.Leader) {
	p := s.partitions[tp]
	switch {
	case began.p == nil:
		return event.CodeNone, event.Leader{}
	case p != began.p:
		return s.unknown(), event.Leader{Node: -1, Epoch: -1}
	}
	code := leads(p, current)
	if code == event.CodeNone && p.replica.Epoch() != began.epoch {
		code = event.CodeNotLeaderOrFollower
	}
	return code, p.replica.LeaderHint()
}

// finish counts an answered item and sends the data with the last one: of each partition what this replica may still
// show then.
func (w *readWait) finish(s *Shard, out *event.Buf) {
	w.open--
	if w.open > 0 {
		return
	}
	for i := range w.began {
		if code, hint := s.still(w.began[i], w.grants[i].Item.TP, w.grants[i].Item.CurrentEpoch); code != event.CodeNone {
			out.Hit("shard/read-outlived-its-epoch")
			w.data.Results[i] = event.FetchPartitionReply{
				Code: code, HighWatermark: -1, LastStable: -1, LogStart: -1, Leader: hint,
			}
		}
	}
	out.SendMachine(w.from, w.ticket, &w.data)
}

// batchAt is the first batch of the pieces that a lookup found.
func batchAt(pieces [][]byte) record.Batch {
	b := record.Batch(pieces[0])
	return b[:b.Size()]
}
