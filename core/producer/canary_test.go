//go:build canary

package producer

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// The planted bug is real: the fifth last batch loses its offset. And it is quiet: nothing is appended twice.
func TestCanary_DedupWindow(t *testing.T) {
	invariant.Plant(invariant.CanaryDedupWindow)
	defer invariant.Plant(invariant.CanaryNone)
	table := New(1)
	for i := range int32(5) {
		table.Apply(newBatch(7, 0, i, 1, int64(i)))
	}
	if v := table.Check(newBatch(7, 0, 0, 1, 0)); v.Code != event.CodeDuplicateSequence || v.Base != -1 {
		t.Errorf("fifth last: %+v", v)
	}
	if v := table.Check(newBatch(7, 0, 1, 1, 0)); v.Kind != Duplicate || v.Base != 1 {
		t.Errorf("fourth last: %+v", v)
	}
}
