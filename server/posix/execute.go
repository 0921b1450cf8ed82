package posix

import (
	"errors"
	"os"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/files"
	"golang.org/x/sys/unix"
)

// execute does what e orders and returns its completion.
func (l *Loop) execute(e *event.Effect) event.Event {
	ev := event.Event{Kind: event.KindIODone, To: e.IO.Machine(), IO: e.IO}
	err := l.do(e, &ev)
	if err == nil {
		return ev
	}
	ev.Status = StatusOf(err)
	if ev.Status == event.StatusIOError || ev.Status == event.StatusNoSpace {
		l.log.Error("disk operation failed", "operation", e.String(), "status", ev.Status.String(), "error", err)
	}
	return ev
}

func (l *Loop) do(e *event.Effect, ev *event.Event) (err error) {
	switch e.Op {
	case event.OpCreateFile:
		return l.create(e.File)
	case event.OpRenameFile:
		return l.rename(e.File, *e.RenameTo)
	case event.OpRemoveFile:
		return l.remove(e.File)
	case event.OpListDir:
		ev.Files, err = l.dir.List(e.File)
		return err
	case event.OpStatFile:
		ev.N, err = l.stat(e.File)
		return err
	case event.OpSyncDir:
		return l.syncDir(e.File)
	case event.OpSyncFs:
		return l.syncFs()
	}
	return l.doOpen(e, ev)
}

// doOpen does the operations that need the file open.
func (l *Loop) doOpen(e *event.Effect, ev *event.Event) error {
	h, err := l.dir.Acquire(e.File, false)
	if err != nil {
		return err
	}
	defer l.dir.Release(h)
	switch e.Op {
	case event.OpWriteFile:
		ev.N = e.Length
		return l.write(h.FD, e)
	case event.OpReadFile:
		return l.read(h.FD, e, ev)
	case event.OpAllocateFile:
		if e.File.Kind == event.FileSegment {
			return reserve(h.FD, e.Length)
		}
		return allocate(h.FD, e.Length)
	case event.OpTruncateFile:
		return truncate(h.FD, e.Length)
	}
	return files.Fsync(h.FD) // OpSyncFile, the last one that check lets through
}

// StatusOf is the outcome that the core is told for err.
func StatusOf(err error) event.Status {
	switch {
	case err == nil:
		return event.StatusOK
	case errors.Is(err, os.ErrNotExist):
		return event.StatusNotFound
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return event.StatusNoSpace
	}
	return event.StatusIOError
}
