package journal

import "github.com/highwater-log/highwater/core/invariant"

// ring is the books of the chunks: which are free, which hold frames that are still needed, where the next frame goes.
//
//	free (prepared, nothing needed in them)        live (oldest first)
//	[ 5 ][ 0 ][ 1 ]   ---- take the first --->     [ 2 ][ 3 ][ 4 | next frame ... rest ]
//	       ^                                          |
//	       +------ all frames below the reuse bound --+
type ring struct {
	size int64 // bytes of a chunk
	free []vacant
	live []filled // the last one takes the next frame, if it fits
}

// vacant is a prepared chunk that may be overwritten.
type vacant struct {
	number int64
	lapped bool // it held frames of this incarnation before
}

// filled is a chunk with frames.
type filled struct {
	number int64
	used   int64  // bytes, from the chunk's beginning
	last   uint64 // highest sequence number in it
}

// rest is the bytes that are left in the chunk that takes the next frame.
func (r *ring) rest() int64 {
	if len(r.live) == 0 {
		return 0
	}
	return r.size - r.live[len(r.live)-1].used
}

// space is the bytes of all prepared chunks that frames may be written to.
func (r *ring) space() int64 { return r.rest() + int64(len(r.free))*r.size }

// occupied is the bytes that are not space: whole chunks, but for the last one.
func (r *ring) occupied() int64 { return int64(len(r.live))*r.size - r.rest() }

// largest is the size in bytes of the largest frame that can be placed now with reserve bytes of space left behind it.
// Every smaller one can be placed as well.
func (r *ring) largest(reserve int64) int64 {
	here := min(r.rest(), r.space()-reserve)
	next := min(int64(len(r.free)), 1) * min(r.size, int64(len(r.free))*r.size-reserve)
	return max(here, next)
}

// place gives the frame seq its chunk and byte offset: behind the last frame, or at the beginning of the next chunk
// where the rest is too small. Not ok: no chunk is free. lap: the chunk held frames of this incarnation before.
func (r *ring) place(seq uint64, size int64) (number, offset int64, lap, ok bool) {
	if r.rest() < size {
		if len(r.free) == 0 {
			return 0, 0, false, false
		}
		lap = r.free[0].lapped
		r.live = append(r.live, filled{number: r.free[0].number})
		r.free = append(r.free[:0], r.free[1:]...)
	}
	c := &r.live[len(r.live)-1]
	if c.used+size > r.size || (c.used > 0 && seq <= c.last) {
		invariant.Violated("J-2: frame %d of %d bytes does not fit behind frame %d at %d of chunk %d",
			seq, size, c.last, c.used, c.number)
	}
	offset = c.used
	c.used, c.last = c.used+size, seq
	return c.number, offset, lap, true
}

// release frees the chunks that hold no frame from below on.
func (r *ring) release(below uint64) {
	n := 0
	for n < len(r.live) && r.live[n].last < below {
		r.free = append(r.free, vacant{number: r.live[n].number, lapped: true})
		n++
	}
	r.live = append(r.live[:0], r.live[n:]...)
}
