package shard

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/replica"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/core/timer"
)

// Config is what a shard is told about its world.
type Config struct {
	Node   event.NodeID // this broker
	Lag    event.Time   // the window of the in-sync rule
	Shards int          // of the broker
	// RetentionCheck is the period of the job that lets logs begin later; 0 for never.
	RetentionCheck event.Time
	Store          store.Config // NewDerived is the shard's own
}

// Shard is one shard of a broker.
type Shard struct {
	cfg      Config
	store    *store.Store
	now      event.Time
	wall     int64
	told     bool         // ShardReady was sent
	assigned bool         // a complete assignment was seen: what is unknown now does not exist
	over     bool         // refused, failed or stopped: nothing is done any more
	early    []assignment // that came before the store was ready
	broker   int64        // this broker's registration

	partitions map[event.TP]*partition // for lookups; to iterate, go through the store's

	produces  timer.Lanes[*produceWait] // open ones, by deadline
	deadlines timer.Heap
	nextKey   uint64
	held      []*produceWait       // wait for room, in order of arrival
	trims     map[uint64]*trimWait // open ones, likewise
	heldTrims []*trimWait
	retention retention
	watches   map[event.Ticket]*watch // looked up, never iterated
	changed   []*watch                // have something to tell, in the order in which it happened
	reads     map[uint64]pending
	cookie    uint64
	lones     []loneProduce // room for those that come
	count     counters
}

// partition is one partition that this shard holds.
type partition struct {
	tp       event.TP
	name     string
	log      *store.Partition
	replica  *replica.Replica
	flushed  acks // outcomes that wait for the flushed end
	commit   acks // outcomes that wait for the high watermark
	trims    []trimAck
	watchers []watcher
}

// New is a shard that has not looked at its directory yet.
func New(cfg Config) *Shard {
	cfg.Store.NewDerived = newProducers
	return &Shard{
		cfg:        cfg,
		store:      store.New(cfg.Store),
		broker:     -1,
		partitions: map[event.TP]*partition{},
		produces:   timer.Lanes[*produceWait]{Waits: func(w *produceWait) bool { return !w.gone }},
		trims:      map[uint64]*trimWait{},
		retention:  retention{period: cfg.RetentionCheck},
		watches:    map[event.Ticket]*watch{},
		reads:      map[uint64]pending{},
	}
}

// Step applies one event and appends what follows from it to out.
func (s *Shard) Step(ev *event.Event, out *event.Buf) {
	if back, ok := ev.Body.(*event.GiveBack); ok {
		for _, memory := range back.Held {
			out.Drop(memory)
		}
		return
	}
	if s.over {
		return
	}
	s.now, s.wall = ev.Now, ev.Wall
	switch ev.Kind {
	case event.KindStart:
		s.store.Open(ev.Now, out)
	case event.KindIODone:
		s.store.OnIO(ev, out)
	case event.KindTick:
		s.store.OnTick(ev.Now, out)
		s.expire(out)
		s.retain(out)
	case event.KindStop:
		s.stop(out)
	case event.KindMessage:
		s.onMessage(ev, out)
	default:
		invariant.Violated("H-2: a shard got an event of kind %d", ev.Kind)
	}
	s.follow(out)
	for !ev.More && !s.over {
		s.store.EndTurn(ev.Now, out)
		if !s.follow(out) {
			break
		}
	}
}

func (s *Shard) onMessage(ev *event.Event, out *event.Buf) {
	switch m := ev.Body.(type) {
	case *event.ShardProduce:
		s.onProduce(ev, m, out)
	case *event.ShardWatch:
		s.onWatch(ev, m, out)
	case *event.ShardUnwatch:
		s.unwatch(ev.Ticket)
	case *event.ShardForget:
		s.forgetHeld(ev.Ticket, out)
	case *event.CheckpointBegun:
		s.store.Join(ev.Now, out)
	case *event.ShardRead:
		s.onRead(ev, m, out)
	case *event.ShardListOffsets:
		s.onListOffsets(ev, m, out)
	case *event.ShardDeleteRecords:
		s.onDeleteRecords(ev, m, out)
	case *event.ShardAssign:
		s.onAssign(ev.From, m, out)
	default:
		invariant.Violated("H-2: a shard got a message %T", ev.Body)
	}
}

// NextDeadline is when a tick is due next.
func (s *Shard) NextDeadline() event.Time {
	if s.over {
		return event.Never
	}
	return min(s.store.NextDeadline(), s.deadlines.Next(), s.produces.Next(), s.retentionDue())
}

// follow does what the store's progress allows: it releases outcomes, gives finished reads to those who wait for them,
// and appends what was held back. It reports whether anything was appended.
func (s *Shard) follow(out *event.Buf) bool {
	s.watchStore(out)
	if s.over {
		return false
	}
	if s.store.TakeCheckpointBegun() {
		s.invite(out)
	}
	for _, sp := range s.store.TakeFlushed() {
		if p := s.partitions[sp.TP()]; p != nil {
			p.replica.OnTrimmed()
			p.replica.OnFlushed()
			s.release(p, out)
		}
	}
	for _, done := range s.store.TakeReads() {
		s.onReadDone(done, out)
	}
	appended := s.resume(out)
	trimmed := s.resumeTrims(out)
	s.tell(out)
	return appended || trimmed
}

// watchStore passes on what the store has become.
func (s *Shard) watchStore(out *event.Buf) {
	switch s.store.State() {
	case store.Ready:
		if !s.told {
			s.told = true
			s.begin(out)
		}
	case store.Refused:
		s.over = true
		out.Halt(s.store.Refusal().Code, s.store.Refusal().Text)
	case store.Failed:
		s.over = true
		out.Halt(event.HaltDisk, s.store.Refusal().Text)
	case store.Stopped:
		s.over = true
		out.SendMachine(event.Home, event.Ticket{}, &event.ShardStopped{})
	}
}

// begin tells home what recovery found, and obeys what came meanwhile.
func (s *Shard) begin(out *event.Buf) {
	found := make([]event.TP, 0, len(s.store.Partitions()))
	for _, sp := range s.store.Partitions() {
		found = append(found, sp.TP())
	}
	out.SendMachine(event.Home, event.Ticket{}, &event.ShardReady{Directory: s.store.Hard().Directory, Found: found})
	s.retention.at = s.now + s.retention.period
	for _, m := range s.early {
		s.assign(m.from, m.message, out)
	}
	s.early = nil
}

// stop refuses what was held back, and lets the store end.
func (s *Shard) stop(out *event.Buf) {
	held := s.held
	s.held = nil
	for _, w := range held {
		for ; w.next < len(w.answer.Items); w.next++ {
			s.settle(w, w.next, notLeader(event.Leader{Node: -1, Epoch: -1}), out)
		}
	}
	for len(s.heldTrims) > 0 {
		s.refuseTrim(s.heldTrims[0], event.CodeNotLeaderOrFollower, out)
	}
	s.store.Stop(s.now, out)
}

// forgetHeld gives up what is held back of a request whose client has gone: nobody waits for it, and it would keep the
// request's memory. What was appended stays appended.
func (s *Shard) forgetHeld(t event.Ticket, out *event.Buf) {
	for _, w := range slices.Clone(s.heldTrims) {
		if w.ticket == t {
			s.unholdTrim(w)
			s.deadlines.Cancel(w.key)
			delete(s.trims, w.key)
		}
	}
	i := slices.IndexFunc(s.held, func(w *produceWait) bool { return w.ticket == t })
	if i < 0 {
		return
	}
	s.drop(s.held[i])
	s.held = slices.Delete(s.held, i, i+1)
	out.Hit("shard/held-produce-dropped")
}

// invite lets the other shards begin their checkpoints too, if they have something worth it.
func (s *Shard) invite(out *event.Buf) {
	for i := range s.cfg.Shards {
		if m := (event.Machine{Role: event.RoleShard, Index: uint8(i)}); m != s.cfg.Store.Machine {
			out.SendMachine(m, event.Ticket{}, &event.CheckpointBegun{})
		}
	}
}
