// Package store is one machine's data directory as a machine of file effects: a journal that makes things durable, the
// segments that keep them, two checkpoints that say how far, and the hard state. It decides every file operation and
// executes none, so a simulator can crash the real recovery code at every one of them.
//
//	Append, EpochStart, Truncate, ...        Read, FindTimestamp
//	        |                                     ^
//	        v            durable                  |
//	  journal frame ---- prefix ----> flushed     +--- tail (memory): all that is not in a segment, and some more
//	        |                            |        |
//	        |  copied once: the frame's  |        +--- segments: verified batch by batch
//	        |  bytes are the tail        v
//	        |                      write-behind: full blocks, large chunks, one operation of a file at a time
//	        |                            |
//	        |     checkpoint: partial blocks too -> SyncFs -> copy -> sidecar -> hard state
//	        +<--------- Reuse ---------------------------------------------+
//
// Life of a batch: Append copies it into the open flush group and books it; EndTurn submits the group; its completion
// moves the flushed end (flush.go); write-behind brings it to its segment (writebehind.go); a checkpoint covers it, and the
// journal forgets it (checkpoint.go). A reader gets it from memory, or from the segment with its checksum verified.
//
// Life of a directory (open.go): list and read the small files; judge them (refuse.go): format, refuse, or go on; let the
// journal judge its ring; replay its frames over the checkpoint (replay.go); compare the folders with the books and make
// all that was read durable (recover.go), because a kill leaves what a power cut would take; write everything behind,
// checkpoint it, and only then begin a fresh incarnation of the journal: the old frames are dead from there on, and two new
// ones prove to the next start that this ring is the right one (bound.go). Nothing counts before. A crash anywhere in
// between begins again, from the same frames.
//
// What is promised of checkpoints: the image of generation g covers frames up to its point, and the journal reuses them
// as soon as it is durable. So a torn write of a copy costs nothing: the older one is still continued by the journal. If
// the newer copy rots later, the older one is used where the journal happens to have every frame from its point on;
// otherwise the store halts and says so, and never starts from less.
//
// A partial block: segments are written in blocks of 4 KiB. The last, partial one goes to the file, padded, when a
// checkpoint wants it. The next append to it first journals the bytes that are in it (EntryPrefix), because the block will
// be rewritten and a torn rewrite takes all of it. After a crash it is written again from memory.
//
// A large batch, or a run of small ones that come fast (run.go), takes another way (direct.go): its whole blocks go straight to its segment, durably, while its ends and a
// descriptor go through the journal; the frame counts when both are there. It is written once, not twice. Until a checkpoint covers the
// entry, these blocks are written by nobody else (extent.go), and taken away only when a recovery is sure to know that they may be
// (proof.go); recovery reads them before it replays (direct_recover.go).
//
// Damage: what the journal lost below its durable bound, what a segment lacks, or what cannot be read after three tries is
// a range of offsets with a reason. The partition is served below it, and takes no appends.
//
// Laws (invariant.Violated):
//
//	S-1   Bytes of a log that are not in its segment are in memory.
//	S-2   Beside direct writes, which touch no block that anything else touches, one operation of a segment's file is under way
//	      at a time; cuts and removals wait for all; reads keep clear of the blocks that are written. (judged in simulation)
//	S-3   A block that is partially in its file is rewritten only while the journal holds its prefix (J4).
//	S-4   written <= durable <= size, for each segment (expensive).
//	S-5   Frames are freed only by a checkpoint that is durable (J6).
//	S-6   Flushed ends move by contiguous prefix of the journal only. (judged in simulation)
//	S-7   Nothing is staged before the store is Ready, or after it stops.
//	S-8   A damaged partition takes no appends.
//	S-9   Every completion belongs to an operation of this store.
//	S-10  A truncation does not cut below the log start.
//	S-11  The sum of unwritten bytes, by which produce is held back, is right (expensive).
//	S-12  The frame that a checkpoint waits for has room in the ring: control entries that nobody waits for leave it.
//	S-13  A log start moves at most to the end of what was durable.
//	S-14  A direct write begins behind every byte that was submitted to its file.
//	S-15  Batches are appended whose own checksum is right: the one of their entry is made from it (expensive).
//	S-16  A set of shards is moved only from stores that stopped cleanly, and whose partitions lay where they belong.
//	S-17  Nothing of the old set is changed before the record of the move is durable, and no folder of it is removed before
//	      what was carried out of it is.
//	S-18  An index file speaks of durable bytes only.
//	S-19  Nothing is staged for a partition, and no image is taken of it, while batches of it gather that are in no frame.
//
// What the disk says never trips them: it is an answer, a Damage or a Refusal.
//
// The beginning of a log (trim.go): an entry says where it is; once that is durable the books follow, and then the files
// below it go, index first. Damage below the beginning is forgotten.
//
// Another number of shards (move.go): a Move deals the final checkpoints of one set of stores out to another, and carries the
// folders of partitions over. Home's hard state says which set counts.
//
// What it does not do: it knows no leader, no high watermark beyond what it is told, and no records inside a batch; it
// does not decide what goes, nor compact or repair; it does not halt the broker, its owner does that when State is Refused or Failed.
//
// Start reading at api.go, then store.go, append.go, run.go, writebehind.go, checkpoint.go, trim.go; open.go and recover.go are the way back.
package store
