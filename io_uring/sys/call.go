package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Setup makes a ring and returns its descriptor, which execve closes.
func Setup(entries uint32, p *Params) (fd int, err error) {
	r, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(unsafe.Pointer(p)), 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// Enter hands submit orders to the kernel and waits for least completions. It returns how many orders were taken.
func Enter(fd int, submit, least, flags uint32) (taken int, err error) {
	r, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(fd), uintptr(submit), uintptr(least), uintptr(flags), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// Register gives the ring something to know. What arg points to, and what n counts, opcode says.
func Register(fd int, opcode uint32, arg unsafe.Pointer, n uint32) error {
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(fd), uintptr(opcode), uintptr(arg), uintptr(n), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
