package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/record"
)

// Config is what a store is told about its world. The simulator draws small numbers, the server uses the defaults.
type Config struct {
	Machine       event.Machine // whose files these are: home or a shard
	Directory     event.UUID    // identity for a directory that is formatted now; a found one keeps its own
	Secret        [16]byte      // the same for the journal's key
	ChunkSize     int64
	MaxChunks     int
	MaxFrame      int
	InFlight      int
	Writing       int
	Reserve       int64
	SealAfter     event.Time
	DirectBytes   int        // batches of so many bytes and more go straight to their segment; 0: none
	DirectWrites  int        // how many of their writes are under way at a time; one counts anew for each 512 KiB
	WriteBehind   int        // bytes per partition after which full blocks are written to its segment
	CheckpointAge event.Time // a checkpoint is begun this long after the first frame that it would free
	CheckpointAt  int        // percent of the ring's bytes occupied at which a checkpoint is begun
	TailBytes     int64      // memory for batches that are already in their segment, kept for readers
	SegmentBytes  int64      // size at which a segment is rolled, unless Partition.SetSegments says otherwise
	IndexInterval int64
	MaxReadBytes  int64                        // bytes of one segment read
	Alloc         func(size int) *event.Buffer // aligned memory of at least size bytes, whatever is in it
	NewDerived    func(event.TP) Derived       // state kept along with a partition's log; nil for none
}

// Derived is state that is a pure function of a partition's log, such as the producer table. The store tells it of every
// batch in log order, keeps it in checkpoints, and builds it anew by a scan after a truncation.
type Derived interface {
	// Apply takes the next batch of the log.
	Apply(b record.Batch)
	// AppendTo appends an encoding of the state to dst.
	AppendTo(dst []byte) []byte
	// Load replaces the state by what AppendTo wrote. On an error the store builds it anew.
	Load(p []byte) error
	// Reset empties the state.
	Reset()
}

// FormatVersion is the version of everything a store writes. A directory of a newer one is refused.
// Version 2 has direct entries in its journal, 3 those of several batches; older ones are read.
const FormatVersion = 3

// Hard is the state that must be known before anything else is believed (J7): two slots, each in a block of its own. A
// save writes one durably, then the other, never both at once: a torn write leaves the other, a rotten one has a twin.
type Hard struct {
	Directory  event.UUID
	Cluster    event.UUID
	Node       event.NodeID
	Term       int32 // of the metadata quorum; home only
	Vote       event.NodeID
	Super      journal.Superblock
	Generation uint64     // of the last checkpoint that was durable when this was written (J8)
	Ring       bool       // the journal's first chunk is durable: from now on, a store without chunks has lost them
	Clean      bool       // the last incarnation stopped cleanly
	Shards     int32      // of the broker, so that a start knows before it opens anything; home only, 0 where it was never said
	Set        event.UUID // of a change of Shards, the last one that was begun: it names the directories (SetDirectory); home only
	Moving     int32      // how many shards there will be: a Move is under way, and nobody else may open the shards; 0 for none
}

// Refusal says why a data directory cannot be used, and what to do about it.
type Refusal struct {
	Code event.HaltCode
	Text string
}

// Read is one ordered read of a partition, answered by ReadDone when its bytes are not in memory.
type Read struct {
	TP     event.TP
	From   int64  // the batch that contains this offset is the first
	To     int64  // no batch that reaches beyond this offset is returned (the high watermark)
	Bytes  int64  // stop before exceeding this many
	Whole  bool   // the first batch is returned even if it is larger than Bytes
	Cookie uint64 // the reader's, returned with the answer
}

// ReadDone answers a Read.
type ReadDone struct {
	Read
	// Code is CodeNone, CodeOffsetOutOfRange, CodeKafkaStorageError for what is damaged, CodeUnknownTopicOrPartition, or
	// CodeNotLeaderOrFollower where a truncation overtook the read: ask again.
	Code    event.Code
	Batches [][]byte // whole batches, possibly several to a piece, in order; immutable while Held is
	// Held are the buffers that Batches lie in. The reader counts as a user of each, until it drops them.
	Held []*event.Buffer
}
