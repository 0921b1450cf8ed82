package check

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/linearizability/history"
)

// produce is an idempotent acks=all append of n values of client c, from number first on.
func produce(c int, first uint64, n int, invoke, ret uint64, offset int64) *history.Op {
	op := &history.Op{
		Client: c, Kind: history.Produce, Topic: "t", Invoke: invoke, Return: ret, Outcome: history.OK,
		Acks: -1, Attempts: 1, Offset: offset, PID: int64(c), Sequence: int32(first),
	}
	for i := range n {
		op.Values = append(op.Values, history.NewValue(c, first+uint64(i)))
	}
	return op
}

func fetch(invoke, ret uint64, offset, hw int64, values ...history.Value) *history.Op {
	op := &history.Op{
		Client: 9, Kind: history.Fetch, Topic: "t", Invoke: invoke, Return: ret, Outcome: history.OK,
		Offset: offset, HighWatermark: hw,
	}
	for i, v := range values {
		op.Records = append(op.Records, history.Record{Offset: offset + int64(i), Value: v})
	}
	return op
}

func final(op *history.Op) *history.Op { op.Final = true; return op }

func unknown(op *history.Op) *history.Op {
	op.Outcome, op.Return, op.Offset = history.Unknown, 0, -1
	return op
}

func failed(op *history.Op) *history.Op {
	op.Outcome, op.Offset, op.Code = history.Fail, -1, 10
	return op
}

func TestCheck(t *testing.T) {
	v := history.NewValue
	tests := []struct {
		name string
		want string // law that is broken first; empty for none
		ops  []*history.Op
	}{
		{"a clean run", "", []*history.Op{
			produce(0, 0, 2, 1, 4, 0), produce(1, 0, 1, 2, 6, 2), fetch(7, 8, 0, 3, v(0, 0), v(0, 1), v(1, 0)),
			final(fetch(20, 21, 0, 3, v(0, 0), v(0, 1), v(1, 0))),
		}},
		{"an unknown append may be there", "", []*history.Op{
			unknown(produce(0, 0, 1, 1, 0, 0)), final(fetch(20, 21, 0, 1, v(0, 0))),
		}},
		{"an unknown append may be absent", "", []*history.Op{
			unknown(produce(0, 0, 1, 1, 0, 0)), final(fetch(20, 21, 0, 0)),
		}},
		{"an acked value is gone", "O1", []*history.Op{produce(0, 0, 1, 1, 2, 0), final(fetch(20, 21, 0, 1, v(1, 0))), produce(1, 0, 1, 3, 4, 1)}},
		{"the log ends too early", "O14", []*history.Op{produce(0, 0, 1, 1, 2, 0), final(fetch(20, 21, 0, 0))}},
		{"a later call got an earlier offset", "O2", []*history.Op{produce(0, 0, 1, 1, 2, 5), produce(1, 0, 1, 3, 4, 4)}},
		{"two concurrent calls may swap", "", []*history.Op{produce(0, 0, 1, 1, 4, 5), produce(1, 0, 1, 2, 3, 4)}},
		{"one offset, two values", "O5", []*history.Op{produce(0, 0, 1, 1, 2, 0), produce(1, 0, 1, 1, 3, 0)}},
		{"one value, two offsets", "O11", []*history.Op{produce(0, 0, 1, 1, 2, 0), fetch(3, 4, 1, 2, v(0, 0))}},
		{"a refused value appears", "O11", []*history.Op{failed(produce(0, 0, 1, 1, 2, 0)), fetch(3, 4, 0, 1, v(0, 0))}},
		{"a producer's values are out of order", "O11", []*history.Op{
			unknown(produce(0, 0, 1, 1, 0, 0)), unknown(produce(0, 1, 1, 2, 0, 0)), fetch(3, 4, 0, 2, v(0, 1), v(0, 0)),
		}},
		{"a read skips", "O14", []*history.Op{produce(0, 0, 2, 1, 2, 0), {
			Kind: history.Fetch, Topic: "t", Invoke: 3, Return: 4, Outcome: history.OK, HighWatermark: 2,
			Records: []history.Record{{Offset: 1, Value: v(0, 1)}},
		}}},
		{"a read passes the watermark", "O14", []*history.Op{produce(0, 0, 1, 1, 9, 0), fetch(3, 4, 0, 0, v(0, 0))}},
		{"the watermark goes back", "O14", []*history.Op{produce(0, 0, 1, 1, 9, 0), fetch(3, 4, 0, 1, v(0, 0)), fetch(5, 6, 1, 0)}},
		{"foreign bytes", "O14", []*history.Op{fetch(3, 4, 0, 1, history.Foreign)}},
		{"the latest offset misses an ack", "O2", []*history.Op{produce(0, 0, 1, 1, 2, 0), {
			Kind: history.ListOffsets, Topic: "t", Invoke: 3, Return: 4, Outcome: history.OK, Timestamp: -1, Offset: 0,
		}}},
		{"the final log has a hole", "O24", []*history.Op{
			unknown(produce(0, 0, 3, 1, 0, 0)), final(fetch(20, 21, 0, 3, v(0, 0))), final(fetch(22, 23, 2, 3, v(0, 2))),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := Check(tt.ops, Options{})
			if tt.want == "" {
				if len(res.Violations) > 0 {
					t.Fatalf("violations in a legal history: %v", res.Violations)
				}
				return
			}
			for _, v := range res.Violations {
				if v.Law == tt.want {
					return
				}
			}
			t.Fatalf("want a violation of %s, got %v", tt.want, res.Violations)
		})
	}
}

func TestCheck_NamedLossIsExcused(t *testing.T) {
	ops := []*history.Op{produce(0, 0, 1, 1, 2, 0), final(fetch(20, 21, 0, 1, history.NewValue(1, 0))), unknown(produce(1, 0, 1, 3, 0, 0))}
	named := func(string, int32) bool { return true }
	for _, v := range Check(ops, Options{LossNamed: named}).Violations {
		if strings.HasPrefix(v.Law, "O1 ") || v.Law == "O24" {
			t.Errorf("a named loss is held against the log: %v", v)
		}
	}
	if len(Check(ops, Options{}).Violations) == 0 {
		t.Error("an unnamed loss passes")
	}
}

// A legal history stays legal whatever its size and interleaving; damaging one acknowledged value is always found.
func TestCheck_RandomHistories(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		var ops []*history.Op
		var log []history.Value
		now := uint64(1)
		for i := range 100 {
			c := rng.IntN(4)
			op := produce(c, uint64(3*i), 1+rng.IntN(3), now, now+uint64(rng.IntN(3))+1, int64(len(log)))
			log = append(log, op.Values...)
			now = op.Return + 1
			if rng.IntN(5) == 0 {
				unknown(op)
			}
			ops = append(ops, op)
		}
		read := final(fetch(now+1, now+2, 0, int64(len(log)), log...))
		ops = append(ops, read)
		if v := Check(ops, Options{}).Violations; len(v) > 0 {
			t.Fatalf("round %d: legal history: %v", round, v)
		}
		i := rng.IntN(len(log))
		read.Records[i].Value = history.NewValue(7, 7)
		if len(Check(ops, Options{}).Violations) == 0 {
			t.Fatalf("round %d: a changed record at %d passes", round, i)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	var ops []*history.Op
	var log []history.Value
	for i := range 10000 {
		op := produce(i%8, uint64(i), 1, uint64(2*i+1), uint64(2*i+2), int64(i))
		log = append(log, op.Values...)
		ops = append(ops, op)
	}
	ops = append(ops, final(fetch(30000, 30001, 0, int64(len(log)), log...)))
	b.ReportAllocs()
	for b.Loop() {
		Check(ops, Options{})
	}
}
