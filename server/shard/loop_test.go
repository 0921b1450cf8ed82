package shard

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/server/metrics"
)

// script is a machine that notes what it is told, and answers by the function step.
type script struct {
	seen     []event.Event
	deadline event.Time
	step     func(ev *event.Event, out *event.Buf)
}

func (s *script) NextDeadline() event.Time { return s.deadline }
func (s *script) Ready() bool              { return true }
func (s *script) Step(ev *event.Event, out *event.Buf) {
	s.seen = append(s.seen, *ev)
	s.step(ev, out)
}

// submitted is a disk that only notes what it is ordered, and where turns end: by an effect without a verb.
type submitted []event.Effect

func (s *submitted) Submit(e *event.Effect) { *s = append(*s, *e) }
func (s *submitted) Flush()                 { *s = append(*s, event.Effect{}) }

func newLoop(m machine, d disk) *loop {
	q := newQueue()
	return &loop{
		machine: m, disk: d, clients: newGroup(func([]*event.Buffer) {}), queue: q, peers: []*queue{q}, trace: &trace{},
		clock: newClock(), crew: newCrew(1), pulse: pulse{count: &metrics.Cell{}},
	}
}

// halting ends the loop at the event that isLast picks, and orders a sync at every other one.
func halting(isLast func(ev *event.Event) bool) *script {
	s := &script{deadline: event.Never}
	s.step = func(ev *event.Event, out *event.Buf) {
		if isLast(ev) {
			out.Halt(event.HaltClean, "enough")
			return
		}
		out.SyncFs(event.NewIOID(event.Home, uint64(len(s.seen))))
	}
	return s
}

// SH-2 and the flush rule: the events of one turn share a clock reading, and only the last one has More false.
func TestLoop_TurnsShareTheClockAndTellTheLastEvent(t *testing.T) {
	m := halting(func(ev *event.Event) bool { return ev.Kind == event.KindStop })
	var d submitted
	l := newLoop(m, &d)
	for range 2*turnAtMost + 10 {
		l.queue.push(event.Event{Kind: event.KindConnClosed})
	}
	l.queue.push(event.Event{Kind: event.KindStop})
	if l.run(); l.crew.why().Code != event.HaltClean {
		t.Fatalf("halted %v", l.crew.why())
	}
	turns, now := 0, event.Time(-1)
	for i, ev := range m.seen {
		if ev.Now < now {
			t.Fatalf("event %d: the clock went back", i)
		}
		if i > 0 && m.seen[i-1].More && ev.Now != now {
			t.Fatalf("event %d: the clock moved inside a turn", i)
		}
		now = ev.Now
		if !ev.More {
			turns++
		}
	}
	// Start has a turn of its own; then 2 full ones and a rest.
	if turns != 4 || len(m.seen) != 2*turnAtMost+12 {
		t.Errorf("%d events in %d turns", len(m.seen), turns)
	}
	effects, flushes := 0, 0
	for _, e := range d {
		if e.Op == event.OpNone {
			flushes++
		} else {
			effects++
		}
	}
	if effects != len(m.seen)-1 {
		t.Errorf("%d effects reached the disk, want %d", effects, len(m.seen)-1)
	}
	if flushes != turns || d[len(d)-1].Op != event.OpNone {
		t.Errorf("the disk was told the end of %d turns, last of all %s", flushes, d[len(d)-1].Op)
	}
	select {
	case <-l.crew.ready:
	default:
		t.Error("readiness was not told")
	}
}

func TestLoop_TicksWhenADeadlinePasses(t *testing.T) {
	m := halting(func(ev *event.Event) bool { return ev.Kind == event.KindTick && ev.Now >= 30*event.Millisecond })
	m.deadline = 30 * event.Millisecond
	begun := time.Now() // before the clock of the loop: what that says has passed has passed here
	l := newLoop(m, &submitted{})
	l.run()
	if took := time.Since(begun); took < 30*time.Millisecond {
		t.Errorf("the tick came after %s", took)
	}
	last := m.seen[len(m.seen)-1]
	if last.More || last.Wall == 0 {
		t.Errorf("last event %s", &last)
	}
}

func TestLoop_RefusesEffectsThatAreNotTheShells(t *testing.T) {
	m := &script{deadline: event.Never, step: func(_ *event.Event, out *event.Buf) {
		out.SendMachine(event.Shard0, event.Ticket{}, &event.ShardUnwatch{})
	}}
	l := newLoop(m, &submitted{})
	defer func() {
		v, ok := recover().(invariant.Violation)
		if !ok || !strings.Contains(v.Text, "SH-1") {
			t.Fatalf("recovered %v", v)
		}
		var text bytes.Buffer
		l.trace.dump(&text)
		for _, want := range []string{"start", "send to=shard-0", "ShardUnwatch"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("the trace does not show %q:\n%s", want, text.String())
			}
		}
	}()
	l.run()
}

func TestTrace_KeepsTheLastLinesAndNoPayload(t *testing.T) {
	var tr trace
	payload := bytes.Repeat([]byte("secret"), 10)
	for i := range 3 * traceLines {
		tr.addEvent(&event.Event{Kind: event.KindIODone, IO: event.NewIOID(event.Home, uint64(i)), Data: payload})
	}
	var text bytes.Buffer
	tr.dump(&text)
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != traceLines+1 {
		t.Fatalf("%d lines", len(lines))
	}
	if !strings.Contains(lines[1], "home#1024 ") || !strings.Contains(lines[traceLines], "home#1535 ") {
		t.Errorf("from %q to %q", lines[1], lines[traceLines])
	}
	if strings.Contains(text.String(), "secret") || !strings.Contains(lines[1], "bytes=60") {
		t.Errorf("line %q", lines[1])
	}
	for i := range tr.lines {
		if tr.lines[i].event.Data != nil {
			t.Fatal("payload is kept alive")
		}
	}
}

func TestTrace_RemembersWithoutAllocating(t *testing.T) {
	var tr trace
	ev := event.Event{Kind: event.KindIODone, Data: make([]byte, 10)}
	ef := event.Effect{Op: event.OpWriteFile, Data: make([]byte, 10)}
	if n := testing.AllocsPerRun(100, func() { tr.addEvent(&ev); tr.addEffect(&ef) }); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

// Who holds something and wants more waits for a while and gives up, unless nobody else holds anything.
func TestBudget_MoreIsWaitedForAndGivenUp(t *testing.T) {
	b := newBudget(10)
	if !b.acquireMore(0, 8, 0) || !b.acquireMore(8, 8, 0) {
		t.Fatal("the only holder waits")
	}
	begun := time.Now()
	if b.acquireMore(0, 1, 30*time.Millisecond) {
		t.Error("a full budget lets more in")
	}
	if took := time.Since(begun); took < 30*time.Millisecond {
		t.Errorf("given up after %s", took)
	}
	time.AfterFunc(20*time.Millisecond, func() { b.release(12) })
	if !b.acquireMore(0, 5, 20*time.Second) || b.inUse() != 9 {
		t.Errorf("what became free was not given: %d held", b.inUse())
	}
}

func TestBudget_LetsOneLargeRequestThroughAndHoldsTheNext(t *testing.T) {
	b := newBudget(10)
	b.acquire(25)
	entered := make(chan struct{})
	go func() {
		b.acquire(1)
		close(entered)
	}()
	select {
	case <-entered:
		t.Fatal("a second request entered a full budget")
	case <-time.After(20 * time.Millisecond):
	}
	b.release(25)
	<-entered
}
