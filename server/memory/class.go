package memory

import "math/bits"

// Classes of sizes: whole pages up to 16 KiB, then four to each doubling, so that a frame of 4 MiB and its header do not
// take 8. At most a fifth of a block is unused.
//
//	class   0    1    2    3     4     5     6     7     8  ...
//	KiB     4    8   12   16    20    24    28    32    40  ...  8192
const (
	page    = 4 << 10
	classes = 4 + 9*4 // up to 8 MiB
)

// classOf is the class of blocks for size bytes, and their size. Beyond the last class it is classes, and size in whole pages.
func classOf(size int) (class, block int) {
	pages := (max(size, 1) + page - 1) / page
	if pages <= 4 {
		return pages - 1, pages * page
	}
	k := bits.Len(uint(pages-1)) - 1 // 2^k < pages <= 2^(k+1), k >= 2
	step := 1 << (k - 2)
	n := (pages - 1<<k + step - 1) / step // 1 to 4
	class = 4 + (k-2)*4 + n - 1
	if class >= classes {
		return classes, pages * page
	}
	return class, (1<<k + n*step) * page
}

// sizeOf is the size of a class's blocks.
func sizeOf(class int) int {
	if class < 4 {
		return (class + 1) * page
	}
	k, n := 2+(class-4)/4, (class-4)%4+1
	return (1<<k + n<<(k-2)) * page
}
