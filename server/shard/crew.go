package shard

import "sync"

// crew is what the loops of one broker know of each other: whether all are ready, and whether one has halted.
type crew struct {
	ready chan struct{} // closed when every cell is ready
	halt  chan struct{} // closed when a cell has halted: every loop ends at its next look

	mu   sync.Mutex
	wait int // cells that are not ready
	end  *Halted
}

func newCrew(cells int) *crew {
	return &crew{ready: make(chan struct{}), halt: make(chan struct{}), wait: cells}
}

// cellReady tells that one more cell is ready.
func (c *crew) cellReady() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wait--; c.wait == 0 {
		close(c.ready)
	}
}

// halted ends all loops. The first reason counts.
func (c *crew) halted(why *Halted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		c.end = why
		close(c.halt)
	}
}

// over reports whether a cell has halted.
func (c *crew) over() bool {
	select {
	case <-c.halt:
		return true
	default:
		return false
	}
}

// why is how the broker halted.
func (c *crew) why() *Halted {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}
