package journal

import "github.com/highwater-log/highwater/core/event"

// Config is what a journal is told about its world.
type Config struct {
	Store     event.Machine                // whose chunk files these are
	ChunkSize int64                        // bytes of one chunk file, a multiple of BlockSize
	MaxChunks int                          // the ring never has more
	MaxFrame  int                          // bytes of one frame at most, header and directory included; at most ChunkSize
	InFlight  int                          // frames submitted and not yet complete at most (W of J1)
	Writing   int                          // of these, how many are being written at a time at most; the rest waits for its riders
	Reserve   int64                        // bytes of the ring that only control entries may use (J6)
	SealAfter event.Time                   // how long an idle journal waits before it seals its last acked frames (J2)
	Alloc     func(size int) *event.Buffer // aligned memory of at least size bytes, whatever is in it
	NextIO    func() event.IOID            // a fresh operation id of the store's machine
}

// Superblock is the journal's part of the hard state (J1, J7): the store keeps it in two slots and writes it durably.
type Superblock struct {
	Secret      [16]byte // keys every frame checksum of this directory, drawn once
	Incarnation uint64   // frames of other incarnations are dead
	First       uint64   // sequence number of the incarnation's first frame
	Durable     uint64   // every frame with a lower sequence number was durable when this was written (D); above First, D's own frame too
}

// EntryKind says what one directory entry records.
type EntryKind uint8

// Kinds of directory entries. Append, Prefix and Direct have a payload in the frame's body; the others are control entries.
const (
	EntryAppend     EntryKind = iota + 1 // batches [Base, End) of Epoch: payload
	EntryPrefix                          // bytes of the segment Base from its byte Pos on, that are about to be rewritten (J4): payload
	EntryCreate                          // the partition exists; Base is its first offset
	EntryEpochStart                      // Epoch begins at Base (R3)
	EntryTruncate                        // the log was cut to Base; Epoch is the cutter's, Pos the new log generation (J5)
	EntryLogStart                        // the log begins at Base
	EntryHighWater                       // the high watermark Base was known (R7)
	EntryRoll                            // a segment begins at Base
	EntryDelete                          // the partition is deleted (J8, D10)
	EntrySeal                            // nothing; carries D forward (J2)
	EntryDirect                          // batches [Base, End) of Epoch, at byte Pos of a segment, most of them there: payload
)

// Entry is one line of a frame's directory: what happened to one partition.
type Entry struct {
	Kind  EntryKind
	TP    event.TP
	Epoch int32
	Base  int64
	End   int64
	Pos   int64
	Len   int32  // bytes of payload
	CRC   uint32 // CRC-32C of the payload
}

// Frame is one recovered flush group.
type Frame struct {
	Seq     uint64
	Entries []Entry
	Payload [][]byte // aligned with Entries; nil for control entries; views of the chunk's memory, immutable
}

// Damage is one directory entry below D whose payload is gone or rotten: acknowledged data that this disk lost.
type Damage struct {
	Seq   uint64
	Entry Entry
	Why   string
}

// Recovery is the verdict over a ring (J1). It is a pure function of the superblock and the chunks' bytes.
type Recovery struct {
	Frames  []Frame  // the incarnation's valid frames from the sequence number asked for, in order, without gaps at or above D
	Damage  []Damage // corruption below D, by range (J3); a damaged entry is also absent from Frames
	Next    uint64   // sequence number for the next incarnation's first frame: above every frame ever seen
	Durable uint64   // D
	Torn    bool     // a tail at or above D was cut
	// Lost is not empty where frames below D are gone together with both copies of their directory: every
	// partition of the store is tail-suspect, and Lost says what was missing.
	Lost string
	// Unread are the blocks of the ring that the disk refused to give. They are to be written before the next incarnation
	// begins: one behind its last frame would look like a frame that is gone.
	Unread []Hole
}

// Hole is a part of a chunk.
type Hole struct {
	Chunk int64
	Span
}
