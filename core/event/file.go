package event

import (
	"fmt"
	"strconv"
)

// BlockSize is the unit of alignment of every file write and read, in bytes (except the exact length at which a
// segment is cut by TruncateFile). SectorSize is what a disk writes atomically, at best.
const (
	BlockSize  = 4096
	SectorSize = 512
)

// FileKind says what a file holds.
type FileKind uint8

// The kinds of files and directories below a data directory. Path gives each its place.
const (
	FileNone       FileKind = iota
	FileHardState           // two slots of one block: superblock, term and vote (J7)
	FileChunk               // one chunk of a journal ring (Base = chunk number)
	FileCheckpoint          // one of two alternating checkpoint copies (Base = 0 or 1)
	FileSidecar             // identity and generation beside the segments (J8), two slots
	FileSegment             // record batches from offset Base on, nothing else
	FileIndex               // sparse offset and time index of the segment Base
	DirPartition            // the folder of a partition's segments
	DirTombstone            // a partition's folder after its deletion was made durable (D10)
	DirStore                // the folder of a store: hard state and checkpoints
	DirJournal              // the folder of a store's chunks
	DirTopics               // the folder that holds every partition folder
)

// File names a file or directory below a data directory without spelling its path. Fields that a kind does not use are
// zero. Store is the machine whose files they are: home's metadata store or one shard's.
type File struct {
	Kind      FileKind
	Store     Machine
	Topic     UUID
	Partition int32
	Base      int64
}

// TP is the partition that a segment, an index or a partition folder belongs to.
func (f File) TP() TP { return TP{Topic: f.Topic, Partition: f.Partition} }

// IsDir reports whether f names a directory.
func (f File) IsDir() bool { return f.Kind >= DirPartition }

// Dir is the directory that holds f's entry: what SyncDir must be asked for to make a create, rename or remove of f
// durable. The shell creates missing parents with a file, and SyncDir covers the parents up to the data directory.
func (f File) Dir() File {
	switch f.Kind {
	case FileHardState, FileCheckpoint, DirJournal, DirTopics:
		return File{Kind: DirStore, Store: f.Store}
	case FileChunk:
		return File{Kind: DirJournal, Store: f.Store}
	case FileSegment, FileIndex:
		return File{Kind: DirPartition, Store: f.Store, Topic: f.Topic, Partition: f.Partition}
	case FileSidecar, DirPartition, DirTombstone:
		return File{Kind: DirTopics, Store: f.Store}
	}
	return File{}
}

// Path renders f relative to the data directory, with forward slashes:
//
//	shard-0/hard-state            shard-0/checkpoint-0        shard-0/journal/00000003
//	shard-0/topics/identity       shard-0/topics/<topic id>-<partition>/00000000000000000042.log  (.index)
//
// and home/... for the metadata store.
func (f File) Path() string {
	root := "home"
	if f.Store.Role == RoleShard {
		root = "shard-" + strconv.Itoa(int(f.Store.Index))
	}
	switch f.Kind {
	case FileHardState:
		return root + "/hard-state"
	case FileChunk:
		return fmt.Sprintf("%s/journal/%08d", root, f.Base)
	case FileCheckpoint:
		return root + "/checkpoint-" + strconv.FormatInt(f.Base, 10)
	case FileSidecar:
		return root + "/topics/identity"
	case FileSegment:
		return fmt.Sprintf("%s/topics/%s-%d/%020d.log", root, f.Topic, f.Partition, f.Base)
	case FileIndex:
		return fmt.Sprintf("%s/topics/%s-%d/%020d.index", root, f.Topic, f.Partition, f.Base)
	case DirPartition:
		return fmt.Sprintf("%s/topics/%s-%d", root, f.Topic, f.Partition)
	case DirTombstone:
		return fmt.Sprintf("%s/topics/%s-%d.deleted", root, f.Topic, f.Partition)
	case DirStore:
		return root
	case DirJournal:
		return root + "/journal"
	case DirTopics:
		return root + "/topics"
	}
	return ""
}

// FileInfo is one entry of a listed directory. Entries whose names no Path yields are reported with Kind FileNone and
// their count, never touched.
type FileInfo struct {
	File File
	Size int64 // bytes; 0 for directories
}
