package world

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/trace"
)

// apply steps the cell with one event and executes what it decides. It reports whether the process still runs.
func (c *cell) apply(ev *event.Event) bool {
	n := c.n
	w := n.w
	ev.Now = n.now()
	ev.Wall = n.clock.wall(w.now, w.rightWall())
	if n.pass(fault.Passing{Point: fault.AtEvent}) {
		return false
	}
	w.trace.Step(w.event, w.now, trace.Place{Node: n.id, Life: n.life, Cell: c.index, Cells: len(n.cells)}, ev)
	if w.hooks.OnEvent != nil {
		w.hooks.OnEvent(w, n.id, ev)
	}
	w.buf.Reset()
	c.machine.Step(ev, &w.buf)
	effects := w.buf.Effects()
	w.cost(ev)
	for i := range effects {
		w.trace.Effect(&effects[i])
		if w.hooks.OnEffect != nil {
			w.hooks.OnEffect(w, n.id, &effects[i])
		}
	}
	w.probe()
	if !n.ready && n.move == nil && n.broker.Ready() {
		n.ready = true
		n.used()
		if w.hooks.OnRecovered != nil {
			w.hooks.OnRecovered(w, n.id)
		}
	}
	if n.pass(fault.Passing{Point: fault.AtDelivered}) {
		return false
	}
	for i := range effects {
		if !c.execute(&effects[i]) {
			return false
		}
	}
	return true
}

// execute carries out one effect, or sees to it that it will be. It reports whether the process still runs.
func (c *cell) execute(e *event.Effect) bool {
	n := c.n
	switch e.Op {
	case event.OpSendMachine:
		return c.hand(e)
	case event.OpReply:
		return n.reply(e.Ticket, e.Body)
	case event.OpCloseConn:
		if l := n.link(e.Ticket.Conn); l != nil {
			n.closeLink(l)
		}
		return true
	case event.OpHalt:
		n.halt(e)
		return false
	case event.OpRelease:
		n.heap.release(e.Memory)
		return true
	}
	here := fault.Passing{Point: fault.AtSubmit, Op: e.Op, Durable: e.Durable, Segment: e.File.Kind == event.FileSegment, Small: small(e.File.Kind)}
	if n.passIO(here, e.IO) {
		return false
	}
	n.dying(e)
	n.disk.Submit(e)
	here.Point = fault.AtSubmitted
	if n.passIO(here, e.IO) {
		return false
	}
	n.w.due(item{at: n.w.now + n.duration(e), kind: dueIO, a: uint64(n.life), b: uint64(e.IO), node: n})
	return true
}

// small reports whether a kind of file is read before anything else is believed.
func small(k event.FileKind) bool {
	return k == event.FileHardState || k == event.FileSidecar || k == event.FileCheckpoint
}

// duration is how long the disk takes for e.
func (n *node) duration(e *event.Effect) event.Time {
	t := &n.w.plan.Header.Disk
	d := t.Write
	switch {
	case e.Durable, e.Op == event.OpSyncFile, e.Op == event.OpSyncDir, e.Op == event.OpSyncFs:
		d = t.Flush
	case e.Op == event.OpReadFile, e.Op == event.OpListDir, e.Op == event.OpStatFile:
		d = t.Read
	}
	draw := n.diskTime.At(uint64(e.IO))
	d += d * event.Time(draw%64) / 64
	if draw>>32%8 == 0 {
		d += d * event.Time(t.TailRatio) / 100 * event.Time(draw>>40%16)
	}
	if n.w.now < n.slowUntil {
		d *= n.slowBy
	}
	return d
}

// longest is a bound of duration where the disk is not slow.
func (n *node) longest() event.Time {
	t := &n.w.plan.Header.Disk
	d := 2 * max(t.Write, t.Flush, t.Read)
	return d + d*event.Time(t.TailRatio)/100*15
}

// halt ends a process that has decided to. Only a clean stop, or an end that the plan provokes, is right.
func (n *node) halt(e *event.Effect) {
	w := n.w
	if n.move != nil && e.Halt == event.HaltClean {
		if !n.stopping {
			n.moved()
			return
		}
		w.hit("world/move-stopped") // at once: the next start does again what is under way
		n.again(disk.Crash{Seed: w.event, Flight: disk.KeepSome}, n.rest)
		return
	}
	n.halted = e.Halt
	w.trace.Note(w.event, w.now, n.id, n.life, "halt", uint64(e.Halt), 0, func() string { return e.Halt.String() + ": " + e.Text })
	switch e.Halt {
	case event.HaltClean:
		if w.phase != phaseStop && !n.stopping {
			w.Fail("halt", "a clean stop that nobody asked for: "+e.Text)
		}
		if w.phase != phaseStop {
			n.stopped() // requests that it had not answered may hold memory: their connections end with it
		} else if leaked := n.leaked(); leaked != 0 {
			w.Fail("O21", fmt.Sprintf("%d buffers are not given back by a broker that stopped", leaked))
		}
		return
	case event.HaltDisk:
		if len(n.failing) > 0 {
			w.result.excuse(ExcuseDiskError)
			w.hit("world/disk-error-halts")
			n.again(disk.Crash{Seed: w.event, Flight: disk.KeepSome}, 50*event.Millisecond)
			return
		}
		if n.noSpace {
			w.result.excuse(ExcuseFull)
			w.hit("world/full-disk-halts")
			n.again(disk.Crash{Seed: w.event, Flight: disk.KeepSome}, 50*event.Millisecond)
			return
		}
	case event.HaltRefused, event.HaltLost:
		if n.displaced != nil {
			n.refused(e.Text)
			return
		}
	}
	if w.Harmed() {
		w.result.excuse(ExcuseEnded)
		w.result.Ended = e.Halt.String() + ": " + e.Text
		n.up = false
		w.enter(phaseEnd)
		return
	}
	w.Fail("halt", e.Halt.String()+": "+e.Text)
}
