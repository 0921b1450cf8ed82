// Package wait is the purgatory: requests that cannot be answered yet, each until its conditions hold, its deadline
// passes or its connection closes.
//
//	Park(ticket, deadline, payload, needs)
//	    |
//	    v              partition a: (offset 10, req 1) (offset 12, req 3)        <- Reach(a, 11): req 1's need is met
//	  Room[T]          partition b: (offset 40, req 1)                           <- Fail(b): req 1's need will never be
//	    |              deadlines:   (3ms, req 2) (8ms, req 1) (never, req 3)     <- Expire(now)
//	    |              connections: c7: req 1, req 2                             <- Drop(c7)
//	    v
//	Met (one need)  or  Left (the whole request): the owner answers
//
// A need is "partition p is committed up to offset x". A produce request with acks=all has one per partition. A request
// without needs waits to be told: a long poll, a join, a topic that is being created; Take ends it.
//
// The life of an acks=all produce: its owner appends the batches, parks the request with the offsets behind them, and
// on every move of a high watermark calls Reach. Each Met names one need whose result the owner fills in; the one with
// Last set was the request's final need: it has left the room, and is answered. At the deadline Expire gives it back
// with the needs that are still unmet, which are answered as timed out.
//
// Laws:
//
//	W-1  A ticket is parked at most once at a time, and leaves exactly once.
//	W-2  What comes out of one call comes out in the order of parking; deadlines come out by time first.
//	     (by construction)
//	W-3  A need is met, failed, or named as unmet when its request leaves: one of these, once.
//
// It sends nothing, knows no clock, and does not look at the payload.
package wait
