// Package shrink makes a failing plan small: the fewest operations and faults that still end in the same verdict.
//
//	failing plan --> twice? --> faults --> operations --> sizes --> shape --> one by one --> minimal plan
//	                  |            \___________\____________\________\__________/
//	                  |                 a candidate is kept iff it fails the same way
//	                  +-- refused if two runs of the plan differ
//
// "The same way" is the same oracle and the same message with its numbers left out: a shrinker that takes any failure
// wanders to another bug. Because a plan's lines do not depend on each other's draws, taking one away moves nothing else;
// a fault that waits for one that is gone simply never fires, and is taken away next.
//
// Deletion is delta debugging (Zeller and Hildebrandt, 2002) over lines: halves first, then ever smaller parts, then a
// pass over single lines until none can go. What it does not do: change the seed, or search for a shorter run of its own.
package shrink
