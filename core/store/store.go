package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/journal"
)

// Store is one machine's data directory: a journal, the segments of its partitions, two checkpoints, and the hard state.
type Store struct {
	cfg     Config
	state   State
	refusal Refusal
	now     event.Time
	io      uint64
	pending map[event.IOID]completion // by operation; looked up, never iterated
	journal *journal.Journal
	hard    keeper
	side    beside
	opening *opening // what is known of the directory while it is judged

	parts []*Partition // sorted by TP
	gone  []*grave     // deleted partitions whose end is not durable, oldest first

	lastSeq uint64 // frame of the last staged entry
	staged  bool   // something was staged since the last EndTurn
	reused  uint64 // frames below it may be overwritten in the journal
	flights []flight
	cuts    []cutting
	trims   []cutting // log starts whose records are not durable yet
	flushed []*Partition
	taken   []*Partition
	hwDirty []*Partition

	direct    direct
	runs      runs
	behind    bool         // write-behind may write: what recovery read is durable
	work      []*Partition // whose files are to be looked at
	writes    int          // operations of segment files under way
	unwritten int64        // bytes of batches that are not in their segments
	warmth    warmth

	ckpt       checkpoint
	dirtySince event.Time // since when there is something that a checkpoint would cover; Never if there is nothing
	boundAt    event.Time // when the hard state learns how far the journal is durable; Never if it knows
	stopAsked  bool

	reads []ReadDone

	badReads uint64 // reads that failed, or whose bytes did not verify: every try
	wounds   uint64 // changes of what is damaged
}

// New is a store that has not looked at its directory yet.
func New(cfg Config) *Store {
	alloc := cfg.Alloc
	cfg.Alloc = func(size int) *event.Buffer {
		b := alloc(size)
		b.Owner = cfg.Machine
		return b
	}
	s := &Store{cfg: cfg, pending: map[event.IOID]completion{}, dirtySince: event.Never, boundAt: event.Never}
	s.journal = journal.New(journal.Config{
		Store: cfg.Machine, ChunkSize: cfg.ChunkSize, MaxChunks: cfg.MaxChunks, MaxFrame: cfg.MaxFrame,
		InFlight: cfg.InFlight, Writing: cfg.Writing, Reserve: cfg.Reserve, SealAfter: cfg.SealAfter, Alloc: cfg.Alloc, NextIO: s.nextIO,
	})
	return s
}

// State is where the store is in its life.
func (s *Store) State() State { return s.state }

// Refusal says why the store is Refused or Failed, and in which way the broker ends for it.
func (s *Store) Refusal() Refusal { return s.refusal }

// OnIO takes the completion of an operation of this store.
func (s *Store) OnIO(ev *event.Event, out *event.Buf) {
	s.now = ev.Now
	if then, ok := s.pending[ev.IO]; ok {
		delete(s.pending, ev.IO)
		if s.state != Failed && s.state != Refused {
			then(ev, out)
		}
	} else if s.state != Failed && s.state != Refused && !s.journal.OnIO(ev, out) {
		invariant.Violated("S-9: completion %x belongs to no operation", uint64(ev.IO))
	}
	s.advance(out)
}

// OnTick lets time pass.
func (s *Store) OnTick(now event.Time, out *event.Buf) {
	s.now = now
	if (s.state == Ready || s.state == Stopping) && !s.ckpt.final || s.beginning() {
		s.journal.OnTick(now, out)
	}
	s.advance(out)
}

// beginning reports whether the journal is being prepared for a new incarnation: on a full file system it waits, and tries again (D7).
func (s *Store) beginning() bool {
	return s.state == Opening && s.opening != nil && s.opening.step == openBeginning
}

// EndTurn closes the flush group of the turn: everything staged since the last call goes to the disk, now or, if enough
// frames are under way, as soon as one of them is complete.
func (s *Store) EndTurn(now event.Time, out *event.Buf) {
	s.now = now
	if s.state == Ready || s.state == Stopping {
		if s.journal.Accepts() {
			s.closeRuns(out)
			if s.staged && s.state == Ready && s.Room() > 0 {
				s.stageHighWaters()
			}
			s.staged = false
		}
		s.journal.EndTurn(now, out)
		if s.state == Ready && s.Room() <= 0 {
			out.Hit("store/throttled")
		}
	}
	s.advance(out)
}

// NextDeadline is when OnTick is due next.
func (s *Store) NextDeadline() event.Time {
	if s.beginning() {
		return s.journal.NextDeadline()
	}
	if s.state != Ready && s.state != Stopping || s.ckpt.final {
		return event.Never // a completion will come first
	}
	d := min(s.journal.NextDeadline(), s.boundAt)
	if s.ckpt.phase != checkpointIdle || s.dirtySince == event.Never {
		return d
	}
	due := s.dirtySince + s.cfg.CheckpointAge
	if due <= s.now && s.unsettled() {
		return d // a completion will come first
	}
	return min(d, due)
}

// margin is room kept for what an append stages beside its batch: a block's prefix and a roll.
const margin = 2 * event.BlockSize

// Room is how many bytes of batches may be staged now. At or below 0, produce is held back until completions free some.
func (s *Store) Room() int64 {
	if s.state != Ready {
		return 0
	}
	memory := s.cfg.ChunkSize*int64(s.cfg.MaxChunks) - s.unwritten
	ring := s.journal.Capacity() - s.cfg.Reserve - s.journal.Occupied() - s.direct.refers - s.runs.bytes
	if s.direct.refers+s.runs.bytes == 0 {
		ring = memory
	}
	gathered := s.runs.bytes + int64(len(s.runs.open))*(margin+journal.EntryOverhead) // each may have to go through the journal
	return min(s.journal.Room()-margin-gathered, memory, ring)
}

// MaxBatch is the size in bytes of the largest batch that Append takes: one frame of the journal must hold it. Larger ones
// are to be refused, not held back, because Room never grows to them.
func (s *Store) MaxBatch() int64 { return int64(s.journal.MaxPayload()) - margin }

// advance does what has become possible. Every entry of the machine ends here.
func (s *Store) advance(out *event.Buf) {
	if s.state == Refused || s.state == Failed || s.state == Stopped {
		return
	}
	if failed, why := s.journal.Failed(); failed {
		s.fail("journal: "+why, out)
		return
	}
	if s.state == Opening {
		s.advanceOpening(out)
	}
	if s.state == Ready || s.state == Stopping {
		s.land(out)
		s.landTrims(out)
		s.bury(out)
		s.learnBound(out)
		s.maybeCheckpoint(out)
		s.maybeStop(out)
	}
	s.advanceCheckpoint(out)
	s.drive(out)
	if invariant.Expensive {
		s.check()
	}
}

// check verifies what is kept as a sum.
func (s *Store) check() {
	unwritten := int64(0)
	for _, p := range s.parts {
		for _, f := range p.files {
			unwritten += f.size - f.written
			if f.written > f.size || f.durable > f.size || s.state == Ready && f.written > f.durable {
				invariant.Violated("S-4: segment %d of %s-%d: written %d, durable %d, size %d",
					f.base, p.tp.Topic, p.tp.Partition, f.written, f.durable, f.size)
			}
		}
	}
	if unwritten != s.unwritten {
		invariant.Violated("S-11: %d bytes are not in their segments, the books say %d", unwritten, s.unwritten)
	}
}
