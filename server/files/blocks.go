package files

import (
	"errors"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"golang.org/x/sys/unix"
)

// againAtMost bounds how often EAGAIN is believed. Blocking descriptors do not give it, some file systems under memory
// pressure do.
const againAtMost = 100

// WriteBlocks writes all of data at offset, both multiples of BlockSize, through what the kernel may cut short. If
// durable, the bytes survive a power cut when it returns nil. data must be Aligned in direct mode.
func WriteBlocks(fd int, data []byte, offset int64, durable bool, m Mode) error {
	flags := 0
	if durable && m.DSync {
		flags = unix.RWF_DSYNC
	}
	again := 0
	for len(data) > 0 {
		n, err := unix.Pwritev2(fd, [][]byte{data}, offset, flags)
		if err != nil {
			if retry(err, &again) {
				continue
			}
			return err
		}
		// A direct write must go on at a block: what lies behind the last whole one is written again.
		if n < len(data) {
			n -= n % event.BlockSize
		}
		if n <= 0 {
			if again++; again > againAtMost {
				return unix.EIO
			}
			continue
		}
		data, offset = data[n:], offset+int64(n)
	}
	if durable && !m.DSync {
		return Fdatasync(fd)
	}
	return nil
}

// ReadBlocks fills p from offset, both multiples of BlockSize, and tells how many bytes there were: fewer only at the
// end of the file. p must be Aligned in direct mode.
func ReadBlocks(fd int, p []byte, offset int64) (int, error) {
	got, again := 0, 0
	for got < len(p) {
		n, err := unix.Pread(fd, p[got:], offset+int64(got))
		if err != nil {
			if retry(err, &again) {
				continue
			}
			return got, err
		}
		got += n
		// A read that ends inside a block met the end: a direct read could not go on from there.
		if n == 0 || n%event.BlockSize != 0 {
			break
		}
	}
	return got, nil
}

// Fdatasync makes the content and the size of fd durable.
func Fdatasync(fd int) error {
	for {
		if err := unix.Fdatasync(fd); err != unix.EINTR {
			return err
		}
	}
}

// Fsync makes the content, the size and the rest of the inode of fd durable, and empties the device's write cache.
func Fsync(fd int) error {
	for {
		if err := unix.Fsync(fd); err != unix.EINTR {
			return err
		}
	}
}

// retry reports whether err asks for another attempt, and waits a little before it.
func retry(err error, again *int) bool {
	switch {
	case errors.Is(err, unix.EINTR):
		return true
	case errors.Is(err, unix.EAGAIN):
		*again++
		time.Sleep(time.Duration(*again) * 100 * time.Microsecond)
		return *again <= againAtMost
	}
	return false
}
