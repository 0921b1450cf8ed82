package ledger

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A check is worth something only if each kind of finding is found.
func TestChecker(t *testing.T) {
	for _, tc := range []struct {
		name    string
		numbers []int // of client 0 in partition 0, by offset; -1 for bytes that nobody sent
		acked   []int64
		want    Verdict
	}{
		{"all there", []int{0, 1, 2}, []int64{0, 1, 2}, Verdict{Read: 3, Acked: 3}},
		{"what is not acknowledged may be there", []int{0, 1, 2}, []int64{0, -1, -1}, Verdict{Read: 3, Acked: 1}},
		{"what is not acknowledged may be missing", []int{0}, []int64{0, -1}, Verdict{Read: 1, Acked: 1}},
		{"the end is gone", []int{0}, []int64{0, 1, 2}, Verdict{Read: 1, Acked: 3, Lost: 2}},
		{"all is gone", nil, []int64{0}, Verdict{Acked: 1, Lost: 1}},
		{"a hole", []int{0, 2}, []int64{0, 1, 2}, Verdict{Read: 2, Acked: 3, Lost: 1, Moved: 1, Disordered: 1}},
		{"a hole that nobody acknowledged", []int{0, 2}, []int64{0, -1, -1}, Verdict{Read: 2, Acked: 1, Disordered: 1}},
		{"twice", []int{0, 1, 1}, []int64{0, 1}, Verdict{Read: 3, Acked: 2, Doubled: 1}},
		{"twice, later", []int{0, 1, 2, 0}, []int64{0, 1, 2}, Verdict{Read: 4, Acked: 3, Doubled: 1}},
		{"in another order", []int{1, 0}, []int64{1, 0}, Verdict{Read: 2, Acked: 2, Disordered: 2}},
		{"elsewhere", []int{0, 1}, []int64{0, 7}, Verdict{Read: 2, Acked: 2, Moved: 1}},
		{"foreign", []int{0, -1}, []int64{0}, Verdict{Read: 2, Acked: 1, Foreign: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := &Ledger{Config: Config{Partitions: 1, Clients: 1, Filler: 40}}
			c := newChecker(l)
			c.books[0] = [][]int64{tc.acked}
			for offset, n := range tc.numbers {
				v := []byte("0/1x")
				if n >= 0 {
					v = l.value(0, n)
				}
				c.record(&kgo.Record{Offset: int64(offset), Value: v})
			}
			c.close()
			got := c.verdict
			if got.Sound() != (got == Verdict{Read: got.Read, Acked: got.Acked}) {
				t.Errorf("sound=%t with %s", got.Sound(), &got)
			}
			got.First = ""
			if got != tc.want {
				t.Errorf("got %s, want %s", &got, &tc.want)
			}
		})
	}
}
