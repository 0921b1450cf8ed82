package broker

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/front"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/shard"
)

// Broker is one broker: its machines, and the messages between them.
type Broker struct {
	home    *home
	front   *front.Front
	shards  []*shard.Shard
	queue   []message      // that are not delivered yet
	said    []event.Effect // scratch: what a machine just said to others
	open    []bool         // by machine with a store, shards then home: stepped since the turn began
	halting bool
}

// message is an order to deliver, with its sender: an order names only its receiver.
type message struct {
	from  event.Machine
	order event.Effect
}

// New makes a broker that has not looked at its directories yet: its first event is KindStart.
func New(cfg Config) (*Broker, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("broker configuration: %w", err)
	}
	settings, err := cfg.settings()
	if err != nil {
		return nil, fmt.Errorf("broker configuration: %w", err)
	}
	b := &Broker{
		home:  newHome(&cfg, settings),
		front: front.New(cfg.front(0, settings)),
		open:  make([]bool, len(cfg.Shards)+1),
	}
	for i, s := range cfg.Shards {
		s.Machine = event.Machine{Role: event.RoleShard, Index: uint8(i)}
		b.shards = append(b.shards, shard.New(shard.Config{
			Node: cfg.Node, Lag: cfg.Lag, Store: s, RetentionCheck: retentionCheck(settings),
		}))
	}
	return b, nil
}

// Step applies one event, and everything that the machines have to say to each other because of it.
func (b *Broker) Step(ev *event.Event, out *event.Buf) {
	if b.halting {
		return
	}
	now, wall := ev.Now, ev.Wall
	switch ev.Kind {
	case event.KindStart, event.KindTick, event.KindStop, event.KindConnClosed:
		b.toAll(ev, out)
	case event.KindIODone:
		b.to(ev.IO.Machine(), ev, out)
	case event.KindRequest:
		b.to(event.Front0, ev, out)
	case event.KindMessage:
		b.to(ev.To, ev, out)
	default:
		invariant.Violated("K-5: a shell sends an event of kind %d", ev.Kind)
	}
	b.deliver(now, wall, out)
	for !ev.More && !b.halting && b.endTurn(now, wall, out) {
		b.deliver(now, wall, out)
	}
}

// toAll gives an event to every machine: front first, so that what it withdraws is withdrawn before shards forget it.
func (b *Broker) toAll(ev *event.Event, out *event.Buf) {
	b.to(event.Front0, ev, out)
	for i := range b.shards {
		b.to(event.Machine{Role: event.RoleShard, Index: uint8(i)}, ev, out)
	}
	if ev.Kind != event.KindConnClosed {
		b.to(event.Home, ev, out)
	}
}

// to steps one machine within a turn that goes on, and queues what it says to others.
func (b *Broker) to(m event.Machine, ev *event.Event, out *event.Buf) {
	step := *ev
	step.To, step.More = m, true
	b.step(m, &step, out)
}

func (b *Broker) step(m event.Machine, ev *event.Event, out *event.Buf) {
	if b.halting {
		return
	}
	from := out.Len()
	switch {
	case m.Role == event.RoleHome:
		b.open[len(b.shards)] = ev.More
		b.home.Step(ev, out)
	case m.Role == event.RoleShard && int(m.Index) < len(b.shards):
		b.open[m.Index] = ev.More
		b.shards[m.Index].Step(ev, out)
	case m == event.Front0:
		b.front.Step(ev, out)
	default:
		invariant.Violated("K-5: there is no machine %d/%d", m.Role, m.Index)
	}
	b.said = out.TakeMessages(from, b.said[:0])
	for _, e := range b.said {
		b.queue = append(b.queue, message{m, e})
	}
	clear(b.said)
	for _, e := range out.Effects()[from:] {
		if e.Op == event.OpHalt {
			b.halting = true
			b.home.life.Stop(ev.Now, e.Text)
		}
	}
}

// deliver carries messages until none is left.
func (b *Broker) deliver(now event.Time, wall int64, out *event.Buf) {
	for at := 0; at < len(b.queue); at++ {
		m := b.queue[at]
		b.to(m.order.Machine, &event.Event{
			Kind: event.KindMessage, From: m.from, Now: now, Wall: wall, Ticket: m.order.Ticket, Body: m.order.Body,
		}, out)
	}
	clear(b.queue)
	b.queue = b.queue[:0]
}

// endTurn tells the machines with stores that were stepped that the turn is over (K-5), and reports whether there were
// any.
func (b *Broker) endTurn(now event.Time, wall int64, out *event.Buf) bool {
	any := false
	for i, open := range b.open {
		if !open {
			continue
		}
		any = true
		m := event.Home
		if i < len(b.shards) {
			m = event.Machine{Role: event.RoleShard, Index: uint8(i)}
		}
		b.step(m, &event.Event{Kind: event.KindTick, To: m, Now: now, Wall: wall}, out)
	}
	return any
}

// NextDeadline tells when the next Tick is due.
func (b *Broker) NextDeadline() event.Time {
	if b.halting {
		return event.Never
	}
	next := min(b.home.NextDeadline(), b.front.NextDeadline())
	for _, s := range b.shards {
		next = min(next, s.NextDeadline())
	}
	return next
}

// Ready reports whether requests are served.
func (b *Broker) Ready() bool { return !b.halting && b.front.Ready() }

// Status is what a broker says of itself to people.
type Status struct {
	State      string // lifecycle.State by name
	Sentence   string // the same, in a sentence
	Why        string // the reason of a stop
	Cluster    string // the cluster's id, "" before it is known
	Epoch      int64  // of this incarnation's registration, -1 before it
	Term       int32  // of the metadata leader, -1 before the first
	Offset     int64  // of the newest metadata record that was applied, -1 for none
	Topics     int
	Partitions int
}

// Status describes the broker now.
func (b *Broker) Status() Status {
	h := b.home
	s := Status{State: h.life.State().String(), Sentence: h.life.State().Sentence(), Why: h.life.Why(), Epoch: -1,
		Term: -1, Offset: -1}
	if h.image == nil {
		return s
	}
	s.Cluster, s.Term, s.Offset, s.Topics = h.image.ClusterID(), h.image.Epoch(), h.image.Offset(), h.image.TopicCount()
	if me := h.image.Broker(h.node); me != nil && me.Incarnation == h.incarnation {
		s.Epoch = me.Epoch
	}
	for t := range h.image.Topics() {
		s.Partitions += int(t.Count())
	}
	return s
}
