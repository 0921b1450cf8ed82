// Package fault holds plans: everything about a simulated run that was chosen, as text that can be read, edited, cut down
// and run again.
//
//	seed --Generate--> Plan --Write--> lines of JSON --Read--> Plan --world.Run--> digest, history, verdict
//	                     |                                       ^
//	                     +---- the shrinker deletes lines -------+
//
// Choosing and doing are two steps with the plan between them: running a plan generates nothing, so that a plan survives
// changes of the generator, and a line that is taken away moves nothing else. What a run still draws (delays, sectors,
// tie-breaks) it draws by key from the seed in the header.
//
// The lines of a plan:
//
//	{"line":"header", ...}   format, seed, profile, label, topics, clients, sizes, delays
//	{"line":"op", ...}       one operation of one client, in its order
//	{"line":"fault", ...}    what goes wrong, and when
//	{"line":"verdict", ...}  how the run ended, once it was run
//
// A fault is triggered by meaning, not by time: "on node 0, before the 3rd durable write reaches the disk". If that does
// not come about before the world's event number Event, it fires there. A fault that never fires is stale, and a run
// says so.
//
// Families of faults are drawn from streams of their own, each behind its own switch: a family that is off draws nothing.
//
// Start reading at plan.go, then trigger.go, then generate.go.
package fault
