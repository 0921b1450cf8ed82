// Package posix is the portable disk loop: it executes the core's disk effects with plain system calls on a few
// goroutines, each of which blocks in one call at a time, and tells every completion as an event.
//
//	                     +--> flush lane: durable writes, but of segments      --+
//	Effect --Submit--> route  work lane: reads, other writes, names, SyncFile,   +--> done(Event)
//	                     |               AllocateFile of segments               |
//	                     +--> slow lane: other AllocateFile, RemoveFile         --+
//	                     +--> sync lane: SyncFs, all that wait in one           --+
//
// Life of one write: Submit copies the effect into its lane; a worker acquires the file's descriptor, writes all of it
// through short writes and interruptions, makes it durable if it is asked to, and calls done with the IODone event that
// carries the effect's IOID. done is called from many goroutines.
//
// Laws:
//
//	IO-1  Every submitted effect completes exactly once, also when the loop is closed.
//	IO-2  No order is promised between effects, only that a completion follows what it tells. (by construction)
//	IO-3  A durable write that completed with StatusOK survives a power cut; so does all that SyncFile, SyncDir and
//	      SyncFs cover. An error is told as it is, never tried again: what a failed flush left behind is unknown (D6).
//	      (by construction)
//	IO-4  A flush never waits behind zeroing, a file-system sync or a removal: those have a lane of their own.
//	      (by construction)
//	IO-5  Offsets, lengths and sizes that the contract wants in whole blocks are; anything else is a bug of the core.
//	IO-6  A file-system sync completes what was submitted before it began, and nothing else.
//
// What it does not do: it decides nothing, orders nothing, retries nothing but EINTR and EAGAIN, and keeps no data.
//
// Start reading at loop.go, then execute.go.
package posix
