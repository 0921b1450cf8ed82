package broker

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/store"
)

// Move gives a data directory another number of shards, before a broker is started on it. It steps all that it is made of
// in one thread, and ends with a Halt: HaltClean when the directory has the new number.
//
//	broker of n shards:  start -> recover -> register -> stop      the old journals end in final checkpoints
//	store.Move:          stage -> record -> carry -> record        from the first record on, a start goes on here
//	broker of m shards:  started by the shell afterwards           registers the new directories
//
// The old set starts as ever, with everything that a start refuses. No client is served meanwhile: nobody has a connection.
type Move struct {
	from, to int
	old      *Broker // until it has stopped
	moving   *store.Move
	cells    event.Buf // scratch: what a cell or moving has just ordered
	said     []event.Effect
	told     bool // the old set was told to stop
	halt     event.Effect
	halting  bool
}

// MoveDue reports whether a directory, of which home says hard, has to get through a Move before a broker with so many shards can
// use it.
func MoveDue(hard store.Hard, shards int) bool {
	return !hard.Cluster.IsZero() && (hard.Moving != 0 || max(1, int(hard.Shards)) != shards)
}

// NewMove is a Move of the directory, of which home says hard, to the shards of cfg; or to the number that was recorded, where a
// change is under way: then another Move may be due afterwards.
func NewMove(cfg Config, hard store.Hard) (*Move, error) {
	m := &Move{from: max(1, int(hard.Shards)), to: len(cfg.Shards)}
	if hard.Moving != 0 {
		m.to = int(hard.Moving)
	}
	cfg.Home.Machine = event.Home
	all := cfg
	all.SetShards(max(m.from, m.to), cfg.Dice)
	if err := all.check(); err != nil {
		return nil, fmt.Errorf("broker configuration: %w", err)
	}
	m.moving = store.NewMove(store.MoveConfig{
		Home: cfg.Home, Shards: all.Shards, To: m.to, Set: uuid(cfg.Dice),
		Place: func(tp event.TP, shards int) int { return int(metadata.ShardOf(tp, shards)) },
	})
	if hard.Moving != 0 || invariant.Planted(invariant.CanaryShardsUndrained) {
		return m, nil
	}
	was := cfg
	was.Shards = all.Shards[:m.from:m.from]
	var err error
	m.old, err = New(was)
	return m, err
}

// Shards are the numbers of shards before and after.
func (m *Move) Shards() (from, to int) { return m.from, m.to }

// Progress tells how many partitions are where they belong, of how many that have to be moved; 0 of 0 before that is known.
func (m *Move) Progress() (moved, total int) { return m.moving.Progress() }

// Step applies one event.
func (m *Move) Step(ev *event.Event, out *event.Buf) {
	if m.halting {
		return
	}
	m.cells.Probing = out.Probing
	switch {
	case ev.Kind == event.KindStop && (m.old == nil || m.told):
		m.end(event.HaltClean, "", out) // what is under way is done again by the next start
	case m.old == nil:
		m.stepMove(ev, out)
	case ev.Kind == event.KindIODone:
		m.stepCell(CellOf(ev.IO.Machine()), ev, out)
	case ev.Kind == event.KindMessage:
		m.stepCell(CellOf(ev.To), ev, out)
	default:
		m.stepAll(ev, out)
	}
	m.follow(ev, out)
}

// follow goes from one stage to the next.
func (m *Move) follow(ev *event.Event, out *event.Buf) {
	if m.old != nil && !m.told && m.halt.Op == event.OpNone && m.old.Ready() {
		m.told = true
		stop := *ev
		stop.Kind = event.KindStop
		m.stepAll(&stop, out)
	}
	switch {
	case m.halting || m.halt.Op == event.OpNone:
	case m.halt.Halt != event.HaltClean || !m.told:
		m.end(m.halt.Halt, m.halt.Text, out)
	case m.old != nil:
		m.old = nil
		out.Hit("broker/old-shards-drained")
		start := *ev
		start.Kind = event.KindStart
		m.stepMove(&start, out)
	}
	if r := m.moving.Refusal(); r != nil {
		m.end(r.Code, r.Text, out)
	} else if m.moving.Done() {
		m.end(event.HaltClean, "", out)
	}
}

func (m *Move) end(code event.HaltCode, text string, out *event.Buf) {
	if !m.halting {
		m.halting = true
		out.Halt(code, text)
	}
}

// stepMove gives an event to the machine of the second stage.
func (m *Move) stepMove(ev *event.Event, out *event.Buf) {
	switch ev.Kind {
	case event.KindStart:
		m.moving.Start(ev.Now, out)
	case event.KindIODone:
		m.moving.OnIO(ev, out)
	case event.KindTick:
		m.moving.OnTick(ev.Now, out)
	}
}

// stepAll gives an event to every cell of the old set.
func (m *Move) stepAll(ev *event.Event, out *event.Buf) {
	for i := range m.old.Cells() {
		m.stepCell(i, ev, out)
	}
}

// stepCell steps one cell of the old set, and every cell that is told something because of it.
func (m *Move) stepCell(i int, ev *event.Event, out *event.Buf) {
	m.stepOne(i, ev, out)
	for len(m.said) > 0 {
		e := m.said[0]
		m.said = append(m.said[:0], m.said[1:]...)
		m.stepOne(CellOf(e.Machine), &event.Event{
			Kind: event.KindMessage, To: e.Machine, From: e.From, Now: ev.Now, Wall: ev.Wall, Ticket: e.Ticket, Body: e.Body,
		}, out)
	}
}

func (m *Move) stepOne(i int, ev *event.Event, out *event.Buf) {
	step := *ev
	step.More = false
	m.cells.Reset()
	m.old.Cells()[i].Step(&step, &m.cells)
	for _, probe := range m.cells.Probes() {
		out.Hit(probe)
	}
	out.Touch(m.cells.Cost() - m.cells.Len())
	for _, e := range m.cells.Effects() {
		switch {
		case e.Op == event.OpSendMachine:
			m.said = append(m.said, e)
		case e.Op != event.OpHalt:
			out.Forward(e)
		case m.halt.Op == event.OpNone:
			m.halt = e
		}
	}
}

// NextDeadline tells when the next Tick is due.
func (m *Move) NextDeadline() event.Time {
	next := event.Never
	switch {
	case m.halting:
	case m.old == nil:
		next = m.moving.NextDeadline()
	default:
		for _, c := range m.old.Cells() {
			next = min(next, c.NextDeadline())
		}
	}
	return next
}

// Ready implements what shells drive: no request is ever served.
func (m *Move) Ready() bool { return false }
