// Package log keeps the books of one partition's log: which offsets exist, in which segment and at which byte they lie,
// and which leader epoch wrote them. It holds no record bytes and touches no file; core/store does both.
//
//	          start                    flushed        end
//	            v                         v            v
//	segments  [ 0 ......... 71 ][ 72 ........ 130 ][ 131 ... )      the last one is active, the others are sealed
//	epochs      (0, 0)    (3, 40)      (4, 90)        (7, 131)      epoch, and the first offset that it owns
//	index       . . . . . . . . . . . . . . . . . . .               every few KiB: offset -> byte, with a running
//	                                                                maximum of timestamps
//
// Life of a batch: NeedsRoll is asked, Roll begins a segment if so; Append moves the end; Flush moves the flushed end
// when the store learns that the batch is durable; Locate finds it for a reader; Truncate may take it back; Retire says
// that it may go, Advance moves the start over it, and its segment leaves with the last batch that is there.
//
// Laws (checked always):
//
//	L-1  start <= flushed <= end. The start only grows.
//	L-2  An append begins at the end and is not empty.
//	L-3  Epochs and their starts both grow strictly along the cache, and no batch has an epoch below the last.
//	L-4  The flushed end only grows, except by truncation.
//	L-5  A truncation does not cut below the log start.
//	L-6  Segments are in offset order; only the last may be empty; an empty segment is never rolled.
//
// What a checkpoint or a journal says is checked before it comes here: Decode answers with an error, it never trips a law.
//
// Start reading at log.go, then epochs.go (KIP-101, KIP-279) and index.go; start.go and retention.go are the end of a batch's life.
package log
