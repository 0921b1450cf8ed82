package world

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
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
	case fault.DoRot:
		n.rot(f)
	case fault.DoReadError:
		if file, off, ok := n.victim(f.Where, f.Seed); ok {
			n.disk.FailReads(file, off, f.Times)
			w.harmed = w.harmed || f.Times < 0
		}
	case fault.DoWriteError:
		n.failing[io] = f.Seed
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

// rot flips a bit of a file.
func (n *node) rot(f *fault.Fault) {
	if file, off, ok := n.victim(f.Where, f.Seed); ok {
		n.w.harmed = n.disk.Rot(file, off+int64(rand.Mix2(f.Seed, 1)%event.BlockSize), uint8(rand.Mix2(f.Seed, 2))) || n.w.harmed
	}
}

// victim draws a block of a shard's journal or segments that holds something.
func (n *node) victim(where string, seed uint64) (event.File, int64, bool) {
	if where == fault.InJournal {
		return n.journalVictim(seed)
	}
	var files []event.FileInfo
	for _, info := range n.disk.Files() {
		if info.File.Kind == event.FileSegment && info.File.Store.Role == event.RoleShard && info.Size > 0 {
			files = append(files, info)
		}
	}
	for try := range uint64(64) {
		if len(files) == 0 {
			break
		}
		info := files[rand.Mix3(seed, 3, try)%uint64(len(files))]
		blocks := (info.Size + event.BlockSize - 1) / event.BlockSize
		off := int64(rand.Mix3(seed, 4, try)%uint64(blocks)) * event.BlockSize
		if n.disk.Written(info.File, off) {
			return info.File, off, true
		}
	}
	return event.File{}, 0, false
}

// oldest is how many frames back the journal is damaged at most: older ones are seldom read again.
const oldest = 8

// journalVictim draws a block of one of the last frames of a shard: a drawn one, or the next that has such a frame.
func (n *node) journalVictim(seed uint64) (event.File, int64, bool) {
	cells := n.shards()
	for i := range cells {
		shard := event.Machine{Role: event.RoleShard, Index: uint8((rand.Mix2(seed, 5) + uint64(i)) % uint64(cells))}
		if f, off, ok := n.frameVictim(shard, seed); ok {
			return f, off, true
		}
	}
	return event.File{}, 0, false
}

// frameVictim draws a block of one of the last frames of a shard. The newest are spared: no other frame says of them
// yet that they were durable, and one that is bad cannot be told from a torn tail, by design.
func (n *node) frameVictim(shard event.Machine, seed uint64) (event.File, int64, bool) {
	spared := n.w.plan.Header.Store.InFlight + 2
	rank := spared + int(rand.Mix2(seed, 3)%oldest)
	f, off, length, ok := n.disk.DurableWrite(event.FileChunk, shard, rank)
	if !ok {
		return event.File{}, 0, false
	}
	off += int64(rand.Mix2(seed, 4)%uint64(length/event.BlockSize)) * event.BlockSize
	for newer := range spared {
		g, at, n, ok := n.disk.DurableWrite(event.FileChunk, shard, newer)
		if ok && g == f && at < off+event.BlockSize && off < at+n {
			return event.File{}, 0, false // the ring went round: a spared frame lies there now
		}
	}
	return f, off, n.disk.Written(f, off)
}
