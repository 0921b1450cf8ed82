package timer

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

// Whatever waits come, and whoever stops waiting: what comes out is what a search over all of them finds.
func TestLanes_EqualASearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type thing struct {
			at   event.Time
			key  uint64
			gone bool
		}
		var all []*thing
		l := Lanes[*thing]{Waits: func(x *thing) bool { return !x.gone }}
		now := event.Time(0)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += event.Time(rapid.IntRange(0, 5).Draw(t, "pass"))
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				wait := event.Time(rapid.IntRange(0, 20).Draw(t, "wait"))
				x := &thing{at: now + wait - event.Time(rapid.IntRange(0, 2).Draw(t, "late"))}
				all = append(all, x)
				x.key = l.Set(x, wait, x.at)
			case 2:
				if len(all) > 0 {
					x := all[rapid.IntRange(0, len(all)-1).Draw(t, "who")]
					if !x.gone {
						l.Cancel(x.key)
					}
					x.gone = true
				}
			}
			next := event.Never
			for _, x := range all {
				if !x.gone {
					next = min(next, x.at)
				}
			}
			if got := l.Next(); got != next {
				t.Fatalf("next %d, want %d", got, next)
			}
			for x, ok := l.Pop(now); ok; x, ok = l.Pop(now) {
				if x.gone || x.at != next || x.at > now {
					t.Fatalf("%+v came out, next is %d, now %d", x, next, now)
				}
				x.gone = true
				next = event.Never
				for _, x := range all {
					if !x.gone {
						next = min(next, x.at)
					}
				}
			}
			if next <= now {
				t.Fatalf("%d did not come out at %d", next, now)
			}
		}
	})
}

func TestLanes_NeverIsNoDeadline(t *testing.T) {
	l := Lanes[int]{Waits: func(int) bool { return true }}
	if l.Set(1, 5, event.Never); l.Next() != event.Never {
		t.Error("it has one")
	}
}

func BenchmarkLanes(b *testing.B) {
	b.ReportAllocs()
	open := make([]bool, 4096)
	l := Lanes[int]{Waits: func(i int) bool { return open[i] }}
	now := event.Time(0)
	for b.Loop() {
		now++
		i := int(now) % len(open)
		open[i] = true
		l.Set(i, 30*event.Second, now+30*event.Second)
		open[(i+len(open)/2)%len(open)] = false
		l.Next()
	}
}
