//go:build !invariants && !race

package invariant

// Expensive turns on laws that cost more than O(1) per step: builds with the tag invariants, or with the race detector.
const Expensive = false
