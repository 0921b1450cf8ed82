package fault

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/disk"
)

// Format is the version of the plan's text. A reader refuses every other one.
const Format = 1

// Labels of plans: what the oracles may demand of the run.
const (
	LabelSurvive = "survive" // nothing acknowledged may be lost
	LabelDetect  = "detect"  // damage beyond what one disk can repair: refused or named, never wrong bytes
	// LabelUnavailable: the broker may refuse or end for as long as the fault is there; afterwards nothing is missing.
	LabelUnavailable = "unavailable-ok"
)

// Plan is one run before it is run, and its verdict afterwards.
type Plan struct {
	Header  Header
	Ops     []Op
	Faults  []Fault
	Verdict *Verdict
}

// Header is what holds for the whole run.
type Header struct {
	Format  int      `json:"format"`
	Seed    uint64   `json:"seed"`
	Commit  string   `json:"commit,omitempty"` // of the code that made the plan; for readers
	Profile string   `json:"profile"`
	Label   string   `json:"label"`
	Topics  []Topic  `json:"topics"`
	Clients []Client `json:"clients"`
	Disk    DiskTime `json:"disk"`
	Net     NetTime  `json:"net"`
	Store   Store    `json:"store"`
	Turn    int      `json:"turn"`    // events of one node that share a turn at most; 1 for no grouping
	WallMs  int64    `json:"wall_ms"` // of the nodes' wall clocks at the start
	// RetentionCheckMs is how often brokers look for what may go; 0 for never.
	RetentionCheckMs int64 `json:"retention_check_ms,omitempty"`

	Shards int `json:"shards,omitempty"` // of each broker, and so its cells; none for 1
	// ShardCounts are those of the lives of a broker, over and over: a life with another count than the one before begins with a
	// change of the directory. None for Shards in all of them.
	ShardCounts []int      `json:"shard_counts,omitempty"`
	HandOver    event.Time `json:"hand_over_ns,omitempty"` // that a message between two cells takes, at most
}

// CellsOf is how many shards, and so cells, a broker has in one of its lives, counted from 1.
func (h *Header) CellsOf(life int) int {
	if n := len(h.ShardCounts); n > 0 {
		return max(1, h.ShardCounts[(life-1)%n])
	}
	return h.CellCount()
}

// CellCount is how many shards, and so cells, each broker has.
func (h *Header) CellCount() int { return max(1, h.Shards) }

// Topic is one topic that the clients use.
type Topic struct {
	Name       string `json:"name"`
	Partitions int32  `json:"partitions"`
	Segment    int    `json:"segment_bytes"`
	Doomed     bool   `json:"doomed,omitempty"`   // an admin deletes it some time
	GrowsTo    int32  `json:"grows_to,omitempty"` // an admin gives it so many partitions some time
	// What lets its logs begin later, as the configurations of Kafka; 0 for not set, and then nothing does but an admin.
	RetentionBytes int64 `json:"retention_bytes,omitempty"`
	RetentionMs    int64 `json:"retention_ms,omitempty"`
	SegmentMs      int64 `json:"segment_ms,omitempty"`
}

// Most is the most partitions that the topic ever has.
func (t *Topic) Most() int32 { return max(t.Partitions, t.GrowsTo) }

// Retained reports whether nothing but an admin lets the topic's logs begin later.
func (t *Topic) Retained() bool { return t.RetentionBytes == 0 && t.RetentionMs == 0 }

// Client is one client: its role, how it speaks, and how long it waits for an answer.
type Client struct {
	Role       string     `json:"role"` // producer, consumer or admin
	Idempotent bool       `json:"idempotent,omitempty"`
	InFlight   int        `json:"in_flight,omitempty"` // produce requests in flight, at most 5
	ByID       bool       `json:"by_id,omitempty"`     // request versions that name topics by id
	Timeout    event.Time `json:"timeout_ns"`
	MaxWait    int32      `json:"max_wait_ms,omitempty"` // of fetches
	Sessions   bool       `json:"sessions,omitempty"`    // fetches by sessions
}

// DiskTime is how long operations of a disk take: a minimum and the mean of an exponential tail, in nanoseconds.
type DiskTime struct {
	Read      event.Time `json:"read_ns"`
	Write     event.Time `json:"write_ns"`
	Flush     event.Time `json:"flush_ns"` // durable writes and syncs
	TailRatio int        `json:"tail_percent"`
}

// NetTime is the network's shape; see netsim.Config.
type NetTime struct {
	Min   event.Time `json:"min_ns"`
	Tail  event.Time `json:"tail_ns"`
	Room  int        `json:"room"`
	Split int        `json:"split"`
}

// Store are the sizes that a broker's stores run with: bytes, percent and nanoseconds as in store.Config.
type Store struct {
	InFlight      int        `json:"in_flight"`
	ChunkSize     int64      `json:"chunk"`
	MaxChunks     int        `json:"chunks"`
	MaxFrame      int        `json:"frame"`
	Reserve       int64      `json:"reserve"`
	SealAfter     event.Time `json:"seal_ns"`
	DirectBytes   int        `json:"direct,omitempty"`
	DirectWrites  int        `json:"direct_writes,omitempty"`
	Writing       int        `json:"writing,omitempty"` // 0 for as many as InFlight
	WriteBehind   int        `json:"write_behind"`
	CheckpointAge event.Time `json:"checkpoint_age_ns"`
	CheckpointAt  int        `json:"checkpoint_percent"`
	TailBytes     int64      `json:"tail"`
	SegmentBytes  int64      `json:"segment"`
	IndexInterval int64      `json:"index_interval"`
	MaxReadBytes  int64      `json:"max_read"`
}

// Op is one operation of a client: it is begun when the client has time for it, after Pause.
type Op struct {
	Client int `json:"client"`
	// Do is produce, fetch, list-offsets, create-topic, delete-topic, delete-records, create-partitions, alter-config or
	// describe-config.
	Do string `json:"do"`
	// Topic is a number in the header; -1, for configurations, is all brokers.
	Topic     int        `json:"topic"`
	Partition int32      `json:"partition,omitempty"` // create-topic, create-partitions: how many there shall be
	Pause     event.Time `json:"pause_ns,omitempty"`
	Acks      int16      `json:"acks,omitempty"`
	Records   int        `json:"records,omitempty"`
	Bytes     int        `json:"bytes,omitempty"`     // of each record's value
	Timestamp int64      `json:"timestamp,omitempty"` // of list-offsets
	Key       string     `json:"key,omitempty"`       // alter-config: of the configuration
	Value     string     `json:"value,omitempty"`     // alter-config: what it becomes; empty to take it back
	Percent   int        `json:"percent,omitempty"`   // of delete-records: how much of what is committed goes
	Wide      int        `json:"wide,omitempty"`      // produce, fetch: further partitions of the request, the next ones
	MaxBytes  int32      `json:"max_bytes,omitempty"` // fetch: of the whole answer; 0 for plenty
}

// Fault is one thing that goes wrong, once.
type Fault struct {
	ID     int     `json:"id"`
	Family Family  `json:"family"`
	On     Trigger `json:"on"`
	// Do says what happens. The fields below belong to the verbs named.
	Do string `json:"do"`

	Seed   uint64     `json:"seed,omitempty"`    // kill, cut, rot, read-error, write-error: of what is drawn then
	Flight disk.Keep  `json:"flight,omitempty"`  // kill, cut: see disk.Crash
	Data   disk.Keep  `json:"data,omitempty"`    // cut
	Meta   disk.Keep  `json:"meta,omitempty"`    // cut
	Shorn  bool       `json:"shorn,omitempty"`   // cut: see disk.Crash
	For    event.Time `json:"for_ns,omitempty"`  // kill, cut: until the restart; clog, slow, pause, freeze, drift, dead, full: how long
	Client int        `json:"client,omitempty"`  // reset, silence, clog: whose connections
	Cell   int        `json:"cell,omitempty"`    // pause: which cell, counted from 1; 0 for the whole process
	Factor int        `json:"factor,omitempty"`  // slow: how many times slower
	Where  string     `json:"where,omitempty"`   // damage, copy, put-back: of what; see the places
	Home   bool       `json:"home,omitempty"`    // likewise: of the metadata store, not of a drawn shard
	Copies int        `json:"copies,omitempty"`  // damage: 2 for both slots, or both copies; otherwise one
	Room   int64      `json:"room,omitempty"`    // full: bytes that are left
	Times  int        `json:"times,omitempty"`   // read-error: how often it fails; negative until overwritten
	StepMs int64      `json:"step_ms,omitempty"` // wall: how far the wall clock jumps
	PPM    int64      `json:"ppm,omitempty"`     // drift: by how much the monotonic clock is faster; -1000000 stands still
}

// Verbs of faults.
const (
	DoKill       = "kill"        // the process ends; the kernel keeps what it was given
	DoCut        = "cut"         // the machine ends; what was not flushed is lost, kept or torn
	DoReset      = "reset"       // the client's connections are reset
	DoSilence    = "silence"     // nothing reaches the client on its connections any more, and nobody is told
	DoClog       = "clog"        // what the client sends on its connections arrives late
	DoSlow       = "slow"        // the disk is slower for a while
	DoRot        = "rot"         // a bit of a file flips
	DoReadError  = "read-error"  // a block of a file cannot be read
	DoWriteError = "write-error" // the write or sync that triggers it fails
	DoSyncError  = "sync-error"  // the sync that triggers it fails, and forgets what it should have written: the next one succeeds
	DoDead       = "dead"        // whatever would change the disk fails for a while
	DoZero       = "zero"        // a block is zeros
	DoStale      = "stale"       // a block holds what it held before it was written last
	DoMisdirect  = "misdirect"   // a block was written to the place of another one, and holds what it held before
	DoFull       = "full"        // the file system has no more room for a while
	DoStop       = "stop"        // the broker is asked to stop, and started again when it has
	DoCopy       = "copy"        // a part of the directory is copied
	DoPutBack    = "put-back"    // the copy that After made is put back before a start
	DoWall       = "wall"        // the wall clock jumps
	DoFreeze     = "freeze"      // the wall clock stands still for a while, and goes on from there
	DoDrift      = "drift"       // the monotonic clock goes slower or faster for a while
	DoPause      = "pause"       // the process, or one of its cells, does nothing for a while: disk, clock and network go on
)

// Places of damage.
const (
	InJournal    = "journal"
	InSegment    = "segment"
	InHardState  = "hard-state"
	InSidecar    = "sidecar"
	InCheckpoint = "checkpoint"
	InIndex      = "index"
	InTopics     = "topics" // copies only: every segment, and the identity beside them
)

// Verdict is how a run ended.
type Verdict struct {
	Verdict string `json:"verdict"` // ok or FAIL
	Oracle  string `json:"oracle,omitempty"`
	Text    string `json:"text,omitempty"`
	Event   uint64 `json:"event,omitempty"`
	Digest  string `json:"digest,omitempty"`
	Stale   []int  `json:"stale,omitempty"` // faults that never fired
}

// Forgets reports whether anything in the plan lets logs begin later, or end with their topic.
func (p *Plan) Forgets() bool {
	for i := range p.Header.Topics {
		if !p.Header.Topics[i].Retained() {
			return true
		}
	}
	for i := range p.Ops {
		if p.Ops[i].Do == "delete-records" || p.Ops[i].Do == "delete-topic" {
			return true
		}
	}
	return false
}
