package shard

import (
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/metrics"
)

// A loop that stands still is found, one that recovers is left in peace, and a broker that has halted is not called dead: it ends by
// itself.
func TestLive_FindsALoopThatStands(t *testing.T) {
	s := &Server{count: metrics.New(3), crew: newCrew(3), clock: clock{start: time.Now().Add(-time.Minute)}}
	now, _ := s.clock.read()
	for i, c := range s.count.Cells {
		c.Publish(&metrics.Snapshot{Ready: i < 2})
	}
	s.count.Cells[0].Turned(now)
	s.count.Cells[1].Turned(now - 40*event.Second)
	checks := s.Live()
	if len(checks) != 3 || !checks[0].OK || checks[1].OK || !checks[2].OK || !strings.Contains(checks[1].Why, "no turn for 40s") {
		t.Errorf("checks %+v", checks)
	}
	s.crew.halted(&Halted{Code: event.HaltDisk, Text: "a write failed"})
	for _, c := range s.Live() {
		if !c.OK {
			t.Errorf("after a halt: %+v", c)
		}
	}
}

// Serving says in a sentence what a broker does instead.
func TestServing_SaysWhyNot(t *testing.T) {
	s := &Server{count: metrics.New(1), crew: newCrew(1), clock: newClock()}
	for _, c := range []struct {
		then func()
		want string
	}{
		{func() {}, "it recovers"},
		{func() { s.crew.cellReady() }, ""},
		{func() { s.stopping.Store(true) }, "it is stopping"},
		{func() { s.crew.halted(&Halted{Code: event.HaltDisk, Text: "a write failed"}) }, "the disk failed"},
	} {
		c.then()
		said := ""
		for _, check := range s.Serving() {
			said += check.Why
		}
		if !strings.Contains(said, c.want) || (said == "") != (c.want == "") || s.serves() != (c.want == "") {
			t.Errorf("it says %q, want %q; serves: %v", said, c.want, s.serves())
		}
	}
}

// A resting loop turns all the same, often enough to be told from one that stands.
func TestLoop_BeatsAtRest(t *testing.T) {
	m := halting(func(ev *event.Event) bool { return ev.Kind == event.KindStop })
	l := newLoop(m, &submitted{})
	over := make(chan struct{})
	go func() {
		defer close(over)
		l.run()
	}()
	time.Sleep(2500 * time.Millisecond)
	now, _ := l.clock.read()
	if beat := l.pulse.count.Beat(); now-beat > 2*beatEvery {
		t.Errorf("the last beat is %s old", time.Duration(now-beat))
	}
	l.queue.push(event.Event{Kind: event.KindStop})
	<-over
	if n := l.pulse.now.Turns; n < 3 || n > 10 {
		t.Errorf("%d turns", n)
	}
}
