// Package process runs the real binary as a child process. Only tests use it: those that must see the exit code, what a
// person is told, and what a SIGKILL leaves behind.
//
//	Build --> highwater --+-- Run:    a command, to its end: exit code, both outputs, how long it took
//	                      +-- Broker: serve, until it answers; then Kill or Stop, and Start again on the same directory
//
// Life of a broker: New chooses a free address, Start waits until a request is answered that needs a recovered broker,
// Kill or Stop end it. What it said is shown if the test fails, and nothing of it outlives the test.
//
// What it does not do: it speaks no protocol but one empty Metadata request; clients belong to the tests.
package process
