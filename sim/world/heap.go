package world

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// heap is the memory of one process: what was released is handed out again, and is noise in between. Whoever looks at
// memory that is not his shows noise to a client, whoever counts on zeros writes noise to the disk.
type heap struct {
	free map[int][][]byte // by size; only looked up
	live int              // buffers that are handed out
}

const noise = 0xdb

func newHeap() *heap { return &heap{free: map[int][][]byte{}} }

func (h *heap) alloc(size int) *event.Buffer {
	h.live++
	if list := h.free[size]; len(list) > 0 {
		b := list[len(list)-1]
		h.free[size] = list[:len(list)-1]
		return event.NewBuffer(b, event.Machine{})
	}
	b := make([]byte, size)
	fill(b)
	return event.NewBuffer(b, event.Machine{})
}

func (h *heap) release(b *event.Buffer) {
	if b.Bytes == nil {
		invariant.Violated("V-6: a buffer is released twice")
	}
	h.live--
	fill(b.Bytes)
	h.free[len(b.Bytes)] = append(h.free[len(b.Bytes)], b.Bytes)
	b.Bytes = nil
}

func fill(b []byte) {
	if len(b) == 0 {
		return
	}
	b[0] = noise
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// leaked is how many buffers nobody will ever give back: of those that are handed out, all but those of replies on their way, of
// reads under way, and of messages that were not delivered.
func (n *node) leaked() int {
	leaked := n.heap.live - n.disk.PendingInto()
	seen := map[*event.Buffer]bool{} // only looked up
	count := func(held []*event.Buffer) {
		for _, b := range held {
			if !seen[b] {
				seen[b] = true
				leaked--
			}
		}
	}
	for _, l := range n.links {
		count(l.server.Unsent())
	}
	for _, c := range n.cells {
		for i := c.head; i < len(c.inbox); i++ {
			count(carried(&c.inbox[i]))
		}
		for k := range c.pipes {
			for i := range c.pipes[k].under {
				count(carried(&c.pipes[k].under[i]))
			}
		}
	}
	return leaked
}

// carried is the memory that a message hands over, or shows on its way to a front.
func carried(ev *event.Event) []*event.Buffer {
	switch m := ev.Body.(type) {
	case *event.GiveBack:
		return m.Held
	case *event.ShardData:
		return m.Held
	}
	return nil
}
