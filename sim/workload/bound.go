package workload

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/fault"
)

// edges are sizes of batches, in bytes, at which something changes: blocks of files, and what max.message.bytes is set to.
var edges = []int{event.BlockSize, 2 * event.BlockSize, 3 * event.BlockSize, 700, 5000, 12000}

// Bound moves the sizes of every other operation to a bound, or one byte beside it. It draws from a stream of its own.
func Bound(h *fault.Header, ops []fault.Op) {
	s := fault.NewRand(h.Seed, fault.StreamBoundary, 1).Seq()
	for i := range ops {
		op := &ops[i]
		if s.OneIn(2) {
			continue
		}
		switch op.Do {
		case DoProduce:
			op.Records = 1
			op.Bytes = valueFor(fault.Pick(s, edges...) + s.Between(-1, 1))
			if s.OneIn(3) {
				op.Records, op.Bytes = fault.Pick(s, 1, 64), 0
			}
		case DoFetch:
			op.MaxBytes = int32(fault.Pick(s, 0, 1, event.BlockSize, 1<<30))
		case DoDeleteRecords:
			op.Percent = fault.Pick(s, 1, 99, 100, 101)
		}
		if s.OneIn(4) {
			op.Pause = 0
		}
	}
}

// valueFor is the size of the value that makes a batch of one record so many bytes, or one less where none does.
func valueFor(batch int) int {
	const head = 80 // more than the batch's header and the record's fields take
	length := func(size int) int {
		return len(appendBatch(nil, identity{}, 0, []history.Value{history.NewValue(0, 1)}, size))
	}
	size := batch - (length(batch-head) - (batch - head))
	for length(size) > batch { // a length field became longer
		size--
	}
	return size
}
