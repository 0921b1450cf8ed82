// Package loop is the fast disk loop: it executes the core's reads, writes and file syncs over a ring shared with the
// kernel, and hands everything else to a portable loop. Its contract is that of server/posix, laws IO-1 to IO-5 included.
//
//	                    file open, memory aligned
//	Effect --Submit--> operation --> place --> [ring] --Flush: one system call for all--> kernel
//	   |                  ^ |                                                               |
//	   | all else         | +-- waits while every place is taken                         eventfd
//	   v                  |                                                                 v
//	portable loop         +----- goes on: short, interrupted, still to be synced ------- reaper --> done(Event)
//
// Life of one durable write: Submit finds the descriptor among the open ones, takes a place, pins the bytes and pushes an
// order with RWF_DSYNC. Flush, at the end of the turn, hands the kernel all orders of the turn at once. The outcome is read by
// the next Flush, or by the reaper, which is parked in the netpoller meanwhile: whoever comes first. A short write goes on behind its last whole block; the last outcome gives
// place and descriptor back and calls done with the IODone event. Where the file system has no RWF_DSYNC, an
// fdatasync follows the write in the same place.
//
// The ring never opens a file, never copies and never waits: a file that is not open, memory that is not aligned and an
// empty range are the portable loop's. The next operation on that file finds it open.
//
// Laws, beside those of server/posix:
//
//	UL-1  A place holds one operation, and an operation has at most one order in flight: neither ring can overflow. The last
//	      places are kept for durable writes, so that a flush does not wait behind reads and write-behind.
//	UL-2  A completion belongs to an operation in flight.
//	UL-3  Memory and descriptor of an operation stay until its last completion, also at Close. (by construction)
//	UL-4  If the kernel stops taking orders, what it did not take is executed by the portable loop, from the start.
//
// What it does not do: it decides nothing, orders nothing, retries nothing but EINTR, EAGAIN and ECANCELED (not begun),
// and opens, names and removes no file.
//
// Start reading at loop.go, then operation.go and reap.go. docs/adr has the measurements behind it.
package loop
