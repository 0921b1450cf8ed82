package front

import (
	"github.com/highwater-log/highwater/core/event"
)

// fetchWait is a fetch: first watched at its shards, then read.
type fetchWait struct {
	ticket  event.Ticket
	session *session // nil for none
	full    bool     // the request names everything that is fetched
	parts   []event.FetchPartition
	items   []fetchItem // aligned with parts
	reply   *event.FetchReply
	min     int64   // bytes that end the wait
	max     int64   // bytes that the reply may have
	shards  []watch // by shard
	unheard int     // shards that have not said yet what is there
	reading int     // shards that have not sent their bytes yet; 0 while watching
	over    bool    // the wait ends as soon as every shard was heard
	order   []int   // items that were granted bytes: kept for a canary only
}

// watch is how far the fetch has come with one shard.
type watch uint8

const (
	unwatched watch = iota // none of the partitions is there
	asked                  // watched, nothing heard yet
	heard                  // watched, and it said what is there
	granted                // told to read
)

// fetchItem is one partition of a fetch.
type fetchItem struct {
	at    place
	want  event.ShardFetchItem
	state event.ShardFetchState
}

func newFetchReply(n int) *event.FetchReply {
	reply := &event.FetchReply{Partitions: make([]event.FetchPartitionReply, n)}
	for i := range reply.Partitions {
		reply.Partitions[i] = event.FetchPartitionReply{HighWatermark: -1, LastStable: -1, LogStart: -1,
			Leader: nobody()}
	}
	return reply
}

// fetch asks the shards what is there. A partition that cannot be read ends the wait at once, but not the fetch: the
// others still answer with what they have.
func (f *Front) fetch(now event.Time, t event.Ticket, req *event.Fetch, out *event.Buf) {
	s, asks, ok := f.openFetch(now, t, req, out)
	if !ok {
		return
	}
	out.Touch(len(asks))
	w := &fetchWait{
		ticket: t, session: s, full: req.Session.Step != event.SessionNext, parts: asks,
		items:  make([]fetchItem, len(asks)),
		reply:  newFetchReply(len(asks)),
		max:    min(int64(max(req.MaxBytes, 0)), f.cfg.Settings.Int64("fetch.max.bytes")),
		shards: make([]watch, f.cfg.Shards),
		over:   req.MaxWaitMs <= 0 || req.MinBytes <= 0,
	}
	w.min = min(int64(max(req.MinBytes, 0)), w.max)
	parts := make([][]event.ShardFetchItem, f.cfg.Shards)
	for i := range asks {
		p := &asks[i]
		at := f.locate(p.Name, p.ID, p.Partition)
		w.items[i].at = at
		if at.code != event.CodeNone {
			w.reply.Partitions[i].Code, w.reply.Partitions[i].Leader = at.code, at.leader
			w.over = true
			continue
		}
		w.items[i].want = event.ShardFetchItem{
			Index: i, TP: at.tp, CurrentEpoch: p.CurrentEpoch, LastFetchedEpoch: p.LastFetchedEpoch,
			Offset: p.Offset, MaxBytes: max(p.MaxBytes, 0),
		}
		parts[at.shard] = append(parts[at.shard], w.items[i].want)
	}
	for s, items := range parts {
		if len(items) > 0 {
			w.shards[s] = asked
			w.unheard++
			out.SendMachine(f.shard(s), t, &event.ShardWatch{Items: items, MinBytes: w.min})
		}
	}
	if w.unheard == 0 {
		out.Reply(t, w.answer())
		return
	}
	deadline := event.Never // nothing to wait for but the shards' first words
	if !w.over {
		deadline = now + event.Time(req.MaxWaitMs)*event.Millisecond
	}
	f.room.Park(t, deadline, w)
}

// answer is the reply, as its session wants it.
func (w *fetchWait) answer() *event.FetchReply {
	if w.session != nil {
		w.session.news(w.parts, w.full, w.reply)
	}
	return w.reply
}

// onState hears what a shard has, for the first time or again.
func (w *fetchWait) onState(f *Front, ev *event.Event, m *event.ShardState, out *event.Buf) {
	s := ev.From.Index
	if w.reading > 0 || w.shards[s] == unwatched {
		out.Hit("front/late-state")
		return
	}
	for _, state := range m.Items {
		w.items[state.Index].state = state
	}
	if w.shards[s] == asked {
		w.shards[s] = heard
		w.unheard--
	}
	w.consider(f, out)
}

// consider ends the wait if there is enough, if something is wrong with a partition, or if it is over anyway.
func (w *fetchWait) consider(f *Front, out *event.Buf) {
	if w.unheard > 0 {
		return
	}
	there := int64(0)
	for i := range w.items {
		if w.items[i].state.Code != event.CodeNone {
			w.over = true
		}
		there += min(w.items[i].state.Bytes, int64(w.items[i].want.MaxBytes))
	}
	if w.over || there >= w.min {
		w.grant(f, out)
	}
}

// expire answers with what is there: the fetch goes back into the room until that is read.
func (w *fetchWait) expire(f *Front, out *event.Buf) {
	f.room.Park(w.ticket, event.Never, w)
	w.over = true
	w.consider(f, out)
}

// cancel tells the shards that nobody waits any more, and gives back what has come already. Bytes that are on their way will
// come late.
func (w *fetchWait) cancel(f *Front, out *event.Buf) {
	for s, at := range w.shards {
		if at == asked || at == heard {
			out.SendMachine(f.shard(s), w.ticket, &event.ShardUnwatch{})
		}
	}
	event.Return(w.reply.Held, func(back event.Event) { out.SendMachine(back.To, w.ticket, back.Body) })
}
