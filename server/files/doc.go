// Package files is the ground a broker stands on: one data directory, locked against a second process, in which every
// event.File has its place.
//
//	event.File --Path--> DATA/shard-0/journal/00000003 --Acquire--> Handle{FD} --Release--> cache, closed when cold
//	DATA/lock   flock: one process per directory
//
// Life of a file: the core names it by an event.File; the disk loop acquires its handle (opened on first use, kept in a
// bounded cache, O_DIRECT where the file system allows), works on the descriptor, and releases it. A rename or a removal
// forgets the handles below the path; whoever holds one keeps a valid descriptor until its Release.
//
// Laws:
//
//	FS-1  One process uses a data directory at a time: the lock is held from Open to Close and dies with the process.
//	      (by construction)
//	FS-2  A descriptor is closed only when neither the cache nor a user holds it: no write can meet a reused number.
//	      (by construction)
//	FS-3  Parse is the inverse of event.File.Path: a name that no Path yields is unknown, counted and never touched.
//
// The package makes the data directory and the lock file and nothing else; what lies inside is ordered by the core. A
// directory that holds other people's files and no store is refused before the lock is made (foreign.go).
//
// Start reading at dir.go, then cache.go; names.go reads directory entries back, store.go a whole store for who judges it
// offline, mode.go finds out what the file system can do, memory.go allocates what direct I/O needs.
package files
