// Package memory is where the buffers of the core come from: mapped outside the heap, aligned to blocks as direct I/O needs
// it, and handed out again when they were released.
//
//	core --Alloc--> free list of a class ---empty---> a new mapping        grower: fills lists ahead of need, off the loops
//	  |                     ^
//	  +------Release--------+   beyond the limit: unmapped
//
// Why not the collector: at a gigabyte per second of appends, every frame and every copy on its way to a segment would be
// garbage of a gigabyte per second more, each page of it touched anew; first touches cost more than the disk on virtual
// machines.
//
// Laws:
//
//	ME-1  A buffer is released once, and its bytes belong to nobody until they are handed out again.
//	ME-2  What is mapped and free never exceeds the limit. (by construction)
//
// Builds that check dear laws overwrite what was released: whoever still looks at it sees noise.
package memory
