package world

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/fault"
)

// failure is how an operation under way will fail.
type failure struct {
	seed    uint64
	forgets bool      // a sync that nothing will try again
	keep    disk.Keep // what of it reached the disk all the same
}

// fail carries out an operation that fails.
func (n *node) fail(io event.IOID, x failure, ev *event.Event) {
	if x.forgets && n.disk.FailSync(io, x.seed, x.keep, ev) {
		return
	}
	n.disk.Fail(io, event.StatusIOError, x.seed, ev)
}

// changes reports whether an operation leaves something on the disk: one that is dead does none.
func changes(op event.Op) bool {
	switch op {
	case event.OpReadFile, event.OpListDir, event.OpStatFile:
		return false
	}
	return true
}

// dying makes an operation fail that a dead disk was given.
func (n *node) dying(e *event.Effect) {
	if n.w.now < n.deadUntil && changes(e.Op) {
		n.failing[e.IO] = failure{seed: rand.Mix2(uint64(n.deadUntil), uint64(e.IO))}
	}
}

// fill leaves the file system so much room, for a while.
func (n *node) fill(f *fault.Fault) {
	n.disk.SetCapacity(n.disk.Used() + f.Room)
	n.fullUntil = max(n.fullUntil, n.w.now+f.For)
	n.w.due(item{at: n.fullUntil, kind: dueRoom, node: n})
}

// empty gives the file system its room again.
func (n *node) empty() {
	if n.w.now >= n.fullUntil {
		n.disk.SetCapacity(0)
	}
}

// stop asks the broker to end.
func (n *node) stop(f *fault.Fault) {
	if n.stopping || n.halted != 0 {
		return
	}
	n.stopping, n.rest = true, f.For
	n.pushAll(event.Event{Kind: event.KindStop})
}

// stopped is a broker that has done what it was asked to, and is started again later.
func (n *node) stopped() {
	n.w.hit("world/stopped-and-started-again")
	n.again(disk.Crash{}, n.rest)
}

// again ends the process, and starts another one after a while.
func (n *node) again(c disk.Crash, after event.Time) {
	n.end(c, false)
	n.w.due(item{at: n.w.now + after, kind: dueBoot, node: n})
}
