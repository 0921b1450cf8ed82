package metrics

import (
	"sync"
	"sync/atomic"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/shard"
)

// Target is what a durable write is for.
type Target uint8

// Targets.
const (
	Journal Target = iota // a frame of a journal
	Segment               // a large batch, on its way to its segment at once
	State                 // everything small: hard state, checkpoints, identities
	targets
)

// String is the target as a label.
func (t Target) String() string { return [...]string{"journal", "segment", "state"}[t] }

// TargetOf is what a durable write of a file of that kind is for.
func TargetOf(kind event.FileKind) Target {
	switch kind {
	case event.FileChunk:
		return Journal
	case event.FileSegment:
		return Segment
	}
	return State
}

// Cell is what the loop of one cell says of itself. All but Beat and Read belong to the loop.
type Cell struct {
	beat    atomic.Int64 // event.Time of the last turn
	flushes [targets]histogram

	mu   sync.Mutex // a loop only tries it (MT-2)
	last Snapshot
}

// Snapshot is a cell at one moment.
type Snapshot struct {
	broker.Stats
	Turns, Events uint64
	Ready         bool
	// Wounded is what is damaged. It is another list, never another content of the same one, when it has changed.
	Wounded []shard.Wounded
}

// Turned says that a turn has ended.
func (c *Cell) Turned(now event.Time) { c.beat.Store(int64(now)) }

// Beat is when the last turn ended.
func (c *Cell) Beat() event.Time { return event.Time(c.beat.Load()) }

// Flushed says that a durable write took so long, from its submission to the turn that learned of its end.
func (c *Cell) Flushed(t Target, took event.Time) { c.flushes[t].observe(took) }

// Publish replaces what others read. It reports false where somebody reads just now: try again in a later turn.
func (c *Cell) Publish(s *Snapshot) bool {
	if !c.mu.TryLock() {
		return false
	}
	c.last = *s
	c.mu.Unlock()
	return true
}

// Read is what was published last.
func (c *Cell) Read() Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}
