package shard

import (
	"log/slog"
	"time"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/files"
	"github.com/highwater-log/highwater/server/metrics"
)

// examineBefore examines the directory as it is: with the number of shards that it has, not the one that it will have. Between
// two numbers only home can be judged; the change itself judges the rest.
func (s *Server) examineBefore(hard store.Hard, node event.NodeID, shards int, due bool) error {
	root := s.dir.Root()
	switch {
	case !due:
		return examine(root, node, shards)
	case hard.Moving != 0:
		return examine(root, node, 0)
	}
	if err := examine(root, node, recorded(hard)); err != nil {
		return err
	}
	for i := range recorded(hard) {
		m := event.Machine{Role: event.RoleShard, Index: uint8(i)}
		if err := files.OneVolume(root, m); err != nil {
			return refused("it has %d shards, and cannot be changed to %d, because %v. Start with --shards %d, or without %s, or bring "+
				"its folders to one volume", recorded(hard), shards, err, recorded(hard), config.Shards)
		}
	}
	return nil
}

// moveShards changes the number of shards of the directory. What was begun to another number is finished first.
func (s *Server) moveShards(shards int, stop <-chan struct{}) error {
	for {
		hard, err := homeSays(s.dir.Root())
		if err != nil {
			return err
		}
		if !broker.MoveDue(hard, shards) {
			s.mover.Store(nil) // a change that is over has nothing under way
			return nil
		}
		c, err := s.brokerConfig(shards)
		if err != nil {
			return err
		}
		m, err := broker.NewMove(c, hard)
		if err != nil {
			return err
		}
		began := time.Now()
		halted := s.runMove(m, hard.Moving != 0, stop)
		select {
		case <-stop:
			return &Halted{Code: event.HaltClean, Text: "asked to stop while the number of shards was being changed: the next start goes on"}
		default:
		}
		if halted.Code != event.HaltClean {
			return halted
		}
		from, to := m.Shards()
		moved, _ := m.Progress()
		s.log.Info("changed the number of shards", "from", from, "to", to, "moved", moved, "took", time.Since(began).Round(time.Millisecond))
	}
}

// runMove drives m to its end, in a loop like that of a cell which has no connections.
func (s *Server) runMove(m *broker.Move, resumed bool, stop <-chan struct{}) *Halted {
	defer s.guard()
	from, to := m.Shards()
	t := &toldMove{Move: m, log: s.log.With("from", from, "to", to)}
	t.log.Info("changing the number of shards", "resumed", resumed)
	q := newQueue()
	s.mover.Store(q)
	l := &loop{
		machine: t, disk: s.disk, buffers: s.buffers, clients: newGroup(s.giveBack), queue: q, peers: []*queue{q}, trace: &trace{},
		clock: newClock(), crew: newCrew(1), pulse: pulse{count: &metrics.Cell{}},
	}
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-stop:
			q.push(event.Event{Kind: event.KindStop})
		case <-over:
		}
	}()
	l.run()
	return l.crew.why()
}

// tellEvery is how often a change of the number of shards tells how far it is.
const tellEvery = 5 * time.Second

// toldMove is a Move that tells the operator of itself.
type toldMove struct {
	*broker.Move
	log     *slog.Logger
	told    time.Time
	planned bool
}

// Step implements machine.
func (t *toldMove) Step(ev *event.Event, out *event.Buf) {
	t.Move.Step(ev, out)
	moved, total := t.Progress()
	if total > 0 && (!t.planned || time.Since(t.told) > tellEvery) {
		t.planned, t.told = true, time.Now()
		t.log.Info("moving partitions to their shards", "moved", moved, "partitions", total)
	}
}
