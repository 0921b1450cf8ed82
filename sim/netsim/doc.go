// Package netsim is the network between simulated clients and nodes: connections that carry bytes, late, in pieces, or
// not at all.
//
//	Send --> [waiting: no room] --> [on the wire: segments, each with its time of arrival] --> Receive
//	              back-pressure          in order; split at any byte, and joined
//
// A connection has two directions, each a first-in first-out stream of bytes, as TCP is: nothing is doubled, lost inside
// or reordered inside a connection. What can happen to it:
//
//	close     the closer's bytes still arrive, then the end; the other direction is read by nobody
//	reset     what is on the wire is gone in both directions; each side is told after a delay
//	silence   bytes of one direction, and its end, never arrive, and nobody is told: a half-open connection
//	clog      nothing of a client's arrives before a given time: so a request may be carried out long after its client
//	          gave it up
//	room      the wire holds a bounded number of bytes: a reader who does not read stops the writer
//
// Delays are a minimum and an exponential tail. Every delay and every split is a hash of (seed, connection, direction,
// ordinal), so that removing one connection from a run leaves the others as they were. The package has no clock and no
// queue of events: the caller asks NextArrival and comes back then.
//
// Start reading at conn.go.
package netsim
