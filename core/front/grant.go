package front

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// grant ends the wait: the bytes that the fetch may have are given out in the order of the request, and the shards that
// got some are read. The first partition that has data gives its first batch whole, however large (KIP-74).
func (w *fetchWait) grant(f *Front, out *event.Buf) {
	grants := make([][]event.ShardGrant, f.cfg.Shards)
	left, first := w.max, true
	for i := range w.items {
		item, r := &w.items[i], &w.reply.Partitions[i]
		if item.at.code != event.CodeNone {
			continue
		}
		s := &item.state
		r.Code, r.Leader = s.Code, s.Leader
		r.HighWatermark, r.LastStable, r.LogStart = s.HighWatermark, s.HighWatermark, s.LogStart
		bytes := min(int64(item.want.MaxBytes), left)
		if s.Code != event.CodeNone || s.Bytes <= 0 || bytes <= 0 && !first {
			continue
		}
		if invariant.Planted(invariant.CanaryBudgetPerShard) && grants[item.at.shard] == nil {
			bytes = min(int64(item.want.MaxBytes), w.max)
		}
		if invariant.Planted(invariant.CanaryReplyByArrival) {
			w.order = append(w.order, i)
		}
		grants[item.at.shard] = append(grants[item.at.shard],
			event.ShardGrant{Item: item.want, Bytes: bytes, Whole: first})
		// What a shard reported is an estimate from below: the reply is cut to its budget when the bytes are here.
		left -= min(bytes, s.Bytes)
		first = false
	}
	for s, items := range grants {
		switch {
		case len(items) > 0:
			w.shards[s] = granted
			w.reading++
			out.SendMachine(f.shard(s), w.ticket, &event.ShardRead{Items: items})
		case w.shards[s] == heard:
			out.SendMachine(f.shard(s), w.ticket, &event.ShardUnwatch{})
		}
	}
	if w.reading == 0 {
		f.finish(w.ticket, w.answer(), out)
		return
	}
	f.room.Take(w.ticket) // there is no deadline for the reading
	f.room.Park(w.ticket, event.Never, w)
}

// onData takes what a shard read, and answers when it was the last one.
func (w *fetchWait) onData(f *Front, ev *event.Event, m *event.ShardData, out *event.Buf) {
	if len(m.Index) != len(m.Results) {
		invariant.Violated("F-3: a shard answers %d grants with %d results", len(m.Index), len(m.Results))
	}
	if w.shards[ev.From.Index] != granted {
		invariant.Violated("F-3: shard %d answers a fetch that did not read it", ev.From.Index)
	}
	w.shards[ev.From.Index] = unwatched
	w.reply.Held = append(w.reply.Held, m.Held...)
	for i, at := range m.Index {
		if invariant.Planted(invariant.CanaryReplyByArrival) {
			at, w.order = w.order[0], w.order[1:]
		}
		w.reply.Partitions[at] = m.Results[i]
	}
	w.reading--
	if w.reading > 0 {
		return
	}
	w.cut(out)
	f.finish(w.ticket, w.answer(), out)
}

// cut keeps the reply within its budget, in the order of the request: shards read in parallel, each within its grants,
// and may together have found more than they had reported.
func (w *fetchWait) cut(out *event.Buf) {
	if invariant.Planted(invariant.CanaryBudgetPerShard) {
		return
	}
	left, first := w.max, true
	for i := range w.reply.Partitions {
		r := &w.reply.Partitions[i]
		if len(r.Records) == 0 {
			continue
		}
		if first { // its shard kept it within the grant, or it is one whole batch
			left -= int64(r.Bytes())
			first = false
			continue
		}
		for n, piece := range r.Records {
			if int64(len(piece)) > left {
				out.Hit("front/fetch-cut")
				r.Records = r.Records[:n]
				break
			}
			left -= int64(len(piece))
		}
	}
}
