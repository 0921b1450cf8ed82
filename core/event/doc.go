// Package event is the vocabulary of the core: the facts that go in, the orders that come out, and the names both use.
//
//	       facts                                   orders
//	requests, disk completions,            disk operations, replies,
//	ticks, machine messages                machine messages, halt
//	         |                                      ^
//	         v                                      |
//	      Event ----> machine.Step(ev, out) ----> Buf of Effect
//
// An Event is a fact, named by a noun or a past participle (Produce, IODone, Tick), and carries the time at which the
// shell saw it. An Effect is an order, named by a verb (WriteFile, Reply). Effects are built only through the methods of
// Buf, in the order in which they were decided; that list is at once the work of the shell and the trace of the run.
//
// Laws of the exchange:
//
//	V-1  Every disk effect has its own IOID and completes by exactly one IODone event that carries it.
//	V-2  The shell promises no order between effects. A machine never has two overlapping or order-dependent
//	     operations of one file outstanding.
//	V-3  Bytes of an Event are borrowed for the Step, unless its documentation says that they are handed over.
//	     (by construction)
//	V-4  Bytes of an Effect do not change until the completion (disk), or until the reply is sent: for ever, unless they lie in
//	     a buffer that is given back then.
//	V-5  A Reply answers a Ticket exactly once.
//	V-6  A buffer has users until its one Release: afterwards nobody looks at its bytes, and nobody gives it back.
//	V-7  Messages from one cell to another arrive in the order in which they were sent, each once; between different pairs
//	     of cells there is no order. (by construction)
//
// Nothing else knows how effects are stored. The package imports nothing but the standard library's pure part.
//
// Start reading at event.go, then effect.go, then file.go; requests.go and messages.go are the bodies.
package event
