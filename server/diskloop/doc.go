// Package diskloop chooses the loop that executes a broker's disk effects, and puts it together.
//
//	disk.loop=auto ----> trial: a ring, and through it one durable write and one read in the data directory
//	                        |  it works                       |  it does not, because WHY
//	                        v                                 v
//	          io_uring/loop + server/posix for the rest    server/posix, and WHY is told once
//
// Life of a choice: Open tries what is asked for on the directory itself, because what a kernel accepts on one file system
// fails on another, and what it has a container may forbid. disk.loop=io_uring makes WHY an error; disk.loop=posix tries
// nothing. After that there is no way back: a ring that fails later hands its work to the portable loop (UL-4).
//
// Laws:
//
//	DL-1  io_uring is used only where a durable write and a read through it have just worked in this very directory.
//	      Where it is not used although it was wanted, the reason is told.
//
// What it does not do: it executes nothing itself. That both loops give the same answers is shown in sim/conform.
//
// Start reading at open.go; why.go has the reasons in words.
package diskloop
