package conn

import "github.com/highwater-log/highwater/core/invariant"

// Sizes of chunks in bytes: a connection begins with the small one, and one that has shown traffic reads into the usual
// one.
const (
	smallChunk = 4 << 10
	usualChunk = 64 << 10
	// minRoom is the least worth a read of its own.
	minRoom = 1 << 10
)

// chunk is memory that received bytes lie in. Frames are views into it, so it lives until its last frame is answered.
type chunk struct {
	buf []byte
	// read is where the next frame begins, filled is where the next byte received goes: read <= filled <= len(buf).
	read, filled int
	// live counts the frames handed out and not yet answered.
	live int
}

// room is the part of the chunk that received bytes may be put into.
func (k *chunk) room() []byte { return k.buf[k.filled:] }

// pending is what was received and not yet handed out.
func (k *chunk) pending() []byte { return k.buf[k.read:k.filled] }

// rewind makes the whole chunk free again. Only for a chunk without frames and without pending bytes.
func (k *chunk) rewind() {
	k.read, k.filled = 0, 0
}

// mangle overwrites a frame whose borrowing is over, in builds that check dear laws.
func mangle(frame []byte) {
	if !invariant.Expensive {
		return
	}
	for i := range frame {
		frame[i] = 0xdb
	}
}

// nextChunk gives a chunk to read into when the current one is full or cannot hold the frame that lies at its end: need
// is what that frame takes together with the whole ones before it (0 if unknown). Its size follows what was received
// (law N-4); bytes that were received and not handed out move over.
func (c *Conn) nextChunk(need int) {
	old := c.cur
	have := old.pending()
	size := c.chunkSize(need, len(have))
	if old.live == 0 && len(old.buf) >= size {
		old.read, old.filled = 0, copy(old.buf, have)
		return
	}
	fresh := c.spare
	if fresh != nil && len(fresh.buf) >= size {
		c.spare = nil
	} else {
		fresh = &chunk{buf: c.memory(size)}
	}
	fresh.read, fresh.filled = 0, copy(fresh.buf, have)
	old.filled = old.read
	c.cur = fresh
	c.release(old)
}

// chunkSize is how large a chunk should be for a frame that needs need bytes (0 if unknown), of which have arrived. A client that
// sent a large frame is believed that another one comes: it gets the room for it at once.
func (c *Conn) chunkSize(need, have int) int {
	size := usualChunk
	if c.next == 0 {
		size = smallChunk
	}
	size = max(size, 4*have)
	if need > usualChunk {
		size = min(size, need)
		if need <= min(c.last, mostTrusted)+slack {
			size = need
		}
	}
	return size
}

const (
	// mostTrusted is the largest frame for which room is made before its bytes are there.
	mostTrusted = 4 << 20
	// slack is by how much a frame may be larger than the last one and still be believed.
	slack = 64 << 10
)

// memory is fresh memory for a chunk.
func (c *Conn) memory(size int) []byte {
	if size > smallChunk {
		return c.limits.Memory.Take(size)[:size] // no more: what comes behind the frame would have to move
	}
	return make([]byte, size)
}

// release keeps a chunk for reuse, or gives it to others, if nothing looks at it any more.
func (c *Conn) release(k *chunk) {
	if k == c.cur || k.live > 0 || len(k.buf) == 0 {
		return
	}
	if len(k.buf) <= c.limits.Spare && (c.spare == nil || len(c.spare.buf) < len(k.buf)) {
		k.rewind()
		c.spare = k
		return
	}
	if len(k.buf) > smallChunk {
		c.limits.Memory.Give(k.buf[:cap(k.buf)])
	}
	k.buf = nil
}
