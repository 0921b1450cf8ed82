package timer

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
)

func TestHeap_EqualsSortedMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var heap Heap
		model := map[uint64]event.Time{}
		// pop is the oracle: the least (deadline, key) that is due.
		pop := func(now event.Time) (best uint64, ok bool) {
			for key, at := range model {
				if at <= now && (!ok || at < model[best] || at == model[best] && key < best) {
					best, ok = key, true
				}
			}
			return best, ok
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			key := rapid.Uint64Range(0, 15).Draw(t, "key")
			now := event.Time(rapid.IntRange(0, 9).Draw(t, "time"))
			switch rapid.SampledFrom([]string{"set", "set", "never", "cancel", "pop"}).Draw(t, "op") {
			case "set":
				heap.Set(key, now)
				model[key] = now
			case "never":
				heap.Set(key, event.Never)
				delete(model, key)
			case "cancel":
				_, want := model[key]
				if got := heap.Cancel(key); got != want {
					t.Fatalf("cancel %d: %v", key, got)
				}
				delete(model, key)
			case "pop":
				want, wantOK := pop(now)
				got, ok := heap.Pop(now)
				if got != want || ok != wantOK {
					t.Fatalf("pop at %d: %d %v, want %d %v", now, got, ok, want, wantOK)
				}
				if ok {
					delete(model, got)
				}
			}
			next := event.Never
			for _, at := range model {
				next = min(next, at)
			}
			if heap.Next() != next || heap.Len() != len(model) {
				t.Fatalf("next %d of %d, want %d of %d", heap.Next(), heap.Len(), next, len(model))
			}
		}
	})
}

// Cancelling moves the last item into the gap: from another branch it may belong above the gap, not below.
func TestHeap_CancelMovesUpToo(t *testing.T) {
	var heap Heap
	for key, at := range []event.Time{1, 10, 2, 11, 12, 3, 4} {
		heap.Set(uint64(key), at)
	}
	heap.Cancel(3)
	for i, it := range heap.items {
		if parent := heap.items[max(i-1, 0)/2]; i > 0 && it.before(parent) {
			t.Errorf("key %d, due at %d, lies below key %d, due at %d", it.key, it.at, parent.key, parent.at)
		}
		if heap.place[it.key] != i {
			t.Errorf("key %d is said to lie at %d, not %d", it.key, heap.place[it.key], i)
		}
	}
}
