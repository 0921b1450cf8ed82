package shard

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/server/api"
)

// In whatever order requests are answered, with whatever numbers left out: each is found once, and as it came.
func TestWaiting_EqualsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w waiting
		model := map[uint64]*api.Pending{}
		next := uint64(0)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "come") {
				var rs []request
				for range rapid.IntRange(0, 5).Draw(t, "requests") {
					next += rapid.Uint64Range(1, 3).Draw(t, "further")
					r := request{seq: next, pending: new(api.Pending), frame: make([]byte, next)}
					model[r.seq] = r.pending
					rs = append(rs, r)
				}
				w.add(rs...)
			}
			first := next
			for seq := range model {
				first = min(first, seq)
			}
			seq := rapid.SampledFrom([]uint64{first, first, rapid.Uint64Range(0, next+1).Draw(t, "any")}).Draw(t, "seq")
			want, wantOK := model[seq]
			got, ok := w.take(seq)
			if ok != wantOK || got.pending != want || ok && (got.seq != seq || len(got.frame) != int(seq)) {
				t.Fatalf("%d: %v %+v", seq, ok, got)
			}
			delete(model, seq)
		}
		if left := len(w.list) - w.head; left < len(model) {
			t.Fatalf("%d of %d are left", left, len(model))
		}
	})
}
