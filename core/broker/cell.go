package broker

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/front"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/shard"
)

// Cell is what one thread runs: a front, a shard and, in cell 0, home. It delivers the messages among its own machines
// within the step; those to other cells are its effects.
type Cell struct {
	index   int
	home    *home // of cell 0
	front   *front.Front
	shard   *shard.Shard
	local   func(event.Machine) bool
	queue   []event.Message // that are not delivered yet
	event   event.Event     // scratch: what a machine is stepped with
	open    [2]bool         // shard, home: stepped since the turn began
	halting bool
}

// CellOf is the number of the cell that a machine is in.
func CellOf(m event.Machine) int {
	if m.Role == event.RoleHome {
		return 0
	}
	return int(m.Index)
}

func newCell(i int, f *front.Front, s *shard.Shard) *Cell {
	c := &Cell{index: i, front: f, shard: s}
	c.local = func(m event.Machine) bool { return CellOf(m) == i }
	return c
}

func (c *Cell) frontAt() event.Machine {
	return event.Machine{Role: event.RoleFront, Index: uint8(c.index)}
}

func (c *Cell) shardAt() event.Machine {
	return event.Machine{Role: event.RoleShard, Index: uint8(c.index)}
}

// Step applies one event, and everything that the machines of the cell have to say to each other because of it.
func (c *Cell) Step(ev *event.Event, out *event.Buf) {
	if c.halting {
		return
	}
	now, wall := ev.Now, ev.Wall
	switch ev.Kind {
	case event.KindStart, event.KindTick, event.KindStop:
		c.toAll(ev, out)
	case event.KindIODone:
		c.to(ev.IO.Machine(), ev, out)
	case event.KindRequest, event.KindConnClosed:
		c.to(c.frontAt(), ev, out)
	case event.KindMessage:
		c.to(ev.To, ev, out)
	default:
		invariant.Violated("K-5: a shell sends an event of kind %d", ev.Kind)
	}
	c.deliver(now, wall, out)
	for !ev.More && !c.halting && c.endTurn(now, wall, out) {
		c.deliver(now, wall, out)
	}
}

// toAll gives an event to every machine of the cell.
func (c *Cell) toAll(ev *event.Event, out *event.Buf) {
	c.to(c.frontAt(), ev, out)
	c.to(c.shardAt(), ev, out)
	if c.home != nil {
		c.to(event.Home, ev, out)
	}
}

// to steps one machine within a turn that goes on, and queues what it says to others.
func (c *Cell) to(m event.Machine, ev *event.Event, out *event.Buf) {
	c.event = *ev
	c.event.To, c.event.More = m, true
	c.step(m, out)
}

// step steps one machine with c.event.
func (c *Cell) step(m event.Machine, out *event.Buf) {
	if c.halting {
		return
	}
	ev, from := &c.event, out.Len()
	switch {
	case m == event.Home && c.home != nil:
		c.open[1] = ev.More
		c.home.Step(ev, out)
	case m == c.shardAt():
		c.open[0] = ev.More
		c.shard.Step(ev, out)
	case m == c.frontAt():
		c.front.Step(ev, out)
	default:
		invariant.Violated("K-5: cell %d has no machine %s", c.index, m)
	}
	out.Touch(1)
	c.queue = out.TakeMessages(from, m, c.local, c.queue)
	orders := out.Effects()[from:]
	for i := range orders {
		if e := &orders[i]; e.Op == event.OpHalt {
			c.halting = true
			if c.home != nil {
				c.home.life.Stop(ev.Now, e.Text)
			}
		}
	}
}

// deliver carries messages until none is left.
func (c *Cell) deliver(now event.Time, wall int64, out *event.Buf) {
	for at := 0; at < len(c.queue); at++ {
		m := &c.queue[at]
		c.event = event.Event{
			Kind: event.KindMessage, To: m.To, From: m.From, Now: now, Wall: wall, More: true, Ticket: m.Ticket, Body: m.Body,
		}
		c.step(m.To, out)
	}
	clear(c.queue)
	c.queue = c.queue[:0]
}

// endTurn tells the machines with stores that were stepped that the turn is over (K-5), and reports whether there were
// any.
func (c *Cell) endTurn(now event.Time, wall int64, out *event.Buf) bool {
	any := false
	for i, m := range [...]event.Machine{c.shardAt(), event.Home} {
		if c.open[i] {
			any = true
			c.event = event.Event{Kind: event.KindTick, To: m, Now: now, Wall: wall}
			c.step(m, out)
		}
	}
	return any
}

// NextDeadline tells when the next Tick is due.
func (c *Cell) NextDeadline() event.Time {
	if c.halting {
		return event.Never
	}
	next := min(c.front.NextDeadline(), c.shard.NextDeadline())
	if c.home != nil {
		next = min(next, c.home.NextDeadline())
	}
	return next
}

// Ready reports whether requests of the cell's connections are served. The broker is ready when every cell is.
func (c *Cell) Ready() bool { return !c.halting && c.front.Ready() }
