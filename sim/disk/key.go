package disk

import "github.com/highwater-log/highwater/core/rand"

// key is a point in the tree of draws of one crash: seed, operation or file, block.
type key uint64

// with goes down one step.
func (k key) with(n uint64) key { return key(rand.Mix2(uint64(k), n)) }

// draw is the random number for purpose a, ordinal b under k.
func (k key) draw(a, b uint64) uint64 { return rand.Mix3(uint64(k), a, b) }
