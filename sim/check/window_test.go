package check

import (
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// batch is one record of producer pid with a sequence; label makes its bytes its own.
func batch(pid int64, sequence int32, label string) record.Batch {
	b := record.NewBuilder()
	b.ProducerID, b.ProducerEpoch, b.BaseSequence = pid, 0, sequence
	b.Add(1, nil, []byte(label))
	return b.Build()
}

func produce(b record.Batch) *event.Produce {
	return &event.Produce{Acks: -1, Partitions: []event.ProducePartition{{Name: "t", Batch: b}}}
}

func answer(code event.Code, base int64) *event.ProduceReply {
	return &event.ProduceReply{Partitions: []event.ProducePartitionReply{{Code: code, BaseOffset: base}}}
}

func TestWindow(t *testing.T) {
	type step struct {
		pid      int64
		sequence int32
		code     event.Code
		base     int64
	}
	const dup = event.CodeDuplicateSequence
	five := []step{{7, 0, 0, 0}, {7, 1, 0, 1}, {7, 2, 0, 2}, {7, 3, 0, 3}, {7, 4, 0, 4}}
	behind := func(first []step, then ...step) []step { return append(slices.Clone(first), then...) }
	tests := []struct {
		name   string
		steps  []step
		broken bool // by the last step, and by no other
	}{
		{"the same offset again", []step{{7, 0, 0, 4}, {7, 1, 0, 5}, {7, 0, 0, 4}}, false},
		{"another offset", []step{{7, 0, 0, 4}, {7, 0, 0, 5}}, true},
		{"another producer", []step{{7, 0, 0, 4}, {8, 0, 0, 5}}, false},
		{"no offset", []step{{7, 0, 0, -1}}, true},
		{"a retriable error says nothing", []step{{7, 0, event.CodeRequestTimedOut, -1}, {7, 0, 0, 4}}, false},
		{"forgotten, the fifth of five", behind(five, step{7, 0, dup, -1}), true},
		{"forgotten, the sixth", behind(five, step{7, 5, 0, 5}, step{7, 0, dup, -1}), false},
		{"forgotten, and never acknowledged", []step{
			{7, 0, event.CodeRequestTimedOut, -1}, {7, 1, 0, 1}, {7, 0, dup, -1},
		}, true},
		{"no producer id", []step{{-1, -1, 0, 4}, {-1, -1, 0, 5}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w window
			for i, s := range tt.steps {
				asked := produce(batch(s.pid, s.sequence, "x"))
				w.arrived(asked)
				f := w.replied(asked, answer(s.code, s.base))
				if want := tt.broken && i == len(tt.steps)-1; (f.law == "O11") != want || f.law == "" != !want {
					t.Fatalf("step %d: %v", i, f)
				}
			}
		})
	}
}

func TestWindow_AcksZeroPromisesNothing(t *testing.T) {
	var w window
	asked := produce(batch(7, 0, "x"))
	asked.Acks = 0
	w.arrived(asked)
	if f := w.replied(asked, answer(0, -1)); f != (finding{}) {
		t.Fatal(f)
	}
}
