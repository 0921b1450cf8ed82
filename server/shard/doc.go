// Package shard runs a broker on a real machine: sockets and disk on one side, the core on the other, and between them a loop
// for each cell.
//
//	client --> connection goroutines (read, frame, decode, CRC) --one batch per read--+
//	                                                                                   v
//	                                     queue of events <-- completions <-- disk loop (server/diskloop)
//	                                           |                                  ^
//	                                           v                                  |
//	                       loop of a cell, one goroutine: Step --> effects -----------+
//	                                           |  ^
//	                                           |  +-- messages of other cells: one batch per pair and turn --> their queues
//	                                           |
//	client <-- writer goroutines (encode, writev) <--one wake-up per turn-- replies
//
// Life of a turn: the loop takes what waits in the queue, completions of the disk first and apart, reads the clock once,
// steps the broker through the events (More is set on all but the last, so that one flush group serves the turn), steps a
// Tick if a deadline has passed, executes the effects of each step as it is done, flushes the disk loop, so that one system call begins all disk
// operations of the turn, hands the other cells what it had to say to them, wakes the writers of the connections it
// answered, and shows its numbers if it has not done so for a while. It turns once a second though nothing happens, so that rest is
// not taken for a stand.
//
// Laws:
//
//	SH-1  Only its loop touches a cell, and nothing it does waits for disk, socket or another goroutine's work.
//	SH-2  Every event of a turn carries the same Now and Wall; Now never goes back, not from the cell that sends a message
//	      to the one that gets it either: they read one clock.
//	SH-3  The frame of a request stays untouched until its reply is encoded. (by construction)
//	SH-4  What a client may hold is bounded: per connection by net/conn's limits, over all by the memory budget, in time
//	      by deadlines for the first request, for rest and for writes, in number by limits for all and for one address. A client that does not read its replies is not read from.
//	SH-5  A broken law ends the process, after the last events and effects were told. (by construction)
//	SH-6  A data directory that is refused over its small files, or because some of its stores are missing, is refused
//	      before any store is opened: nothing in it changes. (by construction)
//	SH-7  The first cell that halts ends all loops, and its reason is the broker's.
//
// What it does not do: it decides nothing about data, and knows no file or protocol field.
//
// Start reading at server.go, then loop.go and crew.go, then connection.go.
package shard
