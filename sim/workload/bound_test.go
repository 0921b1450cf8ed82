package workload

import (
	"testing"

	"github.com/highwater-log/highwater/linearizability/history"
)

func TestValueFor_MakesTheBatch(t *testing.T) {
	for _, edge := range edges {
		for size := edge - 1; size <= edge+1; size++ {
			got := len(appendBatch(nil, identity{}, 0, []history.Value{history.NewValue(0, 1)}, valueFor(size)))
			if got != size && got != size-1 {
				t.Errorf("a batch of %d bytes becomes one of %d", size, got)
			}
		}
	}
}
