// Package check judges a history directly, in O(n log n), because a log tells its own order: the offset.
//
//	history.Op ... --by partition--> log: offset -> value --+--> bindings    one value per offset, one offset per value
//	                                                        +--> order       later calls get later offsets
//	                                                        +--> reads       contiguous, below the watermark, never back
//	                                                        +--> start       told ones never go back, nobody goes too far
//	                                                        +--> final       every acknowledged value is still there
//
// Laws, each with the id that a verdict names:
//
//	O1   acked-durability   an acknowledged value is in the final log, at its offset
//	O2   real-time order    if B was called after A had returned, B's offset is above A's; a latest offset told to a
//	                        client is at least the end of everything acknowledged before it asked
//	O5   binding            an offset has one value for ever
//	O11  idempotence        a value of an idempotent producer has one offset, and its values keep their order; a
//	                        definite failure is never seen
//	O14  fetch              records start at the offset asked for, have no gap, lie below the watermark told with them;
//	                        the watermark never goes back in real time; no record that nobody wrote
//	O15  log start          a start that was told never goes back, and nothing below it is shown again; it goes no further
//	                        than somebody asked for, unless a policy lets the log forget; never above the watermark
//	O24  reference          the final log is exactly what acknowledgements and reads said, without a hole
//
// A partition is (topic id, partition): a re-created topic is another log. What the package does not do: judge
// consumer groups or transactions, or search; the model package does that on small windows.
//
// Start at check.go.
package check
