package world

import (
	"fmt"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/fault"
)

// HomeSays is the hard state of home on d, as far as it can be told: what a shell reads before it starts anything.
func HomeSays(d *disk.Disk) store.Hard {
	return store.Examine(smallFiles(d, event.Home)).Hard
}

// shards is how many the node's process of now has.
func (n *node) shards() int { return n.w.plan.Header.CellsOf(n.life) }

// Shards is how many shards, and so cells, the process of a node has.
func (w *World) Shards(int) int { return w.node.shards() }

// begin makes what the process runs next: a change of the number of shards as long as one is due, then the broker.
func (n *node) begin() error {
	life := rand.Mix2(uint64(n.id), uint64(n.life))
	draw := n.begun
	if draw > 0 {
		draw++ // the second one is the clock's
	}
	seed := fault.NewRand(n.w.plan.Header.Seed, fault.StreamIdentity, life).At(draw)
	n.begun++
	n.move, n.cells = nil, nil
	if hard := HomeSays(n.disk); broker.MoveDue(hard, n.shards()) {
		m, err := broker.NewMove(n.config(seed, false), hard)
		if err != nil {
			return err
		}
		n.move, n.cells = m, []*cell{newCell(n, 0, 1, m, life)}
		return nil
	}
	b, err := broker.New(n.config(seed, true))
	if err != nil {
		return err
	}
	n.broker = b
	for i, c := range b.Cells() {
		n.cells = append(n.cells, newCell(n, i, len(b.Cells()), c, life))
	}
	return nil
}

// moved goes on behind a change of the number of shards. Nobody could connect before.
func (n *node) moved() {
	w := n.w
	w.trace.Note(w.event, w.now, n.id, n.life, "moved", uint64(n.shards()), 0, nil)
	if leaked := n.leaked(); leaked != 0 {
		w.Fail("O21", fmt.Sprintf("%d buffers are not given back by a change of the number of shards", leaked))
		return
	}
	if left := n.disk.Pending(); left != 0 {
		w.Fail("O21", fmt.Sprintf("%d operations are under way behind a change of the number of shards", left))
		return
	}
	if err := n.begin(); err != nil {
		w.Fail("configuration", err.Error())
		return
	}
	n.pushAll(event.Event{Kind: event.KindStart})
}
