package shard

import (
	"math/bits"
	"sync"
)

// chunks is memory for large requests, shared by all connections. It is the collector's: a connection that ends while the
// broker still has requests of it just lets go, and nobody has to know when the last one is done with.
type chunks struct {
	classes [bits.UintSize]sync.Pool // of *[]byte, by the logarithm of their size
}

// Take implements conn.Memory.
func (c *chunks) Take(size int) []byte {
	k := bits.Len(uint(size - 1))
	if p, ok := c.classes[k].Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 1<<k)
}

// Give implements conn.Memory.
func (c *chunks) Give(b []byte) {
	if k := bits.Len(uint(len(b) - 1)); len(b) == 1<<k {
		c.classes[k].Put(&b)
	}
}
