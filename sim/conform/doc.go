// Package conform holds no code but tests: one suite that every disk loop passes. What core/event says of the disk verbs
// is a table here, run against the simulated disk and against the real ones, so that a broker meets the same answers
// in both worlds. Histories drawn at random are run on two loops side by side as well.
//
// Durability is not tested here: a real power cut is out of reach. sim/disk says what it means.
package conform
