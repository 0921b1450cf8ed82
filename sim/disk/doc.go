// Package disk is the disk of one simulated node: what a broker wrote, what would survive a power cut, and every state
// in between.
//
//	effect ---Submit---> pending ---Complete---> volatile image  -- what reads see, what a kill leaves
//	                        |                        |
//	                        |                     sync / durable write
//	                        |                        v
//	                        +------PowerCut----> durable image   -- what every power cut leaves
//	                          (torn, in part)    + some of the rest: any sector old, new or between
//
// The disk never decides when something happens: the caller submits effects and completes them in any order, at any
// time. It decides nothing by chance either: a power cut carries a seed, and each sector's fate is a hash of the seed,
// the file and the place. Removing one fault from a plan leaves the other draws as they were.
//
// What is durable, and from when on:
//
//	write            in the volatile image at completion; each sector is lost, kept, or stuck at a version in between
//	durable write    exactly its range survives, from completion on, and a size of the file that reaches it; its entry does not
//	SyncFile         content and size, as they were when the sync was submitted
//	SyncDir          the entries of the directory and of its parents, likewise
//	SyncFs           all of this for every file, likewise
//	create, rename, remove   a power cut keeps any prefix of what was done in a directory since its last sync; the files of a
//	                         folder are removed in no order that anybody promises
//	truncate, growth         a power cut leaves any size that the file had since its last sync, or some whole blocks of a
//	                         growth; bytes follow their own fate
//
// A power cut may also shear sectors that were about to change: they hold garbage then. What no write was touching is
// never harmed.
//
// A kill ends the process only: what is in the volatile image stays, volatile as it is. Operations in flight may have
// happened, or not, or (writes, removals of directories) in part.
//
// Laws that the disk holds its user to:
//
//	V-1  every operation has an id of its own
//	V-2  no two operations in flight overlap or depend on each other's order
//	V-4  the bytes of a write stay as they are until its completion
//	IO-5 offsets, lengths and allocations are whole blocks
//
// sim/conform holds all of this to ext4 and XFS on a device whose power is cut.
//
// A partition's folder that is renamed into another store is there or here after a power cut, and such renames keep their order
// with everything that happened to any directory before them. No other file leaves its directory.
//
// Damage (damage.go) changes every version of a block at once: it is there whatever crashes, until the block is overwritten. A sync
// may fail and forget (FailSync). Parts of the directory may be copied and put back (part.go).
//
// Not modelled: disks that lie about syncs.
//
// Start reading at disk.go, then crash.go.
package disk
