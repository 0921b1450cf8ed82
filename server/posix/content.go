package posix

import (
	"errors"
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/files"
	"golang.org/x/sys/unix"
)

// zeros is what allocation writes. Large, because each write that makes a file longer costs a change of its inode.
var zeros = files.Alloc(1 << 20)

func (l *Loop) write(fd int, e *event.Effect) error {
	data := e.Data
	if l.dir.Mode().Direct && !files.Aligned(data) {
		data = files.Alloc(len(e.Data))
		copy(data, e.Data)
	}
	if err := files.WriteBlocks(fd, data, e.Offset, e.Durable, l.dir.Mode()); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func (l *Loop) read(fd int, e *event.Effect, ev *event.Event) error {
	data := e.Data
	if data == nil || l.dir.Mode().Direct && !files.Aligned(data) {
		data = files.Alloc(int(e.Length))
	}
	n, err := files.ReadBlocks(fd, data, e.Offset)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if e.Data != nil {
		copy(e.Data, data[:n]) // it is the same memory, unless that was not aligned
		data = e.Data
	}
	ev.N, ev.Data = int64(n), data[:n]
	if n < len(data) {
		ev.Status = event.StatusShort
	}
	return nil
}

// allocate writes zeros from the end of the file up to size. The space is reserved first, beyond the file's end: a full
// disk shows at once, and the extents lie together. The end moves with the zeros alone, so that a file of the full
// length has been written whole, and an interrupted allocation goes on where it stopped.
func allocate(fd int, size int64) error {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("allocate: stat: %w", err)
	}
	if stat.Size >= size {
		return nil
	}
	if err := unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, size); err != nil && !cannotReserve(err) {
		return fmt.Errorf("allocate: reserve %d bytes: %w", size, err)
	}
	from := stat.Size
	if part := from % event.BlockSize; part != 0 {
		from += event.BlockSize - part
		if err := truncate(fd, from); err != nil {
			return err
		}
	}
	for from < size {
		n := min(size-from, int64(len(zeros)))
		if err := files.WriteBlocks(fd, zeros[:n], from, false, files.Mode{}); err != nil {
			return fmt.Errorf("allocate: write zeros at %d: %w", from, err)
		}
		from += n
	}
	return nil
}

// reserve makes the file at least size bytes long, with space for them and nothing written: durable writes that each make the
// file longer wait for each other, a quarter as fast as those within it.
func reserve(fd int, size int64) error {
	for {
		err := unix.Fallocate(fd, 0, 0, size)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
		case cannotReserve(err):
			return nil // it grows with its writes, then
		default:
			return fmt.Errorf("reserve %d bytes: %w", size, err)
		}
	}
}

// cannotReserve reports whether err only says that this file system reserves nothing.
func cannotReserve(err error) bool {
	return errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINTR)
}

func truncate(fd int, size int64) error {
	for {
		switch err := unix.Ftruncate(fd, size); err {
		case nil:
			return nil
		case unix.EINTR:
		default:
			return fmt.Errorf("truncate to %d: %w", size, err)
		}
	}
}
