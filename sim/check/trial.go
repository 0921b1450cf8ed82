package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/world"
)

// tooLong is how many steps a trial may take: a recovery that needs more does not end.
const tooLong = 100_000

// trial is a broker on a copy of a disk, with nobody around it: operations of the disk take no time, deadlines come
// when nothing else is left to do. Messages between its cells arrive before anything else happens, those of different
// pairs of cells in a drawn order.
type trial struct {
	disk   *disk.Disk
	cfg    broker.Config
	broker *broker.Broker
	move   *broker.Move // runs first, where the directory has another number of shards
	order  uint64       // draws which operation in flight is done next; 0 for the oldest
	now    event.Time
	wall   int64
	out    event.Buf
	under  []event.Event // messages between cells, in the order in which they were sent

	steps  int
	done   int // operations of the disk
	asked  uint64
	answer event.Body // to the request number asked
	halted string     // how it ended itself: "" while it runs
	law    finding    // that the broker or the disk says is broken
}

// newTrial makes a broker that has not been started. It takes d over.
func newTrial(d *disk.Disk, cfg broker.Config, wall int64, order uint64) *trial {
	t := &trial{disk: d, cfg: cfg, wall: wall, order: order, now: event.Second}
	b, err := broker.New(cfg)
	if err != nil {
		t.halted = err.Error()
	}
	t.broker = b
	return t
}

// moves changes the number of shards of the disk as long as that is due, within so many operations. It reports whether the broker
// may be started.
func (t *trial) moves(operations int) bool {
	for t.runs() {
		hard := world.HomeSays(t.disk)
		if !broker.MoveDue(hard, len(t.cfg.Shards)) {
			return true
		}
		m, err := broker.NewMove(t.cfg, hard)
		if err != nil {
			t.halted = err.Error()
			return false
		}
		t.move = m
		for t.step(0, &event.Event{Kind: event.KindStart}); t.runs() && t.move != nil; t.advance() {
			if t.done == operations {
				return false
			}
		}
	}
	return false
}

// start recovers until the broker is ready, or until it has done so many operations (negative for no limit). It reports
// whether it is ready.
func (t *trial) start(operations int) bool {
	if !t.moves(operations) {
		return false
	}
	for i := 0; t.runs() && i < len(t.broker.Cells()); i++ {
		t.step(i, &event.Event{Kind: event.KindStart})
	}
	for t.runs() && !t.broker.Ready() && t.done != operations {
		t.advance()
	}
	return t.runs() && t.broker.Ready()
}

func (t *trial) runs() bool { return t.halted == "" && t.law == (finding{}) }

// ask sends one request and waits for its answer: nil if the broker ended instead.
func (t *trial) ask(body event.Body) event.Body {
	t.asked++
	t.answer = nil
	t.step(1%len(t.broker.Cells()), &event.Event{Kind: event.KindRequest, Ticket: event.Ticket{Conn: 1, Seq: t.asked}, Body: body})
	for t.runs() && t.answer == nil {
		t.advance()
	}
	return t.answer
}

// advance lets one thing happen.
func (t *trial) advance() {
	if len(t.under) > 0 {
		t.deliver()
		return
	}
	if n := t.disk.Pending(); n > 0 {
		at := 0
		if t.order != 0 {
			at = int(rand.Mix2(t.order, uint64(t.done)) % uint64(n))
		}
		io, _ := t.disk.PendingIO(at)
		var ev event.Event
		t.disk.Complete(io, &ev)
		t.done++
		t.step(broker.CellOf(io.Machine()), &ev)
		return
	}
	next, at := 0, event.Never
	if t.move != nil {
		at = t.move.NextDeadline()
	} else {
		for i, c := range t.broker.Cells() {
			if d := c.NextDeadline(); d < at {
				next, at = i, d
			}
		}
	}
	if at == event.Never {
		t.halted = "it waits for nothing and is not done"
		return
	}
	t.now = max(t.now, at)
	t.step(next, &event.Event{Kind: event.KindTick})
}

// deliver carries one message: a drawn one that no older one of its pair of cells precedes.
func (t *trial) deliver() {
	at := 0
	if t.order != 0 {
		at = int(rand.Mix2(t.order, uint64(t.steps)) % uint64(len(t.under)))
	}
	pair := func(ev *event.Event) [2]int { return [2]int{broker.CellOf(ev.From), broker.CellOf(ev.To)} }
	for i := range t.under[:at] {
		if pair(&t.under[i]) == pair(&t.under[at]) {
			at = i
			break
		}
	}
	ev := t.under[at]
	t.under = slices.Delete(t.under, at, at+1)
	t.step(broker.CellOf(ev.To), &ev)
}

// step applies one event to a cell. A law that breaks on the way is the trial's end, not the world's.
func (t *trial) step(cell int, ev *event.Event) {
	defer func() {
		if r := recover(); r != nil {
			t.law = brokenLaw(r)
		}
	}()
	if t.steps++; t.steps > tooLong {
		t.halted = "it does not end"
		return
	}
	t.now += event.Microsecond
	ev.Now, ev.Wall = t.now, t.wall
	t.out.Reset()
	if t.move != nil {
		t.move.Step(ev, &t.out)
	} else {
		t.broker.Cells()[cell].Step(ev, &t.out)
	}
	effects := t.out.Effects()
	for i := range effects {
		t.execute(&effects[i])
	}
}

func (t *trial) execute(e *event.Effect) {
	switch e.Op {
	case event.OpReply:
		if e.Ticket.Seq == t.asked {
			t.answer = e.Body
		}
	case event.OpRelease: // a trial shows what it was answered later: its memory is the collector's
	case event.OpHalt:
		if t.move != nil && e.Halt == event.HaltClean {
			t.move = nil
			return
		}
		t.halted = e.Halt.String() + ": " + e.Text
	case event.OpSendMachine:
		t.under = append(t.under, event.Event{
			Kind: event.KindMessage, To: e.Machine, From: e.From, Ticket: e.Ticket, Body: e.Body,
		})
	case event.OpCloseConn:
		t.halted = "it closes the connection: " + e.Text
	default:
		t.disk.Submit(e)
	}
}

// brokenLaw names what a panic was about.
func brokenLaw(r any) finding {
	if v, ok := r.(invariant.Violation); ok {
		law, _, _ := strings.Cut(v.Text, ":")
		return finding{law, v.Text}
	}
	return finding{"panic", fmt.Sprint(r)}
}
