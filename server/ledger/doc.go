// Package ledger is clients that keep books: they produce, note every acknowledgement, and later demand that the log holds
// what it said. Only tests use it: those that kill the broker, and those that cut its power.
//
//	client 0, 1, ... --0 1 2 3 4 ...--> each partition --> log
//	   ^ acknowledged at offset                             |
//	   +---------------------- Check <-- every record, from the start
//
// Life of a record: client c sends number n to partition p, as text that no other record has, followed by a filler that
// both determine. The producer is idempotent, wants every acknowledgement and tries for ever. Once acknowledged, the
// record must lie where the acknowledgement said, once, behind number n-1 of the same client, in every later read.
//
// A record that is not acknowledged yet may be there or not, but once, and in order.
//
// It reports what it finds as a Verdict and fails no test by itself: a rig that shall be shown to bite needs a verdict
// that is not sound.
//
// Start reading at ledger.go, then check.go.
package ledger
