package world

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/netsim"
)

// pass tells the plan that the node passes a point, and lets strike what is due. It reports whether the process ended.
func (n *node) pass(p fault.Passing) bool { return n.passIO(p, 0) }

// passIO is pass for the operation io, which may be made to fail.
func (n *node) passIO(p fault.Passing, io event.IOID) bool {
	if n.w.phase != phaseChaos {
		return false
	}
	p.Node, p.Event = n.id, n.w.event
	f := n.w.watch.Pass(p)
	return f != nil && n.strike(f, p, io)
}

// strike lets f happen. It reports whether the process ended.
func (n *node) strike(f *fault.Fault, p fault.Passing, io event.IOID) bool {
	w := n.w
	w.result.struck(f.Do)
	w.trace.Note(w.event, w.now, n.id, n.life, f.Do, uint64(f.ID), 0, func() string {
		return fmt.Sprintf("(fault %d, at %s %s)", f.ID, p.Point, p.Op)
	})
	switch f.Do {
	case fault.DoKill, fault.DoCut:
		n.crash(f)
		return true
	case fault.DoReset, fault.DoSilence, fault.DoClog:
		w.disturb(f)
	case fault.DoSlow:
		n.slowUntil, n.slowBy = w.now+f.For, event.Time(f.Factor)
	case fault.DoRot, fault.DoZero, fault.DoStale, fault.DoMisdirect, fault.DoReadError:
		n.damage(f)
	case fault.DoWriteError:
		n.failing[io] = failure{seed: f.Seed}
	case fault.DoSyncError:
		n.failing[io] = failure{seed: f.Seed, forgets: true, keep: f.Data}
	case fault.DoDead:
		n.deadUntil = w.now + f.For
	case fault.DoFull:
		n.fill(f)
	case fault.DoStop:
		n.stop(f)
	case fault.DoCopy:
		n.copyPart(f)
	case fault.DoPutBack:
		n.putBack(f)
	case fault.DoWall:
		n.clock.off += f.StepMs
	case fault.DoFreeze:
		n.clock.freeze(w.now, w.rightWall(), f.For)
	case fault.DoDrift:
		n.clock.drift(w.now, f.PPM, f.For)
	case fault.DoPause:
		n.pause(f)
	}
	return false
}

// crash ends the process and starts another one later.
func (n *node) crash(f *fault.Fault) {
	w := n.w
	w.result.Crashes++
	cut := f.Do == fault.DoCut
	n.probeCrash(cut)
	n.end(disk.Crash{Seed: f.Seed, Flight: f.Flight, Data: f.Data, Meta: f.Meta, Shorn: f.Shorn}, cut)
	if w.hooks.OnCrash != nil {
		w.hooks.OnCrash(w, n.id, cut)
	}
	w.due(item{at: w.now + f.For, kind: dueBoot, node: n})
}

// probeCrash says in which rare moment a crash comes.
func (n *node) probeCrash(cut bool) {
	w := n.w
	switch {
	case n.stopping:
		w.hit("world/crash-in-stop")
	case n.move != nil:
		w.hit("world/crash-in-move")
	case !n.ready:
		w.hit("world/crash-in-recovery")
	}
	if !n.ready && n.killed && cut {
		w.hit("world/cut-in-recovery-from-kill")
	}
	n.killed = !cut
	if len(n.cells) > 0 && w.now < n.cells[0].paused {
		w.hit("world/crash-in-pause")
	}
	switch pending := n.disk.Pending(); {
	case pending > 8:
		w.hit("world/crash-with-many-in-flight")
	case pending == 0:
		w.hit("world/crash-with-none-in-flight")
	}
}

// disturb strikes the connection of a client.
func (w *World) disturb(f *fault.Fault) {
	if f.Client >= len(w.clients) || w.clients[f.Client].link == nil {
		return
	}
	l := w.clients[f.Client].link
	switch f.Do {
	case fault.DoReset:
		l.wire.Reset(w.now)
		if l.open {
			l.node.forget(l)
		}
	case fault.DoSilence:
		l.wire.Silence(netsim.ToClient)
	case fault.DoClog:
		l.wire.Clog(netsim.ToNode, w.now+f.For)
	}
	w.watchLink(l)
}
