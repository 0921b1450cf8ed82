package files

import (
	"unsafe"

	"github.com/highwater-log/highwater/core/event"
)

// Alloc returns size zeroed bytes whose first lies on a BlockSize boundary, as direct I/O needs it. The memory is the
// garbage collector's: who drops the last slice frees it.
func Alloc(size int) []byte {
	if p := make([]byte, size); Aligned(p) {
		return p // every multiple of BlockSize is, as the runtime places them; but it promises nothing
	}
	p := make([]byte, size+event.BlockSize-1)
	skip := 0
	if over := int(address(p) % event.BlockSize); over != 0 {
		skip = event.BlockSize - over
	}
	return p[skip : skip+size : skip+size]
}

// Aligned reports whether p starts on a BlockSize boundary. An empty slice does.
func Aligned(p []byte) bool { return len(p) == 0 || address(p)%event.BlockSize == 0 }

func address(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }
