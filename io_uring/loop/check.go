package loop

import (
	"unsafe"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// check holds reads and writes to IO-5, on the goroutine that ordered them. The portable loop checks what it is given.
func check(e *event.Effect) {
	if e.Op != event.OpWriteFile && e.Op != event.OpReadFile {
		return
	}
	if e.Offset%event.BlockSize != 0 || e.Length%event.BlockSize != 0 || e.Offset < 0 || e.Length < 0 {
		invariant.Violated("IO-5: %s is not in whole blocks", e)
	}
	if (e.Op == event.OpWriteFile || e.Data != nil) && e.Length != int64(len(e.Data)) {
		invariant.Violated("IO-5: %s has %d bytes of data", e, len(e.Data))
	}
}

func aligned(p []byte) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(p)))%event.BlockSize == 0
}
