package shard

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/replica"
)

// watch is a fetch that waits for enough bytes.
type watch struct {
	from   event.Machine
	ticket event.Ticket
	min    int64
	items  []watched
	bytes  int64 // over all items
	told   int64 // the same, when it was last told
	failed bool  // an item has a code that was not told yet
	listed bool  // in the shard's list of those that have something to tell
}

// watched is one item: as it is, and whether it is so since the last ShardState.
type watched struct {
	item  event.ShardFetchItem
	part  *partition // nil where it is not here
	state event.ShardFetchState
	news  bool
}

// watcher is a place in a watch, as a partition knows it.
type watcher struct {
	w *watch
	i int
}

// onWatch tells what is there, and remembers who wants to know more.
func (s *Shard) onWatch(ev *event.Event, m *event.ShardWatch, out *event.Buf) {
	s.unwatch(ev.Ticket)
	out.Touch(len(m.Items))
	w := &watch{from: ev.From, ticket: ev.Ticket, min: m.MinBytes, items: make([]watched, len(m.Items))}
	for i := range m.Items {
		x := &w.items[i]
		x.item, x.part, x.news = m.Items[i], s.partitions[m.Items[i].TP], true
		x.state = s.state(x.part, &x.item)
		w.bytes += x.state.Bytes
		if x.part != nil {
			x.part.watchers = append(x.part.watchers, watcher{w, i})
		}
	}
	s.watches[ev.Ticket] = w
	s.report(w, out)
}

// state is what a fetch finds at one partition now.
func (s *Shard) state(p *partition, item *event.ShardFetchItem) event.ShardFetchState {
	st := event.ShardFetchState{
		Index: item.Index, HighWatermark: -1, LogStart: -1, Leader: event.Leader{Node: -1, Epoch: -1},
	}
	if p == nil {
		st.Code = s.unknown()
		return st
	}
	log := p.log.Log()
	st.HighWatermark, st.LogStart = p.replica.HighWatermark(), log.Start()
	if invariant.Planted(invariant.CanaryReadUncommitted) {
		st.HighWatermark = log.End()
	}
	readable := st.HighWatermark
	// What was lost had been promised: readers are told that it is there, and what became of it when they ask for it.
	st.HighWatermark = max(st.HighWatermark, told(p))
	switch st.Code = leads(p, item.CurrentEpoch); {
	case st.Code != event.CodeNone:
		st.Leader = p.replica.LeaderHint()
	case damagedAt(p, item.Offset):
		st.Code = event.CodeKafkaStorageError
	case item.Offset < log.Start() || item.Offset > log.End():
		st.Code = event.CodeOffsetOutOfRange
	default:
		st.Bytes = log.BytesBetween(item.Offset, readable)
	}
	return st
}

// damagedAt reports whether offset lies where the log of p is damaged, or behind it: whatever is said of such a place but
// that it is damaged would move a consumer past records that were acknowledged.
func damagedAt(p *partition, offset int64) bool {
	d := p.log.Damaged()
	return len(d) > 0 && offset >= d[0].From
}

// leads reports whether p may serve a client that believes in the given leader epoch.
func leads(p *partition, current int32) event.Code {
	if code := p.replica.CheckEpoch(current); code != event.CodeNone {
		return code
	}
	if p.replica.Role() != replica.Leader {
		return event.CodeNotLeaderOrFollower
	}
	return event.CodeNone
}

// look brings the watches of p up to date.
func (s *Shard) look(p *partition) {
	for _, at := range p.watchers {
		s.update(at.w, at.i, s.state(p, &at.w.items[at.i].item))
	}
}

// orphan tells the watches of p that it is gone.
func (s *Shard) orphan(p *partition) {
	for _, at := range p.watchers {
		at.w.items[at.i].part = nil
		s.update(at.w, at.i, s.state(nil, &at.w.items[at.i].item))
	}
	p.watchers = nil
}

// update notes the state of one item of a watch.
func (s *Shard) update(w *watch, i int, st event.ShardFetchState) {
	x := &w.items[i]
	if st == x.state {
		return
	}
	w.bytes += st.Bytes - x.state.Bytes
	w.failed = w.failed || st.Code != event.CodeNone && st.Code != x.state.Code
	x.state, x.news = st, true
	if !w.listed {
		w.listed = true
		s.changed = append(s.changed, w)
	}
}

// tell reports to each watch that changed in a way that could end its wait.
func (s *Shard) tell(out *event.Buf) {
	for _, w := range s.changed {
		w.listed = false
		if w.failed || w.bytes > w.told && w.bytes >= w.min {
			s.report(w, out)
		}
	}
	clear(s.changed)
	s.changed = s.changed[:0]
}

// report sends what is new since the last report: everything, the first time.
func (s *Shard) report(w *watch, out *event.Buf) {
	m := &event.ShardState{}
	for i := range w.items {
		if x := &w.items[i]; x.news {
			m.Items = append(m.Items, x.state)
			x.news = false
		}
	}
	w.told, w.failed = w.bytes, false
	out.SendMachine(w.from, w.ticket, m)
}

// unwatch ends the watch of a ticket, if there is one.
func (s *Shard) unwatch(t event.Ticket) {
	if w := s.watches[t]; w != nil {
		delete(s.watches, t)
		s.forget(w)
	}
}

// forget takes a watch away from its partitions and from those that have something to tell.
func (s *Shard) forget(w *watch) {
	for i := range w.items {
		p := w.items[i].part
		if p == nil {
			continue
		}
		at := slices.Index(p.watchers, watcher{w, i})
		last := len(p.watchers) - 1
		p.watchers[at] = p.watchers[last]
		p.watchers[last] = watcher{}
		p.watchers = p.watchers[:last]
	}
	if w.listed {
		s.changed = slices.DeleteFunc(s.changed, func(c *watch) bool { return c == w })
	}
}
