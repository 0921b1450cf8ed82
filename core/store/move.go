package store

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
)

// Move changes the number of shards of a broker's data directory, from n that were stopped cleanly to m that have never
// run. It is a machine of file effects like a store, and a crash at any of them leaves a directory that the next one
// finishes, or that was not changed:
//
//	shard-0/checkpoint-g  shard-1/checkpoint-g      final images of the old set
//	      \      \            /       /
//	       read, judged, dealt out by Place         moveLooking
//	      /      |            |       \
//	shard-0/checkpoint-2,3  ...  shard-m-1/...      moveStaging: files that nobody knows yet; then SyncFs
//	                  |
//	home/hard-state: Set, Moving = m                moveRecording: the point of no return
//	                  |
//	fresh small files, partition folders renamed    moveReading, moveMaking, moveCarrying; then SyncFs (moveSettling)
//	                  |
//	shard-m .. shard-n-1 removed                    moveClearing; then SyncFs
//	                  |
//	home/hard-state: Shards = m, Moving = m         moveSwitching: only what is staged is still to go
//	                  |
//	staged images removed; then SyncFs              moveSweeping
//	                  |
//	home/hard-state: Moving = 0                     moveEnding: the new set may be opened
//
// Up to the first record, the old set is as it was, and may be used again; what is staged lies there, unseen, until the next
// change writes over it. From the record on, the staged images are all that counts: each step is a function of them and of the
// record, so it is done again from the beginning after a crash. A rename is in one of two places; a small file is written anew.
type Move struct {
	cfg     MoveConfig
	home    *Store
	shards  []*Store // by number: they order operations, and are never opened
	step    moveStep
	waiting int // operations under way
	refusal Refusal
	images  []*image // by new shard, from moveLooking or moveReading on
	carry   []carriage
	next    int // of carry
	total   int
	from    int
	set     event.UUID
}

// MoveConfig is what a Move is told.
type MoveConfig struct {
	Home   Config
	Shards []Config // of the larger set, by number; their secrets are those of the new stores
	To     int      // how many shards there are to be, unless a change to another number is under way: that one is finished
	Set    event.UUID
	Place  func(tp event.TP, shards int) int
}

type moveStep uint8

const (
	moveOpening moveStep = iota // of home
	moveLooking
	moveStaging
	moveRecording
	moveReading
	moveMaking
	moveCarrying
	moveSettling
	moveClearing
	moveSwitching
	moveSweeping
	moveEnding
	moveStopping // of home
	moveDone
	moveRefused
)

// carriage is a partition's folder that has to be in the store of another shard.
type carriage struct {
	tp       event.TP
	from, to int
}

// Staged images have the numbers behind those of the checkpoint's two copies, and there are two of them for the same reason.
const (
	stagedFirst  = 2
	stagedCopies = 2
)

// SetDirectory is the directory id of shard i in the set that a change of the number of shards has made.
func SetDirectory(set event.UUID, i int) event.UUID {
	set[len(set)-1] = byte(i)
	return set
}

// NewMove is a Move that has not looked at anything yet.
func NewMove(cfg MoveConfig) *Move {
	m := &Move{cfg: cfg, home: New(cfg.Home)}
	for i, c := range cfg.Shards {
		c.Machine = event.Machine{Role: event.RoleShard, Index: uint8(i)}
		m.shards = append(m.shards, New(c))
	}
	return m
}

// Start opens home.
func (m *Move) Start(now event.Time, out *event.Buf) { m.home.Open(now, out) }

// Done reports whether the directory has the new number of shards, and home has stopped.
func (m *Move) Done() bool { return m.step == moveDone }

// Refusal says why the Move has ended without that, nil while it has not.
func (m *Move) Refusal() *Refusal {
	if m.step != moveRefused {
		return nil
	}
	return &m.refusal
}

// Progress tells how many partition folders are where they belong, of how many that have to be moved.
func (m *Move) Progress() (moved, total int) { return m.total - len(m.carry) + m.next, m.total }

// OnIO takes the completion of an operation.
func (m *Move) OnIO(ev *event.Event, out *event.Buf) {
	at := ev.IO.Machine()
	if at.Role == event.RoleHome {
		m.home.OnIO(ev, out)
	} else if s := m.shards[at.Index]; m.step != moveRefused {
		then := s.pending[ev.IO]
		delete(s.pending, ev.IO)
		if s.state == Opening {
			then(ev, out)
		}
	}
	m.advance(ev.Now, out)
}

// OnTick lets time pass.
func (m *Move) OnTick(now event.Time, out *event.Buf) {
	m.home.OnTick(now, out)
	m.home.EndTurn(now, out)
	m.advance(now, out)
}

// NextDeadline is when OnTick is due next.
func (m *Move) NextDeadline() event.Time {
	if m.step >= moveDone {
		return event.Never
	}
	return m.home.NextDeadline()
}

// advance does what has become possible.
func (m *Move) advance(now event.Time, out *event.Buf) {
	for m.failed() || m.step < moveDone && m.forward(now, out) {
		if m.step == moveRefused {
			return
		}
	}
}

// failed takes over the end of a store.
func (m *Move) failed() bool {
	if m.step >= moveDone {
		return false
	}
	for _, s := range append(m.shards[:len(m.shards):len(m.shards)], m.home) {
		if s.state == Refused || s.state == Failed {
			m.step, m.refusal = moveRefused, s.refusal
			return true
		}
	}
	return false
}

// refuse ends the Move.
func (m *Move) refuse(code event.HaltCode, format string, args ...any) {
	m.step = moveRefused
	m.refusal = Refusal{Code: code, Text: fmt.Sprintf(format, args...)}
}

// forward goes to the next step when everything of this one is done.
func (m *Move) forward(now event.Time, out *event.Buf) bool {
	if m.waiting > 0 {
		return false
	}
	switch m.step {
	case moveOpening:
		if m.home.State() != Ready {
			return false
		}
		m.begin(out)
	case moveLooking:
		if m.looking() {
			return false
		}
		m.deal(out)
	case moveStaging:
		m.step = moveRecording
		set, to := m.set, int32(m.cfg.To)
		m.sync(func(out *event.Buf) { m.record(func(h *Hard) { h.Set, h.Moving = set, to }, out) }, out)
	case moveRecording:
		m.read(out)
	case moveReading:
		m.make(out)
	case moveMaking:
		m.step = moveCarrying
		m.fill(out)
	case moveCarrying:
		if m.next < len(m.carry) {
			return false
		}
		m.step = moveSettling
		m.sync(func(*event.Buf) {}, out)
	case moveSettling:
		m.clear(out)
	case moveClearing:
		m.step = moveSwitching
		to := int32(m.cfg.To)
		m.sync(func(out *event.Buf) { m.record(func(h *Hard) { h.Shards = to }, out) }, out)
	case moveSwitching:
		m.sweep(out)
	case moveSweeping:
		m.step = moveEnding
		m.sync(func(out *event.Buf) { m.record(func(h *Hard) { h.Moving = 0 }, out) }, out)
	case moveEnding:
		m.step = moveStopping
		m.home.Stop(now, out)
	case moveStopping:
		if m.home.State() != Stopped {
			return false
		}
		m.step = moveDone
	}
	return true
}

// begin finds out what home says.
func (m *Move) begin(out *event.Buf) {
	hard := m.home.Hard()
	m.from, m.set = max(1, int(hard.Shards)), hard.Set
	switch {
	case max(m.from, int(hard.Moving), m.cfg.To) > len(m.shards):
		m.refuse(event.HaltRefused, "the data directory has %d shards, of which this start was not told. Nothing in it was changed",
			max(m.from, int(hard.Moving)))
	case hard.Moving != 0:
		out.Hit("store/move-resumed")
		m.cfg.To = int(hard.Moving)
		if m.from == m.cfg.To {
			m.sweep(out)
			return
		}
		m.read(out)
	case m.from == m.cfg.To:
		m.step = moveEnding
	default:
		m.set = SetDirectory(m.cfg.Set, 0)
		m.look(out)
	}
}

// sync makes everything that was written durable, whichever store it is of.
func (m *Move) sync(then func(*event.Buf), out *event.Buf) {
	m.waiting++
	m.home.syncFs(func(out *event.Buf) {
		m.waiting--
		then(out)
	}, out)
}

// record makes a change of home's hard state durable. The first one is the point of no return.
func (m *Move) record(change func(*Hard), out *event.Buf) {
	m.waiting++
	m.home.saveHard(change, func(*event.Buf) { m.waiting-- }, out)
}

// sweep takes away what the new set was made from.
func (m *Move) sweep(out *event.Buf) {
	m.step = moveSweeping
	for _, s := range m.shards[:m.cfg.To] {
		for k := range stagedCopies {
			m.waiting++
			s.remove(s.stagedFile(k), func(*event.Buf) { m.waiting-- }, out)
		}
	}
}

// stagedFile names copy k of a staged image.
func (s *Store) stagedFile(k int) event.File {
	f := s.dir(event.FileCheckpoint)
	f.Base = int64(stagedFirst + k)
	return f
}
