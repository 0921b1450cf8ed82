// Package controller decides what the cluster should be: it turns requests into metadata records.
//
//	request ----> Controller ----> records ----> metadata log ----> commit ----> Image
//	                  ^     \----> answer  (held back until the records are committed)
//	                  |
//	                Image: everything committed, and what was decided before in the same batch
//
// It is a set of functions over an immutable image: it keeps no state of its own, so that a decision is a function of
// the committed log, the request and the dice. The caller (core/broker's home machine) has one batch of decisions in
// flight at a time, applies each decision to a draft before it asks for the next, and answers nobody before the batch
// is committed.
//
// Laws:
//
//	C-1  Records that a decision yields fit the image that it was decided on (M-3 accepts them).
//	C-2  A topic id is never zero, never reserved, and never given twice.
//	C-3  A registration bumps the leader epoch of every partition that the broker leads, before anybody is told of it
//	     (R16); registering the same incarnation again changes nothing.
//	C-4  Blocks of producer ids never overlap.
//	C-5  No record takes a partition of a topic away. (by construction)
//	C-6  The configurations of one resource change by one request wholly or not at all, and only to values that a topic
//	     could be created with.
//
// What it does not do: write, commit, wait, or know the time. Reassignment, elections among several brokers and the
// in-sync set's changes join it with the cluster.
//
// Start reading at controller.go, then create.go.
package controller
