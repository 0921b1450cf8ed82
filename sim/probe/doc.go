// Package probe is the register of reach probes: the names of all rare branches of the core, and of rare moments of simulated
// worlds, in one sorted list.
//
//	out.Hit("store/gap")         in core/                \
//	w.hit("world/crash-in-stop") in sim/world            / --source, by a test--> Names --minus Reached--> Cold
//
// A branch that no sweep reaches is not tested, whatever the sweep says. So a sweep names what it did not reach, and can be told
// to fail for it (sim sweep --no-cold). What one broker cannot reach under any fault of the simulator is Explained: it says why,
// and may be cold.
//
// names.go is written from the source: go test ./sim/probe -update.
package probe
