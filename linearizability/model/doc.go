// Package model cross-checks histories by search: porcupine looks for one order of all operations that fits real time and
// a sequential log. The direct checks of the check package are complete for logs and run on everything; this one shares
// no reasoning with them and runs on windows, because its cost is exponential in concurrency.
//
//	log state: (tail, chain)       chain = hash of every value below the tail, in order
//	append(values) -> offset       legal iff offset = tail; then tail += n, chain = hash(chain, values)
//	latest() -> offset             legal iff offset = tail
//	read from start to the tail -> (tail, chain)
//
// The state is two words, so that porcupine's cache works. A window is the part of a log between two offsets: leaving out
// whole appends below and above it, and reads of other tails, only removes constraints, so a window of a legal history is
// legal. Appends whose outcome was unknown are resolved from the final log: absent ones drop out, present ones may take
// effect until the end of the history.
//
// A verdict of Unknown (out of time) is never a pass: it is counted.
package model
