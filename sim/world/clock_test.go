package world

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

// A clock never goes back, whatever its rate, and shows a time when `when` says that it will.
func TestClock_NeverGoesBackAndKeepsItsWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c clock
		now, last := event.Time(0), event.Time(0)
		c.start(now, 17)
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "drifts") {
				c.drift(now, rapid.Int64Range(-million, 10*million).Draw(t, "ppm"), event.Time(rapid.Int64Range(1, 1e10).Draw(t, "for")))
			}
			now += event.Time(rapid.Int64Range(0, 1e10).Draw(t, "later"))
			is := c.mono(now)
			if is < last {
				t.Fatalf("it shows %d behind %d", is, last)
			}
			last = is
			want := is + event.Time(rapid.Int64Range(0, 1e10).Draw(t, "wait"))
			at := c.when(want)
			d := c
			if at < now || d.mono(at) < want {
				t.Fatalf("at %d it shows %d, and should show %d", at, d.mono(at), want)
			}
		}
	})
}

func TestClock_FreezesAndGoesOnFromThere(t *testing.T) {
	var c clock
	right := func(now event.Time) int64 { return 1000 + int64(now/event.Millisecond) }
	show := func(now event.Time) int64 { return c.wall(now, right(now)) }
	c.freeze(5*event.Millisecond, right(5*event.Millisecond), 10*event.Millisecond)
	for now, want := range map[event.Time]int64{5: 1005, 14: 1005} {
		if got := show(now * event.Millisecond); got != want {
			t.Errorf("at %d ms it shows %d, want %d", now, got, want)
		}
	}
	if got := show(20 * event.Millisecond); got != 1010 {
		t.Errorf("afterwards it shows %d, want 1010", got)
	}
}
