package shard

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/replica"
	"github.com/highwater-log/highwater/core/store"
)

// assignment is a message of home, with its sender.
type assignment struct {
	from    event.Machine
	message *event.ShardAssign
}

// onAssign obeys an assignment, as soon as the store can.
func (s *Shard) onAssign(from event.Machine, m *event.ShardAssign, out *event.Buf) {
	switch s.store.State() {
	case store.Ready:
		s.assign(from, m, out)
	case store.Opening:
		s.early = append(s.early, assignment{from, m})
	}
}

// assign takes on, changes and gives up partitions. A complete list also names what must not be here: partitions whose
// deletion this broker slept through. When it is done, its sender hears so.
func (s *Shard) assign(from event.Machine, m *event.ShardAssign, out *event.Buf) {
	defer out.SendMachine(from, event.Ticket{}, &event.ShardAssigned{})
	out.Touch(len(m.Assign) + len(m.Removed))
	s.broker = m.BrokerEpoch
	for i := range m.Assign {
		s.take(&m.Assign[i], out)
	}
	for _, tp := range m.Removed {
		s.remove(tp, out)
	}
	if !m.Full {
		return
	}
	s.assigned = true
	listed := make(map[event.TP]bool, len(m.Assign))
	for i := range m.Assign {
		listed[m.Assign[i].TP] = true
	}
	for _, sp := range slices.Clone(s.store.Partitions()) {
		if !listed[sp.TP()] {
			out.Hit("shard/stray-deleted")
			s.remove(sp.TP(), out)
		}
	}
}

// take makes one partition what the assignment says. One that is new here begins empty.
func (s *Shard) take(a *event.Assignment, out *event.Buf) {
	p := s.partitions[a.TP]
	if p == nil && !slices.Contains(a.Replicas, s.cfg.Node) {
		return
	}
	if p == nil {
		sp := s.store.Get(a.TP)
		if sp == nil {
			sp = s.store.Create(a.TP, 0, out)
		}
		p = &partition{tp: a.TP, log: sp}
		p.replica = replica.New(replica.Config{Self: s.cfg.Node, Lag: s.cfg.Lag}, sp.Log(), sp.HighWater())
		s.partitions[a.TP] = p
	}
	p.name = a.Name
	p.log.SetSegments(a.Limits.SegmentBytes, a.Limits.SegmentMs)
	epoch := p.replica.Epoch()
	p.replica.Assign(s.now, *a, s.broker)
	if p.replica.Epoch() != epoch || p.replica.Role() != replica.Leader {
		s.abandon(p, notLeader(p.replica.LeaderHint()), out)
	}
	s.release(p, out)
}

// remove deletes one partition. Whoever waits on it learns that it does not exist.
func (s *Shard) remove(tp event.TP, out *event.Buf) {
	if p := s.partitions[tp]; p != nil {
		delete(s.partitions, tp)
		s.abandon(p, failure(event.CodeUnknownTopicOrPartition, "deleted"), out)
		s.orphan(p)
	}
	s.store.Delete(tp, out)
}
