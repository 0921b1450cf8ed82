package posix

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// check holds an effect to IO-5, on the goroutine that ordered it, so that a broken law is told with its trace.
func check(e *event.Effect) {
	switch e.Op {
	case event.OpWriteFile, event.OpReadFile:
		if e.Offset%event.BlockSize != 0 || e.Length%event.BlockSize != 0 || e.Offset < 0 || e.Length < 0 {
			invariant.Violated("IO-5: %s is not in whole blocks", e)
		}
		if e.Op == event.OpWriteFile && e.Length != int64(len(e.Data)) {
			invariant.Violated("IO-5: %s has %d bytes of data", e, len(e.Data))
		}
	case event.OpAllocateFile:
		if e.Length%event.BlockSize != 0 || e.Length < 0 {
			invariant.Violated("IO-5: %s is not in whole blocks", e)
		}
	case event.OpRemoveFile, event.OpRenameFile:
		if e.File.Kind == event.FileNone || (e.Op == event.OpRenameFile && e.RenameTo == nil) {
			invariant.Violated("IO-5: %s names no file", e)
		}
	case event.OpCreateFile, event.OpTruncateFile, event.OpListDir, event.OpStatFile, event.OpSyncFile,
		event.OpSyncDir, event.OpSyncFs:
	default:
		invariant.Violated("IO-5: %s is no disk effect", e)
	}
}
