package device

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// attachAtMost bounds the attempts to get a loop device: others may take the one that was found free.
const attachAtMost = 50

// attach makes a loop device over the file at path. It goes by itself when the last who holds it lets go: the descriptor
// returned, or a mount.
func attach(path string) (name string, fd int, err error) {
	file, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", -1, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { _ = unix.Close(file) }() // the loop device holds it now
	control, err := unix.Open("/dev/loop-control", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", -1, fmt.Errorf("open /dev/loop-control: %w", err)
	}
	defer func() { _ = unix.Close(control) }() // nothing was written
	config := &unix.LoopConfig{Fd: uint32(file), Size: Sector}
	config.Info.Flags = unix.LO_FLAGS_AUTOCLEAR | unix.LO_FLAGS_DIRECT_IO
	copy(config.Info.File_name[:], path)
	for range attachAtMost {
		n, err := unix.IoctlRetInt(control, unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return "", -1, fmt.Errorf("find a free loop device: %w", err)
		}
		name = fmt.Sprintf("/dev/loop%d", n)
		if fd, err = unix.Open(name, unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return "", -1, fmt.Errorf("open %s: %w", name, err)
		}
		err = unix.IoctlLoopConfigure(fd, config)
		if err == nil {
			return name, fd, nil
		}
		_ = unix.Close(fd) // it is somebody else's
		if !errors.Is(err, unix.EBUSY) {
			return "", -1, fmt.Errorf("attach %s to %s: %w", path, name, err)
		}
	}
	return "", -1, fmt.Errorf("no loop device is free after %d attempts", attachAtMost)
}
