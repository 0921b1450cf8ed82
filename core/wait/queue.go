package wait

import (
	"cmp"
	"slices"

	"github.com/highwater-log/highwater/core/invariant"
)

// place is one open need in the queue of its partition.
type place struct {
	offset int64
	seq    uint64 // of the guest
	need   int    // index among the guest's needs
}

func byOffset(a, b place) int { return cmp.Or(cmp.Compare(a.offset, b.offset), byParking(a, b)) }

func byParking(a, b place) int { return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.need, b.need)) }

// queue holds the open needs of one partition by offset. Appends come in offset order, so adding is nearly always at
// the end, and what is met is always at the front.
type queue struct{ places []place }

func (q *queue) add(p place) {
	at, _ := slices.BinarySearchFunc(q.places, p, byOffset)
	q.places = slices.Insert(q.places, at, p)
}

func (q *queue) remove(p place) {
	at, found := slices.BinarySearchFunc(q.places, p, byOffset)
	if !found {
		invariant.Violated("W-3: need %d of guest %d is not in its queue", p.need, p.seq)
	}
	q.places = slices.Delete(q.places, at, at+1)
}

// take moves the places up to offset from the queue to dst.
func (q *queue) take(dst []place, offset int64) []place {
	n := 0
	for n < len(q.places) && q.places[n].offset <= offset {
		n++
	}
	dst = append(dst, q.places[:n]...)
	q.places = slices.Delete(q.places, 0, n)
	return dst
}
