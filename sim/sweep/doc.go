// Package sweep runs many worlds: all seeds of a range over the processor's cores, or one small world once for every place
// where its node can crash.
//
//	seeds --> worker --plan--> world + judges --> Result --+
//	      \-> worker -------------------------> Result ----+--> in order of seeds --> Stats, failures, probes
//
// Worlds share nothing, so workers share nothing but the counter of seeds. Results are handed on in the order of their
// seeds: what a sweep prints does not depend on how many cores it had.
//
// Start at sweep.go; enumerate.go is the exhaustive form.
package sweep
