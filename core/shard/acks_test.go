package shard

import (
	"testing"

	"pgregory.net/rapid"
)

// TestAcks_ReleaseByOffset compares the queue with a list that is searched: what is passed comes out, lowest end first,
// equal ends in the order of arrival, each once.
func TestAcks_ReleaseByOffset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a acks
		var oracle []ack
		end := int64(0)
		for n := range rapid.IntRange(1, 300).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "what") > 0 {
				end += int64(rapid.IntRange(1, 3).Draw(t, "records"))
				x := ack{i: n, end: end}
				if rapid.IntRange(0, 4).Draw(t, "repeated") == 0 {
					x.end = rapid.Int64Range(1, end).Draw(t, "original")
				}
				a.push(x)
				oracle = append(oracle, x)
				continue
			}
			passed := rapid.Int64Range(0, end).Draw(t, "passed")
			for {
				least := -1
				for i, x := range oracle {
					if x.end <= passed && (least < 0 || x.end < oracle[least].end) {
						least = i
					}
				}
				x, ok := a.pop(passed)
				if ok != (least >= 0) {
					t.Fatalf("passed %d: %v %v, %d left", passed, x, ok, len(oracle))
				}
				if !ok {
					break
				}
				if want := oracle[least]; x.i != want.i || x.end != want.end {
					t.Fatalf("passed %d: %d up to %d, want %d up to %d", passed, x.i, x.end, want.i, want.end)
				}
				oracle = append(oracle[:least], oracle[least+1:]...)
			}
		}
	})
}
