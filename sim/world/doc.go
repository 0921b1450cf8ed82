// Package world runs a plan: nodes with their disks, clients with their connections, one clock, one goroutine.
//
//	           +------------------------- World ---------------------------+
//	plan ----> |  queue: what is due, by (time, drawn tie-break, number)    | ----> Result: digest, history, verdict
//	           |     |                                                      |
//	           |     v                                                      |
//	           |  client --bytes--> netsim --bytes--> node                  |
//	           |                                       | net/conn, server/api
//	           |                                       v                    |
//	           |             inbox of a cell --turn--> core/broker, a cell  |
//	           |                ^    ^                     | effects        |
//	           |                |    +------ sim/disk <----+--> replies     |
//	           |                +-- messages of other cells <---+           |
//	           +-----------------------------------------------------------+
//
// A node runs the very code of the server: net/conn cuts frames, server/api decodes and encodes, core/broker decides. The
// world is its shell. Each cell of the broker has an inbox, turns and a timer of its own, as if a thread ran it: the world
// reads the clock once per turn, says More while the turn has events left, executes effects, delivers completions in any
// order, and ticks when NextDeadline says so, or a little later. A message to another cell arrives after a drawn time, and
// after everything that was sent there before.
//
// Life of a run, by phases:
//
//	chaos   clients work, faults strike
//	heal    no more faults; nodes that are down come up; clients finish (or the run is not live)
//	stop    a clean stop, and then a power cut that keeps nothing: a clean stop leaves nothing volatile
//	read    a restart, and everything is read back
//
// Life of a crash: the fault's trigger says at which boundary; what the node was about to do is not done; the disk keeps
// what a kill or a power cut leaves; connections end, or fall silent; after a while the node is started again with
// nothing but its disk.
//
// Judges hang on Hooks, and end the run by Fail. The world itself judges: broken invariants (a panic of the core is the
// verdict), answers no broker may give, liveness, halts, and O9: what a produce answer acknowledges is in the durable
// image of the disk when the answer leaves.
//
// Everything random is a hash of the plan's seed and of what it is drawn for. A run reads no clock, no environment and
// iterates over no map: the same plan gives the same digest, always.
//
// Start reading at world.go, then node.go, cell.go and step.go.
package world
