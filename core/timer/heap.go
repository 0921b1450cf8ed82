package timer

import "github.com/highwater-log/highwater/core/event"

// Heap holds the deadlines of many things, each known by a key that is unique among those in the heap. The zero value
// is empty.
type Heap struct {
	items []item
	place map[uint64]int // key -> index in items
}

type item struct {
	at  event.Time
	key uint64
}

func (a item) before(b item) bool { return a.at < b.at || a.at == b.at && a.key < b.key }

// Len counts the keys.
func (h *Heap) Len() int { return len(h.items) }

// Set arms key for the time at, in place of what it was armed for. Never disarms it.
func (h *Heap) Set(key uint64, at event.Time) {
	if at == event.Never {
		h.Cancel(key)
		return
	}
	if h.place == nil {
		h.place = make(map[uint64]int)
	}
	i, ok := h.place[key]
	if !ok {
		i = len(h.items)
		h.items = append(h.items, item{})
	}
	h.put(i, item{at: at, key: key})
	h.down(h.up(i))
}

// Cancel disarms key and reports whether it was armed.
func (h *Heap) Cancel(key uint64) bool {
	i, ok := h.place[key]
	if !ok {
		return false
	}
	delete(h.place, key)
	last := len(h.items) - 1
	moved := h.items[last]
	h.items = h.items[:last]
	if i < last {
		h.put(i, moved)
		h.down(h.up(i))
	}
	return true
}

// Next is the earliest deadline, Never if the heap is empty.
func (h *Heap) Next() event.Time {
	if len(h.items) == 0 {
		return event.Never
	}
	return h.items[0].at
}

// Pop takes out the first key that is due at now: by deadline, then by key.
func (h *Heap) Pop(now event.Time) (key uint64, ok bool) {
	if len(h.items) == 0 || h.items[0].at > now {
		return 0, false
	}
	key = h.items[0].key
	h.Cancel(key)
	return key, true
}

func (h *Heap) put(i int, it item) {
	h.items[i] = it
	h.place[it.key] = i
}

// up moves the item at i towards the root to where it belongs, and tells where that is.
func (h *Heap) up(i int) int {
	it := h.items[i]
	for i > 0 {
		parent := (i - 1) / 2
		if !it.before(h.items[parent]) {
			break
		}
		h.put(i, h.items[parent])
		i = parent
	}
	h.put(i, it)
	return i
}

// down moves the item at i away from the root to where it belongs.
func (h *Heap) down(i int) {
	it := h.items[i]
	for {
		child := 2*i + 1
		if child >= len(h.items) {
			break
		}
		if child+1 < len(h.items) && h.items[child+1].before(h.items[child]) {
			child++
		}
		if !h.items[child].before(it) {
			break
		}
		h.put(i, h.items[child])
		i = child
	}
	h.put(i, it)
}
