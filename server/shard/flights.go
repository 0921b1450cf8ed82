package shard

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/metrics"
)

// flights are the durable writes that are under way, so that it is known how long they take. There are few at a time.
type flights struct {
	under []flight
	fresh int // of them, the last ones: submitted in this turn
}

type flight struct {
	io     event.IOID
	target metrics.Target
	since  event.Time
}

// add notes a durable write that is being submitted.
func (f *flights) add(e *event.Effect) {
	if e.Op == event.OpWriteFile && e.Durable {
		f.under = append(f.under, flight{io: e.IO, target: metrics.TargetOf(e.File.Kind)})
		f.fresh++
	}
}

// begun says that the disk has what was added.
func (f *flights) begun(c clock) {
	if f.fresh == 0 {
		return
	}
	now, _ := c.read()
	for i := len(f.under) - f.fresh; i < len(f.under); i++ {
		f.under[i].since = now
	}
	f.fresh = 0
}

// ended counts the time of io, if it was one of them.
func (f *flights) ended(io event.IOID, now event.Time, count *metrics.Cell) {
	for i := range f.under {
		if f.under[i].io != io {
			continue
		}
		count.Flushed(f.under[i].target, max(now-f.under[i].since, 0))
		last := len(f.under) - 1
		f.under[i] = f.under[last]
		f.under = f.under[:last]
		return
	}
}
