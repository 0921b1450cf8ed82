package conn

import (
	"bytes"
	"testing"
)

// A read into Space may be under way while requests are answered and replies leave: what it puts there must not move,
// even when the answer makes the chunk free.
func TestAnswersMayComeWhileSpaceIsLent(t *testing.T) {
	c := New(1, Limits{})
	for i := range 200 {
		first, second := frame(body(2*i, 40)), frame(body(2*i+1, 700*(i%5)+40))
		if err := c.Feed(first); err != nil {
			t.Fatal(err)
		}
		seq, _, ok := c.Next()
		if !ok {
			t.Fatalf("round %d: no frame", i)
		}
		for rest := second; len(rest) > 0; {
			n := copy(c.Space(), rest[:min(len(rest), 300)])
			if seq == uint64(2*i) {
				c.Answer(seq, replyTo(seq), nil)
				c.Output()
				seq++
			}
			if err := c.Filled(n); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		seq, got, ok := c.Next()
		if !ok || !bytes.Equal(got, second[prefix:]) {
			t.Fatalf("round %d: the frame received meanwhile is not what was sent", i)
		}
		c.Answer(seq, nil, nil)
		c.Output()
	}
}
