package check

import (
	"fmt"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/world"
)

// recovery judges recoveries (O22), on copies of the disk that a node is started on.
//
//	disk --recover--> first                             what the node will show
//	               \--kill--> recover --> the same      J9
//	                \--cut--> recover --> the same      J10: what was counted was durable
//	disk --recover, kill midway--> recover --> the same J9
//	disk --cut--> recover --> least
//	disk --recover, cut midway--> recover --> between least and first
type recovery struct{ boots uint64 }

// judge recovers copies of the disk of a node that is about to be started, and tells what they show.
func (r *recovery) judge(w *world.World, node int) (*content, finding) {
	r.boots++
	h := &w.Plan().Header
	room := w.Disk(node).Clone() // a recovery on a full file system ends, and another one goes on
	room.SetCapacity(0)
	b := &bench{
		disk: room, config: func(seed uint64) broker.Config { return w.Config(node, seed) },
		wall: h.WallMs, detect: w.Harmed(), seed: rand.Mix3(h.Seed, rand.Label("recovery"), r.boots),
	}
	return b.judge()
}

// bench makes the trials of one boot.
type bench struct {
	disk   *disk.Disk // only copied
	config func(seed uint64) broker.Config
	wall   int64
	detect bool // damage beyond repair may be met, and named
	seed   uint64
	trials uint64
}

// trial is a broker on d with identities of its own. All but the first one have a disk that reorders operations.
func (b *bench) trial(d *disk.Disk) *trial {
	b.trials++
	seed := rand.Mix2(b.seed, b.trials)
	order := seed
	if b.trials == 1 {
		order = 0
	}
	return newTrial(d, b.config(seed), b.wall, order)
}

// recovered is what a broker shows that recovers d.
func (b *bench) recovered(d *disk.Disk) (*content, finding) {
	t := b.trial(d)
	c := &content{}
	if t.start(-1) {
		c.read(t)
	}
	c.halted = t.halted
	return c, t.law
}

// judge tells what the first recovery shows, and what is wrong with the others.
func (b *bench) judge() (*content, finding) {
	t := b.trial(b.disk.Clone())
	first := &content{}
	ready := t.start(-1)
	operations, after := t.done, t.disk.Clone()
	if ready {
		first.read(t)
	}
	first.halted = t.halted
	if f := b.compare("a copy, recovered", first, t.law, ""); f != (finding{}) {
		return nil, f
	}
	cut := after.Clone()
	cut.PowerCut(disk.Crash{})
	for _, again := range []struct {
		name string
		disk *disk.Disk
	}{{"recovered, killed", after}, {"recovered, power cut", cut}} {
		c, law := b.recovered(again.disk)
		if f := b.compare(again.name, c, law, differ(first, c)); f != (finding{}) {
			return nil, f
		}
	}
	return first, b.midway(first, operations)
}

// midway ends a recovery after some of its operations, and recovers what that leaves.
func (b *bench) midway(first *content, operations int) finding {
	draw := rand.Mix2(b.seed, 0)
	t := b.trial(b.disk.Clone())
	at := int(draw % uint64(operations+1))
	t.start(at)
	if f := b.compare("a recovery that will be ended", &content{halted: t.halted}, t.law, ""); f != (finding{}) {
		return f
	}
	if draw>>32%2 == 0 {
		t.disk.Kill(disk.Crash{Seed: draw, Flight: disk.KeepSome})
		c, law := b.recovered(t.disk)
		what := fmt.Sprintf("killed after %d of %d operations of its recovery", at, operations)
		return b.compare(what, c, law, differ(first, c))
	}
	keep := disk.Keep(draw >> 33 % 2) // none or some
	t.disk.PowerCut(disk.Crash{Seed: draw, Flight: disk.KeepSome, Data: keep, Meta: keep})
	c, law := b.recovered(t.disk)
	d := b.disk.Clone()
	d.PowerCut(disk.Crash{})
	least, broken := b.recovered(d)
	if f := b.compare("power cut before its recovery", least, broken, ""); f != (finding{}) {
		return f
	}
	what := fmt.Sprintf("power cut after %d of %d operations of its recovery", at, operations)
	return b.compare(what, c, law, between(least, c, first))
}

// compare makes a finding of what a recovery showed: a law that broke, a difference, or damage where there is none.
func (b *bench) compare(what string, c *content, law finding, difference string) finding {
	switch {
	case law != (finding{}):
		return finding{law.law, what + ": " + law.text}
	case difference != "":
		return finding{"O22", what + ", recovered again: " + difference}
	case b.detect:
		return finding{}
	case c.halted != "":
		return finding{"halt", what + ": " + c.halted}
	}
	for i := range c.logs {
		if c.logs[i].damaged() {
			return finding{"O1", what + ": " + c.logs[i].label() + " is damaged, and nothing was harmed beyond repair"}
		}
	}
	return finding{}
}
