package shard

import (
	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/metrics"
)

// A loop shows its cell's numbers so often at most, and turns so often at least: who watches it can tell rest from a stand.
const (
	showEvery = 100 * event.Millisecond
	beatEvery = event.Second
)

// pulse is what a loop shows of itself. All of it is the loop's, but for count.
type pulse struct {
	cell  *broker.Cell // nil for a loop that has no numbers to show
	count *metrics.Cell
	now   metrics.Snapshot
	stale bool // what others read is older than the last turn
	shown event.Time
	beat  event.Time
}

// turned notes the end of a turn that began at the time at and had so many events.
func (p *pulse) turned(at event.Time, events int) {
	p.now.Turns++
	p.now.Events += uint64(events)
	p.beat, p.stale = at, true
	p.count.Turned(at)
	if at-p.shown >= showEvery {
		p.show(at)
	}
}

// show publishes the numbers as they are, unless somebody reads the last ones just now.
func (p *pulse) show(at event.Time) {
	if p.cell != nil {
		known := p.now.Shard.Store.Wounds
		if p.now.Stats = p.cell.Stats(); p.now.Shard.Store.Wounds != known {
			p.now.Wounded = p.cell.Wounded()
		}
	}
	if p.count.Publish(&p.now) {
		p.shown, p.stale = at, false
	}
}

// due is when the loop must turn again though nothing happens.
func (p *pulse) due() event.Time {
	if p.stale {
		return min(p.shown+showEvery, p.beat+beatEvery)
	}
	return p.beat + beatEvery
}
