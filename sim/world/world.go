package world

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/netsim"
	"github.com/highwater-log/highwater/sim/trace"
	"github.com/highwater-log/highwater/sim/workload"
)

// Bounds of a run. A run that goes beyond them is not live.
const (
	chaosEvents  = 60_000             // then the world is healed even if clients still work
	chaosTime    = 120 * event.Second // likewise
	settleTime   = 120 * event.Second // that each later phase may take
	settleEvents = 400_000
)

// Options are how a run is watched.
type Options struct {
	Hooks  Hooks
	Trace  io.Writer // where one line per step goes; nil for nowhere
	Probes bool      // collect reach probes
}

// phase is a part of a run.
type phase uint8

const (
	phaseChaos phase = iota
	phaseHeal
	phaseStop
	phaseRead
	phaseEnd
)

func (p phase) String() string { return [...]string{"chaos", "heal", "stop", "read", "end"}[p] }

// World is one run under way.
type World struct {
	plan  *fault.Plan
	hooks Hooks
	trace trace.Trace
	net   netsim.Config
	watch *fault.Watch
	ties  fault.Rand

	now    event.Time
	event  uint64 // numbers given out; histories and plans name moments by them
	queue  queue
	pushed uint64

	node    *node
	clients []*client
	phase   phase
	phaseAt event.Time
	phaseEv uint64

	forgets bool // logs may let go of records
	harmed  bool // something was damaged that one disk has only once

	buf    event.Buf
	bytes  []byte // scratch of receipts
	result Result
	failed bool
	seen   map[string]bool // probes; only looked up
}

// Run executes a plan to its end.
func Run(plan *fault.Plan, opt Options) *Result {
	w := newWorld(plan, opt)
	w.run()
	w.finish()
	return &w.result
}

func newWorld(plan *fault.Plan, opt Options) *World {
	h := &plan.Header
	w := &World{
		plan: plan, hooks: opt.Hooks, watch: fault.NewWatch(plan.Faults), seen: map[string]bool{},
		net:  netsim.Config{Seed: h.Seed, Delay: netsim.Delay{Min: h.Net.Min, Tail: h.Net.Tail}, Room: h.Net.Room, Split: h.Net.Split},
		ties: fault.NewRand(h.Seed, fault.StreamTieBreak, 0),
	}
	w.trace.Out = opt.Trace
	w.buf.Probing = opt.Probes
	w.result = Result{Seed: h.Seed, Label: h.Label, Verdict: VerdictOK}
	w.node = newNode(w, 0)
	if w.forgets = plan.Forgets(); w.forgets {
		w.node.disk.Remember()
	}
	ops := make([][]fault.Op, len(h.Clients))
	for _, op := range plan.Ops {
		ops[op.Client] = append(ops[op.Client], op)
	}
	for id := range h.Clients {
		w.addClient(workload.New(id, h, ops[id]), id)
	}
	return w
}

// Now is the world's clock; Event the number of the latest moment.
func (w *World) Now() event.Time { return w.now }

// Event is the number of the latest moment.
func (w *World) Event() uint64 { return w.event }

// Plan is what is being run.
func (w *World) Plan() *fault.Plan { return w.plan }

// Disk is the disk of a node, to be looked at or cloned.
func (w *World) Disk(int) *disk.Disk { return w.node.disk }

// Harmed reports whether the plan has damaged what one disk has only once, and said that it would: from then on logs may be called
// damaged, and the broker may end.
func (w *World) Harmed() bool { return w.harmed && w.plan.Header.Label == fault.LabelDetect }

// Displaced reports whether an older part is in the place of the right one. It is refused, or nothing is missing for it.
func (w *World) Displaced() bool { return w.node.displaced != nil }

// rightWall is what a wall clock shows that is right.
func (w *World) rightWall() int64 { return w.plan.Header.WallMs + int64(w.now/event.Millisecond) }

// Fail ends the run: oracle is the judge or the law, text what it saw. The first failure stands.
func (w *World) Fail(oracle, text string) {
	if w.failed {
		return
	}
	w.failed = true
	w.result.Verdict, w.result.Oracle, w.result.Text, w.result.Event = VerdictFail, oracle, text, w.event
}

// run goes through the phases. What panics is a verdict: a broken law of the core or of the disk, or a plain bug.
func (w *World) run() {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case invariant.Violation:
			law, _, _ := strings.Cut(r.Text, ":")
			w.Fail(law, r.Text)
		case error:
			w.Fail("panic", r.Error())
		default:
			w.Fail("panic", fmt.Sprint(r))
		}
	}()
	w.boot()
	for id := range w.clients {
		w.wake(id)
	}
	for w.phase != phaseEnd && !w.failed {
		if w.queue.len() == 0 {
			before := w.phase
			if w.changePhase(); w.phase != before {
				continue // a phase that had nothing left to do
			}
			w.Fail("liveness", "nothing is due in phase "+w.phase.String()+": "+w.pending())
			return
		}
		x := w.queue.pop()
		w.now = max(w.now, x.at)
		w.event++
		w.dispatch(&x)
		w.changePhase()
	}
}

// due puts something into the queue.
func (w *World) due(x item) {
	w.pushed++
	x.id = w.pushed
	x.tie = w.ties.At(w.pushed)
	w.queue.push(x)
}

func (w *World) dispatch(x *item) {
	switch x.kind {
	case dueClient:
		w.clientDue(int(x.a), x.at)
	case dueDial:
		w.dialArrives(int(x.a), x.b)
	case dueDialled:
		w.dialEnds(int(x.a), x.b, x.link)
	case dueArrival:
		w.arrival(x.link, netsim.Direction(x.a), x.at)
	case dueIO:
		x.node.ioDone(x.a, event.IOID(x.b))
	case dueTick, dueTurn, dueHand:
		if x.node.up && x.node.halted == 0 && uint64(x.node.life) == x.a {
			w.cellDue(x)
		}
	case dueRoom:
		x.node.empty()
	case dueResume:
		if x.node.up && x.node.halted == 0 && uint64(x.node.life) == x.a {
			x.node.resume()
		}
	case dueBoot:
		if !x.node.up && w.phase != phaseEnd {
			w.boot()
		}
	}
}

func (w *World) cellDue(x *item) {
	if x.kind == dueTick || x.kind == dueTurn {
		if c := x.node.cells[x.b]; w.now < c.paused {
			w.postpone(c, x)
			return
		}
	}
	switch x.kind {
	case dueTick:
		x.node.cells[x.b].tickDue(x.at)
	case dueTurn:
		x.node.cells[x.b].turn()
	case dueHand:
		x.node.handed(x.b>>8, x.b&0xff)
	}
}

// changePhase moves on when a phase has done its work, and fails the run when it never will.
func (w *World) changePhase() {
	switch w.phase {
	case phaseChaos:
		if w.clientsDone() || w.event > chaosEvents || w.now > chaosTime {
			w.enter(phaseHeal)
			w.heal()
		}
	case phaseHeal:
		if w.clientsDone() && w.node.up && w.node.ready {
			w.enter(phaseStop)
			w.node.pushAll(event.Event{Kind: event.KindStop})
		}
	case phaseStop:
		if w.node.halted == event.HaltClean {
			w.enter(phaseRead)
			w.readBack()
		}
	case phaseRead:
		if w.clientsDone() {
			w.enter(phaseEnd)
		}
	}
	if w.phase != phaseChaos && w.phase != phaseEnd && (w.now > w.phaseAt+settleTime || w.event > w.phaseEv+settleEvents) {
		w.Fail("liveness", "phase "+w.phase.String()+" does not end: "+w.pending())
	}
}

func (w *World) enter(p phase) {
	w.phase, w.phaseAt, w.phaseEv = p, w.now, w.event
	w.trace.Note(w.event, w.now, w.node.id, w.node.life, "phase", uint64(p), 0, p.String)
}

// heal ends every fault that goes on and lets no other begin. A slow disk is as fast as any from here on, also with what is under way.
func (w *World) heal() {
	w.watch.Stop()
	w.node.slowUntil, w.node.deadUntil, w.node.fullUntil = 0, 0, 0
	w.node.empty()
	w.queue.hurry(dueIO, w.now+w.node.longest())
	w.node.disk.HealReads()
	if !w.node.up {
		w.boot()
	}
}

// readBack takes the power away from the stopped node, starts it on what is durable, and lets a reader at it.
func (w *World) readBack() {
	w.node.end(disk.Crash{}, true)
	w.boot()
	id := len(w.clients)
	h := w.plan.Header
	w.addClient(workload.NewReader(id, &h), id)
	w.wake(id)
}

// pending says what a run waits for.
func (w *World) pending() string {
	var out []string
	if !w.node.up {
		out = append(out, "node 0 is down")
	} else if !w.node.ready {
		out = append(out, "node 0 is not ready")
	}
	for id, c := range w.clients {
		if !c.Done() {
			out = append(out, fmt.Sprintf("client %d is at operation %d", id, len(c.History())))
		}
	}
	return strings.Join(out, ", ")
}

func (w *World) finish() {
	r := &w.result
	for _, c := range w.clients {
		r.History = append(r.History, c.History()...)
		if err := c.Err(); err != nil {
			w.Fail("protocol", err.Error())
		}
	}
	for _, op := range r.History {
		if op.Acked() {
			r.Acked++
		}
	}
	r.Faults, r.Stale, r.Harmed = w.watch.Fired(), w.watch.Stale(), w.Harmed()
	if w.hooks.OnEnd != nil && !w.failed {
		w.hooks.OnEnd(w, r)
	}
	w.trace.Close()
	r.Digest, r.Points, r.Events, r.Simulated = w.trace.Digest(), w.trace.Checkpoints(), w.event, w.now
}

// cost remembers the costliest step of each kind of event.
func (w *World) cost(ev *event.Event) {
	for len(w.result.Costs) <= int(ev.Kind) {
		w.result.Costs = append(w.result.Costs, 0)
	}
	w.result.Costs[ev.Kind] = max(w.result.Costs[ev.Kind], w.buf.Cost())
}

// probe remembers the rare branches of the last step.
func (w *World) probe() {
	for _, name := range w.buf.Probes() {
		w.hit(name)
	}
}

// hit records that a rare moment of the world came about, as event.Buf.Hit does for branches of the core.
func (w *World) hit(name string) {
	if w.buf.Probing && !w.seen[name] {
		w.seen[name] = true
		w.result.Probes = append(w.result.Probes, name)
	}
}

// Histories sorts operations by their calls: the order in which files hold them.
func Histories(ops []*history.Op) {
	slices.SortStableFunc(ops, func(a, b *history.Op) int {
		switch {
		case a.Invoke < b.Invoke:
			return -1
		case a.Invoke > b.Invoke:
			return 1
		}
		return a.Client - b.Client
	})
}
