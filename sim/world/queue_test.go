package world

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

func TestQueue_GivesItemsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		last := item{at: -1}
		for n := range rapid.IntRange(0, 60).Draw(t, "items") {
			q.push(item{at: event.Time(rapid.IntRange(0, 5).Draw(t, "at")), tie: rapid.Uint64Range(0, 3).Draw(t, "tie"), id: uint64(n)})
		}
		hurried := rapid.Bool().Draw(t, "hurried")
		if hurried {
			for i := range q.items {
				q.items[i].kind = kind(i % 2)
			}
			q.hurry(1, 2)
		}
		for q.len() > 0 {
			x := q.pop()
			if x.before(&last) {
				t.Fatalf("%v behind %v", x, last)
			}
			if hurried && x.kind == 1 && x.at > 2 {
				t.Fatalf("%v is due later than at 2", x)
			}
			last = x
		}
	})
}
