package shard

import (
	"slices"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// turnAtMost bounds the events of one turn: a flush group is closed at its end, and what came first should not wait for
// all that came with it.
const turnAtMost = 512

// machine is what the loop drives: a broker.
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

// loop steps the machine. All fields belong to its goroutine, but for queue, ready and what clients guards.
type loop struct {
	machine machine
	disk    disk
	buffers releaser
	clients *clients
	queue   *queue
	trace   *trace
	clock   clock
	timer   *time.Timer
	ready   chan struct{} // closed when the machine is ready

	out     event.Buf
	isReady bool
	halted  *Halted
}

// run steps the machine until it halts, and returns how.
func (l *loop) run() *Halted {
	l.timer = time.NewTimer(time.Hour)
	defer l.timer.Stop()
	l.turn([]event.Event{{Kind: event.KindStart}})
	var events []event.Event
	for l.halted == nil {
		events = l.await(events)
		if len(events) == 0 {
			l.turn(nil) // a deadline has passed
		}
		for turn := range slices.Chunk(events, turnAtMost) {
			l.turn(turn)
		}
	}
	return l.halted
}

// await returns the events that wait, or none when a deadline has passed before any came.
func (l *loop) await(spare []event.Event) []event.Event {
	for {
		events := l.queue.take(spare)
		if len(events) > 0 {
			return events
		}
		spare = events
		var due <-chan time.Time
		if deadline := l.machine.NextDeadline(); deadline != event.Never {
			now, _ := l.clock.read()
			if deadline <= now {
				return nil
			}
			l.timer.Reset(time.Duration(deadline - now))
			due = l.timer.C
		}
		select {
		case <-l.queue.wake:
		case <-due:
			return nil
		}
	}
}

// turn steps the machine through events, and a Tick if one is due.
func (l *loop) turn(events []event.Event) {
	if l.halted != nil {
		return
	}
	now, wall := l.clock.read()
	tick := l.machine.NextDeadline() <= now
	for i := range events {
		ev := &events[i]
		ev.Now, ev.Wall, ev.More = now, wall, tick || i+1 < len(events)
		l.step(ev)
	}
	if tick {
		l.step(&event.Event{Kind: event.KindTick, Now: now, Wall: wall})
	}
	l.disk.Flush()
	l.clients.flush()
	if !l.isReady && l.machine.Ready() {
		l.isReady = true
		close(l.ready)
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
		if l.halted == nil {
			l.halted = &Halted{Code: e.Halt, Text: e.Text}
		}
	case event.OpRelease:
		l.buffers.Release(e.Memory)
	case event.OpNone, event.OpSendMachine:
		invariant.Violated("SH-1: %s is no work for the shell", e)
	default:
		l.disk.Submit(e)
	}
}
