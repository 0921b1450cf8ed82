// Package sys is what the kernel's io_uring interface is made of: numbers, memory layouts and three system calls.
//
//	io_uring_setup(entries, *Params)  -> descriptor, and in Params where the rings lie in its memory
//	io_uring_enter(fd, submit, wait)  -> how many submissions the kernel took
//	io_uring_register(fd, opcode)     -> eventfd, probe, fixed files and buffers
//
//	SQE 64 bytes: one order        CQE 16 bytes: one outcome        Probe: which orders this kernel knows
//
// Life of a number: it stands in the kernel's include/uapi/linux/io_uring.h, is written down here under the name it has
// there, and every layout is held to its size and offsets when the package is compiled. All are the same on every
// architecture; byte order is the machine's.
//
// What it does not do: it keeps no state, and knows nothing of rings: io_uring/ring does. Only what that and io_uring/loop use
// is here.
//
// Start reading at layout.go.
package sys
