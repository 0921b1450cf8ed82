package world

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/netsim"
)

// A process that is paused (stopped, swapped out, moved to another host) or a thread that gets no core does nothing: its inbox
// grows, its clocks go on, the disk ends what was ordered, and the kernel takes connections and bytes. Afterwards everything is
// due at once.

// pause stops the process, or one of its cells.
func (n *node) pause(f *fault.Fault) {
	until := n.w.now + f.For
	if !n.ready {
		n.w.hit("world/pause-in-recovery")
	}
	for i, c := range n.cells {
		if f.Cell == 0 || (f.Cell-1)%len(n.cells) == i {
			c.paused = max(c.paused, until)
		}
	}
	n.w.due(item{at: until, kind: dueResume, a: uint64(n.life), node: n})
}

// postpone puts off what is due in a cell that is paused.
func (w *World) postpone(c *cell, x *item) {
	y := *x
	y.at = c.paused
	if x.kind == dueTick {
		if x.at != c.tickDueAt {
			return
		}
		c.tickDueAt = y.at
	}
	w.due(y)
}

// resume goes on with what nothing else wakes: answers that waited for room on the wire.
func (n *node) resume() {
	for _, l := range n.links {
		if l.wire.Waiting(netsim.ToClient) > 0 {
			n.w.hit("world/resume-with-answers-waiting")
		}
		if n.pausedAt(l.id) <= n.w.now {
			n.flush(l)
		}
	}
}

// pausedAt is until when the cell does nothing that owns a connection.
func (n *node) pausedAt(id event.ConnID) event.Time {
	if len(n.cells) == 0 {
		return 0
	}
	return n.cells[int(id)%len(n.cells)].paused
}
