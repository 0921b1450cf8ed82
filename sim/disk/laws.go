package disk

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// checkLaws holds the user of the disk to V-1, V-2 and IO-5.
func (d *Disk) checkLaws(e *event.Effect) {
	checkShape(e)
	for _, o := range d.pending {
		if o.IO == e.IO {
			invariant.Violated("V-1: operation id %x is already in flight", e.IO)
		}
		if conflict(&o.Effect, e) || conflict(e, &o.Effect) {
			invariant.Violated("V-2: %s depends on %s in flight", e, &o.Effect)
		}
	}
}

// checkShape refuses orders that no disk loop takes.
func checkShape(e *event.Effect) {
	ok := true
	switch e.Op {
	case event.OpWriteFile:
		ok = aligned(e.Offset, e.Length) && e.Length == int64(len(e.Data))
	case event.OpReadFile:
		ok = aligned(e.Offset, e.Length)
	case event.OpAllocateFile:
		ok = aligned(0, e.Length)
	case event.OpRemoveFile:
		ok = e.File.Kind != event.FileNone
	case event.OpRenameFile:
		ok = e.File.Kind != event.FileNone && e.RenameTo != nil
	case event.OpTruncateFile:
		ok = e.Length >= 0
	case event.OpCreateFile, event.OpListDir, event.OpStatFile, event.OpSyncFile, event.OpSyncDir, event.OpSyncFs:
	default:
		ok = false
	}
	if !ok {
		invariant.Violated("IO-5: %s is outside the contract of a disk loop", e)
	}
}

// conflict reports whether what a does changes the outcome of b, or where its bytes end up.
func conflict(a, b *event.Effect) bool {
	switch a.Op {
	case event.OpCreateFile:
		return b.Op != event.OpCreateFile && touches(b) && (b.File == a.File || renamesTo(b, a.File))
	case event.OpRenameFile:
		return touches(b) && (within(b.File, a.File) || within(b.File, *a.RenameTo))
	case event.OpRemoveFile:
		return touches(b) && within(b.File, a.File)
	case event.OpAllocateFile, event.OpTruncateFile:
		if b.File != a.File {
			return false
		}
		switch b.Op {
		case event.OpAllocateFile, event.OpTruncateFile, event.OpStatFile:
			return true
		case event.OpReadFile, event.OpWriteFile:
			if a.Op == event.OpAllocateFile {
				return a.File.Kind != event.FileSegment
			}
			return b.Offset+b.Length > a.Length
		}
	case event.OpWriteFile:
		return b.File == a.File && (b.Op == event.OpReadFile || b.Op == event.OpWriteFile) &&
			a.Offset < b.Offset+b.Length && b.Offset < a.Offset+a.Length
	}
	return false
}

// touches reports whether e names a file that it needs or changes: SyncFs and syncs of directories do not.
func touches(e *event.Effect) bool {
	return e.Op != event.OpSyncFs && e.Op != event.OpSyncDir && e.Op != event.OpListDir
}

func renamesTo(e *event.Effect, f event.File) bool {
	return e.Op == event.OpRenameFile && *e.RenameTo == f
}

// within reports whether f is dir or lies below it.
func within(f, dir event.File) bool {
	for ; f.Kind != event.FileNone; f = f.Dir() {
		if f == dir {
			return true
		}
	}
	return false
}
