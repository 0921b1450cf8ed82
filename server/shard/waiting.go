package shard

import (
	"cmp"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/api"
)

// request is one request in the broker's hands.
type request struct {
	seq     uint64
	frame   []byte
	pending *api.Pending // nil once it was taken out
	since   event.Time   // when it was whole
}

// waiting are the requests of one connection that are in the broker's hands. They come in the order of their numbers, and mostly go
// in it: the first one is the one that is wanted, nearly always.
type waiting struct {
	list []request // by number
	head int       // list[:head] have gone
}

// add puts requests behind those that wait.
func (w *waiting) add(rs ...request) {
	if w.head > 0 && len(w.list)+len(rs) > cap(w.list) {
		n := copy(w.list, w.list[w.head:])
		clear(w.list[n:])
		w.list, w.head = w.list[:n], 0
	}
	w.list = append(w.list, rs...)
}

// take takes out the request seq. ok is false if it does not wait.
func (w *waiting) take(seq uint64) (r request, ok bool) {
	i := w.head
	if i < len(w.list) && w.list[i].seq != seq {
		at, _ := slices.BinarySearchFunc(w.list[i:], seq, func(r request, seq uint64) int { return cmp.Compare(r.seq, seq) })
		i += at
	}
	if i == len(w.list) || w.list[i].seq != seq || w.list[i].pending == nil {
		return request{}, false
	}
	r = w.list[i]
	w.list[i] = request{seq: seq}
	for w.head < len(w.list) && w.list[w.head].pending == nil {
		w.head++
	}
	if w.head == len(w.list) {
		w.list, w.head = w.list[:0], 0
	}
	return r, true
}
