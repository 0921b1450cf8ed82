package shard

import (
	"time"

	"github.com/highwater-log/highwater/core/event"
)

// clock tells both times of a node: since its start on the monotonic clock, and on the wall.
type clock struct{ start time.Time }

func newClock() clock { return clock{start: time.Now()} }

// read returns monotonic time and wall time in milliseconds since 1970.
func (c clock) read() (event.Time, int64) {
	now := time.Now()
	return event.Time(now.Sub(c.start)), now.UnixMilli()
}
