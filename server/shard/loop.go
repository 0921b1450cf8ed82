package shard

import (
	"slices"
	"time"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// turnAtMost bounds the events of one turn: a flush group is closed at its end, and what came first should not wait for
// all that came with it.
const turnAtMost = 128

// machine is what a loop drives: a cell of a broker.
type machine interface {
	Step(ev *event.Event, out *event.Buf)
	NextDeadline() event.Time
	Ready() bool
}

// disk executes disk effects and pushes their completions. Flush, at the end of a turn, begins what was submitted: a loop
// may hold it back until then, so that one system call covers the turn.
type disk interface {
	Submit(e *event.Effect)
	Flush()
}

// releaser takes back the buffers that it gave the machine.
type releaser interface {
	Release(b *event.Buffer)
}

// loop steps one cell. All fields belong to its goroutine, but for queue and what group, crew and peers guard.
type loop struct {
	cell    int
	machine machine
	disk    disk
	buffers releaser
	clients *group // the connections of this cell
	queue   *queue
	peers   []*queue // of every cell, by number
	trace   *trace
	clock   clock
	crew    *crew
	timer   *time.Timer
	pulse   pulse
	flights flights

	done    []event.Event // completions of the turn
	out     event.Buf
	said    [][]event.Event // to each cell, in this turn
	isReady bool
}

// run steps the machine until the broker halts.
func (l *loop) run() {
	l.timer = time.NewTimer(time.Hour)
	defer l.timer.Stop()
	l.said = make([][]event.Event, len(l.peers))
	l.turn([]event.Event{{Kind: event.KindStart}})
	var events []event.Event
	for !l.crew.over() {
		l.await()
		any := l.complete()
		events = l.queue.take(events)
		for turn := range slices.Chunk(events, turnAtMost) {
			l.turn(turn)
			l.complete()
		}
		if !any && len(events) == 0 {
			l.turn(nil) // a deadline has passed, or it is time for a beat
		}
	}
}

// complete gives the completions that wait a turn of their own, ahead of the requests that wait, and reports whether there were any.
func (l *loop) complete() bool {
	l.done = l.queue.completions(l.done)
	if len(l.done) > 0 {
		l.turn(l.done)
	}
	return len(l.done) > 0
}

// await waits until there are events, a deadline or the time of a beat has passed, or the broker is over.
func (l *loop) await() {
	for !l.queue.waits() {
		deadline := min(l.machine.NextDeadline(), l.pulse.due())
		now, _ := l.clock.read()
		if deadline <= now {
			return
		}
		l.timer.Reset(time.Duration(deadline - now))
		select {
		case <-l.queue.wake:
		case <-l.timer.C:
			return
		case <-l.crew.halt:
			return
		}
	}
}

// turn steps the machine through events, and a Tick if one is due.
func (l *loop) turn(events []event.Event) {
	if l.crew.over() {
		return
	}
	now, wall := l.clock.read()
	tick := l.machine.NextDeadline() <= now
	for i := range events {
		ev := &events[i]
		ev.Now, ev.Wall, ev.More = now, wall, tick || i+1 < len(events)
		if ev.Kind == event.KindIODone {
			l.flights.ended(ev.IO, now, l.pulse.count)
		}
		l.step(ev)
	}
	if tick {
		l.step(&event.Event{Kind: event.KindTick, Now: now, Wall: wall})
	}
	l.disk.Flush()
	l.flights.begun(l.clock)
	l.handOver()
	l.clients.flush()
	if !l.isReady && l.machine.Ready() {
		l.isReady, l.pulse.now.Ready = true, true
		l.pulse.show(now) // whoever hears of it may look
		l.crew.cellReady()
	}
	l.pulse.turned(now, len(events))
}

// handOver gives the other cells what this turn had to say to them, each in one batch: one lock and at most one wake-up a
// turn, however many messages there are.
func (l *loop) handOver() {
	for to, events := range l.said {
		if len(events) > 0 {
			l.peers[to].push(events...)
			clear(events) // their bodies belong to the receiver
			l.said[to] = events[:0]
		}
	}
}

func (l *loop) step(ev *event.Event) {
	l.trace.addEvent(ev)
	l.out.Reset()
	l.machine.Step(ev, &l.out)
	effects := l.out.Effects()
	for i := range effects {
		l.trace.addEffect(&effects[i])
		l.execute(&effects[i])
	}
}

func (l *loop) execute(e *event.Effect) {
	switch e.Op {
	case event.OpReply:
		l.clients.reply(e.Ticket, e.Body)
	case event.OpCloseConn:
		l.clients.close(e.Ticket.Conn, e.Text)
	case event.OpHalt:
		l.crew.halted(&Halted{Code: e.Halt, Text: e.Text})
	case event.OpSendMachine:
		to := broker.CellOf(e.Machine)
		if to == l.cell || to >= len(l.said) {
			invariant.Violated("SH-1: cell %d lets the shell carry a message to %s", l.cell, e.Machine)
		}
		l.said[to] = append(l.said[to], event.Event{
			Kind: event.KindMessage, To: e.Machine, From: e.From, Ticket: e.Ticket, Body: e.Body,
		})
	case event.OpRelease:
		l.buffers.Release(e.Memory)
	case event.OpNone:
		invariant.Violated("SH-1: %s is no work for the shell", e)
	default:
		l.flights.add(e)
		l.disk.Submit(e)
	}
}
