// Package ring is a pair of rings in memory that is shared with the kernel: orders go in on one side, outcomes come out
// on the other, and one system call covers as many orders as there are.
//
//	submitter                       kernel                              reaper
//	Push --> [SQE SQE SQE]--Submit--> ... works ... --> [CQE CQE]--------> Reap
//	          tail ^  ^ head                             tail ^  ^ head      ^
//	          ours    the kernel's                 the kernel's  ours        |
//	                                                  |                      |
//	                                               eventfd --> netpoller --> Wait
//
// Life of one order: Push gives the next free place, which the caller fills in; Submit moves the tail and calls
// io_uring_enter once for all that was pushed. The kernel writes the outcome into the completion ring, moves that ring's
// tail and counts the eventfd up. The runtime's netpoller sees that, Wait looks at the ring and returns, and Reap hands out
// every outcome.
//
// Indices only grow and wrap at 2^32; their difference is what is in a ring. Each side stores its own index after the
// entries that it covers and loads the other's before them, atomically: Go's atomics order both.
//
// Laws:
//
//	UR-1  Every order that was submitted comes out of Reap exactly once, also when completions outnumber the completion
//	      ring: the kernel keeps the rest, and Reap fetches it.
//	UR-2  A wait occupies no thread and no processor of the runtime. (by construction)
//	UR-3  Submitting (Push, Submit, TakeBack) is for one goroutine at a time, reaping (Wait, Reap) for one other: the two
//	      share no field that changes. (by construction)
//
// A thread of the process owns what it submitted: should it end, the kernel cancels what it had not begun (ECANCELED). Threads
// of the runtime end only under a goroutine that has locked one and returns without unlocking it.
//
// What it does not do: it knows no operation, keeps no memory alive and retries nothing. Who closes a ring has nothing in
// flight.
//
// Start reading at ring.go, then submit.go and reap.go.
package ring
