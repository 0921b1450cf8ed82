package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/highwater-log/highwater/core/event"
	"golang.org/x/sys/unix"
)

// Mode is how the files of a directory are written: found out by really writing, because flags that open(2) accepts may
// still fail at the first write (network and overlay file systems, sandboxes).
type Mode struct {
	// Direct: O_DIRECT, past the page cache.
	Direct bool
	// DSync: pwritev2 with RWF_DSYNC, which is O_DSYNC for one write. Otherwise a durable write is followed by fdatasync.
	DSync bool
}

// String names the mode for the line that a broker prints when it starts.
func (m Mode) String() string {
	switch {
	case m.Direct && m.DSync:
		return "O_DIRECT|O_DSYNC"
	case m.Direct:
		return "O_DIRECT+fdatasync"
	}
	return "buffered+fdatasync"
}

func (m Mode) openFlags() int {
	flags := unix.O_RDWR | unix.O_CLOEXEC
	if m.Direct {
		flags |= unix.O_DIRECT
	}
	return flags
}

// OpenMode opens the file at path as m says, and makes it if it is missing.
func OpenMode(path string, m Mode) (fd int, err error) {
	return openRetry(path, m.openFlags()|unix.O_CREAT)
}

// probeName is the file with which Probe tries. A kill may leave it behind; the next Probe takes it away.
const probeName = "probe"

// Probe writes and reads one block in the directory root, in the best mode first, and removes it again.
func Probe(root string) (Mode, error) {
	var err error
	for _, m := range []Mode{{Direct: true, DSync: true}, {Direct: true}, {}} {
		if err = try(filepath.Join(root, probeName), m); err == nil {
			return m, nil
		}
		if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.EROFS) {
			break // says nothing about the mode, and no other would do better
		}
	}
	return Mode{}, err
}

func try(path string, m Mode) error {
	return tryBy(path, m,
		func(fd int, p []byte) error { return WriteBlocks(fd, p, 0, true, m) },
		func(fd int, p []byte) (int, error) { return ReadBlocks(fd, p, 0) })
}

// Try does what Probe does, in the directory's own mode, with somebody else's way to write and read at offset 0.
func (d *Dir) Try(write func(fd int, p []byte) error, read func(fd int, p []byte) (int, error)) error {
	return tryBy(filepath.Join(d.root, probeName), d.mode, write, read)
}

func tryBy(path string, m Mode, write func(fd int, p []byte) error, read func(fd int, p []byte) (int, error)) (err error) {
	fd, err := OpenMode(path, m)
	if err != nil {
		return fmt.Errorf("open %s (%s): %w", path, m, err)
	}
	defer func() { err = errors.Join(err, unix.Close(fd), os.Remove(path)) }()
	want := Alloc(event.BlockSize)
	for i := range want {
		want[i] = byte(i * 7)
	}
	if err := write(fd, want); err != nil {
		return fmt.Errorf("write %s (%s): %w", path, m, err)
	}
	got := Alloc(event.BlockSize)
	if n, err := read(fd, got); err != nil || n != len(got) {
		return fmt.Errorf("read %s (%s): %d bytes: %w", path, m, n, orUnexpectedEOF(err))
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("read %s (%s): other bytes than were written", path, m)
	}
	return nil
}

func orUnexpectedEOF(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}
