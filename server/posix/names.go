package posix

import (
	"errors"
	"fmt"
	"os"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/files"
	"golang.org/x/sys/unix"
)

// create makes the file f, or finds it, and makes its missing parents.
func (l *Loop) create(f event.File) error {
	if f.IsDir() {
		return l.dir.MakeDir(f)
	}
	h, err := l.dir.Acquire(f, true)
	if errors.Is(err, os.ErrNotExist) {
		if err := l.dir.MakeParents(f); err != nil {
			return err
		}
		h, err = l.dir.Acquire(f, true)
	}
	if err != nil {
		return err
	}
	l.dir.Release(h)
	return nil
}

func (l *Loop) rename(f, to event.File) error {
	l.dir.Forget(func(open event.File) bool { return within(open, f) || within(open, to) })
	return os.Rename(l.dir.Path(f), l.dir.Path(to))
}

func (l *Loop) remove(f event.File) error {
	l.dir.Forget(func(open event.File) bool { return within(open, f) })
	return os.RemoveAll(l.dir.Path(f))
}

// within reports whether f is outer or lies somewhere below it.
func within(f, outer event.File) bool {
	for f.Kind != event.FileNone {
		if f == outer {
			return true
		}
		f = f.Dir()
	}
	return false
}

func (l *Loop) stat(f event.File) (int64, error) {
	info, err := os.Stat(l.dir.Path(f))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// syncDir makes the entries of f and of its parents durable, up to the data directory.
func (l *Loop) syncDir(f event.File) error {
	for {
		if err := files.SyncPath(l.dir.Path(f)); err != nil {
			return err
		}
		if f.Kind == event.FileNone {
			return nil
		}
		f = f.Dir()
	}
}

// syncFs makes everything of the file system durable. syncfs(2) need not empty the device's write cache when the file
// system has nothing of its own to write; the fsync of a file does, and costs one flush.
func (l *Loop) syncFs() error {
	if err := unix.Syncfs(l.dir.FD()); err != nil {
		return fmt.Errorf("syncfs: %w", err)
	}
	if err := files.Fsync(l.dir.LockFD()); err != nil {
		return fmt.Errorf("fsync after syncfs: %w", err)
	}
	return nil
}
