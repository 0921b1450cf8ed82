package world

import (
	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/sim/fault"
)

// cell is one cell of a node's broker as a thread of its own would run it: an inbox, turns, a timer, and what it has said
// to the other cells.
//
//	turn ---> Step ---> effects ---> message to another cell --pipe, first in first out--> its inbox, after a drawn time
type cell struct {
	n         *node
	index     int
	machine   machine
	inbox     []event.Event
	head      int         // of inbox
	event     event.Event // that is applied
	turnDue   bool
	tickDueAt event.Time // event.Never for none
	paused    event.Time // until when it does nothing
	turnTime  fault.Rand
	turns     uint64
	pace      event.Time // that a turn may be late
	pipes     []pipe     // by receiving cell
	hands     fault.Rand
	handed    uint64
}

// pipe carries the messages of one cell to another.
type pipe struct {
	under []event.Event // on their way
	last  event.Time    // when the newest of them arrives
}

// pace is how long the inbox of a cell waits for its turn, at most, unless the cell is a slow one.
const pace = 20 * event.Microsecond

// machine is what a cell steps: a cell of the broker, or what comes before it.
type machine interface {
	Step(ev *event.Event, out *event.Buf)
	NextDeadline() event.Time
}

func newCell(n *node, index, cells int, machine machine, life uint64) *cell {
	seed := n.w.plan.Header.Seed
	c := &cell{n: n, index: index, machine: machine, tickDueAt: event.Never, pace: pace}
	if cells > 1 {
		c.pipes = make([]pipe, cells)
		c.hands = fault.NewRand(seed, fault.StreamHand, rand.Mix2(life, uint64(index)))
		if draw := c.hands.At(0); draw%4 == 0 { // a thread that gets little of its core
			c.pace *= event.Time(1 + draw>>8%50)
		}
	}
	if index > 0 {
		life = rand.Mix2(life, uint64(index))
	}
	c.turnTime = fault.NewRand(seed, fault.StreamTurn, life)
	return c
}

// push puts an event into the inbox; a turn will take it out.
func (c *cell) push(ev event.Event) {
	if !c.n.up {
		return
	}
	c.inbox = append(c.inbox, ev)
	if !c.turnDue {
		c.turnDue = true
		c.turns++
		wait := event.Time(c.turnTime.At(c.turns) % uint64(c.pace))
		c.due(dueTurn, c.n.w.now+wait, uint64(c.index))
	}
}

func (c *cell) due(k kind, at event.Time, b uint64) {
	c.n.w.due(item{at: at, kind: k, a: uint64(c.n.life), b: b, node: c.n})
}

// turn applies what is in the inbox, as many events as a turn may have, under one reading of the clock.
func (c *cell) turn() {
	n := c.n
	c.turnDue = false
	count := min(len(c.inbox)-c.head, max(1, n.w.plan.Header.Turn))
	for i := range count {
		c.event = c.inbox[c.head]
		c.inbox[c.head] = event.Event{}
		c.head++
		c.event.More = i+1 < count
		if !c.apply(&c.event) {
			return
		}
		n.w.event++
	}
	if c.head == len(c.inbox) {
		c.inbox, c.head = c.inbox[:0], 0
	} else if !c.turnDue {
		c.turnDue = true
		c.due(dueTurn, n.w.now+event.Microsecond, uint64(c.index))
	}
	c.planTick()
}

// planTick sees to it that the cell is ticked when it wants to be: timers are never early, and up to a millisecond late.
func (c *cell) planTick() {
	d := c.machine.NextDeadline()
	if d == event.Never {
		return
	}
	n := c.n
	c.turns++
	late := event.Time(c.turnTime.At(c.turns) % uint64(event.Millisecond))
	at := max(n.w.now+event.Microsecond, n.clock.when(d)) + late
	if at < c.tickDueAt {
		c.tickDueAt = at
		c.due(dueTick, at, uint64(c.index))
	}
}

func (c *cell) tickDue(at event.Time) {
	if at != c.tickDueAt {
		return
	}
	c.tickDueAt = event.Never
	c.push(event.Event{Kind: event.KindTick})
}

// hand sends a message to another cell. It arrives after everything that was sent there before. It reports whether the
// process still runs.
func (c *cell) hand(e *event.Effect) bool {
	n := c.n
	to := broker.CellOf(e.Machine)
	here := fault.Passing{Point: fault.AtHand, Op: e.Op}
	if n.pass(here) {
		return false
	}
	c.handed++
	p := &c.pipes[to]
	p.last = max(p.last+1, n.w.now+event.Time(c.hands.At(c.handed)%uint64(n.w.plan.Header.HandOver+1)))
	p.under = append(p.under, event.Event{
		Kind: event.KindMessage, To: e.Machine, From: e.From, Ticket: e.Ticket, Body: e.Body,
	})
	c.due(dueHand, p.last, uint64(c.index)<<8|uint64(to))
	return true
}

// handed is the arrival of the oldest message from cell from at cell to.
func (n *node) handed(from, to uint64) {
	p := &n.cells[from].pipes[to]
	ev := p.under[0]
	p.under[0] = event.Event{}
	p.under = p.under[1:]
	if n.pass(fault.Passing{Point: fault.AtHand, Op: event.OpSendMachine}) {
		return
	}
	n.cells[to].push(ev)
}
