package world

import (
	"github.com/highwater-log/highwater/core/event"
)

// clock is what a machine believes of the time: a wall clock that may be off, jump and stand still, and a monotonic one that may
// go at another rate for a while, but never back. The world's own clock is the truth.
type clock struct {
	off    int64 // milliseconds by which the wall clock is off
	frozen int64 // what it shows until thaw
	froze  event.Time
	thaw   event.Time // 0 while it goes

	local event.Time // the monotonic clock at since, by the world's clock
	since event.Time
	ppm   int64      // by how much it is faster, until then
	until event.Time // 0 where it goes as it should
}

const million = 1_000_000

// start makes the monotonic clock of a process that begins now.
func (c *clock) start(now, local event.Time) { c.local, c.since, c.ppm, c.until = local, now, 0, 0 }

// mono is the monotonic clock.
func (c *clock) mono(now event.Time) event.Time {
	if c.until != 0 && now >= c.until {
		c.local, c.since, c.ppm, c.until = c.at(c.until), c.until, 0, 0
	}
	return c.at(now)
}

func (c *clock) at(now event.Time) event.Time {
	d := now - c.since
	return c.local + d + d/million*event.Time(c.ppm) + d%million*event.Time(c.ppm)/million
}

// when is the moment of the world at which the monotonic clock shows local, or a little later.
func (c *clock) when(local event.Time) event.Time {
	d := local - c.local
	if c.until == 0 {
		return c.since + d
	}
	if end := c.at(c.until); local >= end || c.ppm == -million {
		return c.until + max(0, local-end)
	}
	rate := event.Time(million + c.ppm)
	return c.since + d/rate*million + (d%rate*million+rate-1)/rate
}

// drift lets the monotonic clock be faster by ppm, or slower, for a while.
func (c *clock) drift(now event.Time, ppm int64, d event.Time) {
	c.local, c.since = c.mono(now), now
	c.ppm, c.until = max(ppm, -million), now+d
}

// wall is the wall clock in milliseconds, where one that is right shows right.
func (c *clock) wall(now event.Time, right int64) int64 {
	switch {
	case c.thaw == 0:
	case now < c.thaw:
		return c.frozen
	default:
		c.off -= int64((c.thaw - c.froze) / event.Millisecond)
		c.thaw = 0
	}
	return right + c.off
}

// freeze lets the wall clock stand still for a while, and go on from there.
func (c *clock) freeze(now event.Time, right int64, d event.Time) {
	c.frozen = c.wall(now, right)
	if c.thaw == 0 {
		c.froze = now
	}
	c.thaw = max(c.thaw, now+d)
}
