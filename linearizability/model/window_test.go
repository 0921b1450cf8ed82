package model

import (
	"math/rand/v2"
	"testing"

	"github.com/highwater-log/highwater/linearizability/check"
	"github.com/highwater-log/highwater/linearizability/history"
)

// run makes a legal history: n concurrent appends with overlapping calls, some of unknown outcome, reads between them.
func run(rng *rand.Rand, n int) []*history.Op {
	var ops []*history.Op
	var log []history.Value
	now := uint64(10)
	for i := range n {
		v := history.NewValue(i%5, uint64(i))
		op := &history.Op{
			Client: i % 5, Kind: history.Produce, Topic: "t", Invoke: now - uint64(rng.IntN(8)), Return: now + uint64(rng.IntN(8)) + 1,
			Outcome: history.OK, Acks: -1, Attempts: 1, Values: []history.Value{v}, Offset: int64(len(log)), PID: int64(i % 5),
		}
		if rng.IntN(6) == 0 {
			op.Outcome, op.Return, op.Offset = history.Unknown, 0, -1
		}
		if op.Outcome == history.OK || rng.IntN(2) == 0 {
			log = append(log, v)
		}
		ops = append(ops, op)
		now += 3
		if rng.IntN(4) == 0 {
			now += 20
			ops = append(ops, &history.Op{
				Client: 7, Kind: history.ListOffsets, Topic: "t", Invoke: now, Return: now + 1, Outcome: history.OK,
				Timestamp: -1, Offset: int64(len(log)),
			})
			now += 20
		}
	}
	read := &history.Op{Client: 8, Kind: history.Fetch, Topic: "t", Invoke: now + 50, Return: now + 51, Outcome: history.OK,
		HighWatermark: int64(len(log)), Final: true}
	for i, v := range log {
		read.Records = append(read.Records, history.Record{Offset: int64(i), Value: v})
	}
	return append(ops, read)
}

func TestCheck_LegalWindows(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		for _, w := range Check(run(rng, 120), Options{MaxOps: 60, Windows: 4}) {
			if w.Verdict != Legal || w.Ops == 0 {
				t.Fatalf("window of a legal history: %+v", w)
			}
		}
	}
}

// Swapping two acknowledged offsets that real time orders is found by both judges.
func TestCheck_AgreesWithDirectChecker(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range 50 {
		ops := run(rng, 60)
		i, j := rng.IntN(20), 30+rng.IntN(20)
		var acked []*history.Op
		for _, op := range ops {
			if op.Acked() {
				acked = append(acked, op)
			}
		}
		a, b := acked[i], acked[j%len(acked)]
		a.Offset, b.Offset = b.Offset, a.Offset
		direct := len(check.Check(ops, check.Options{}).Violations) > 0
		searched := false
		for _, w := range Check(ops, Options{}) {
			searched = searched || w.Verdict == Illegal
		}
		if !direct || !searched {
			t.Fatalf("swapped offsets %d and %d: direct checker %v, search %v", a.Offset, b.Offset, direct, searched)
		}
		found++
	}
	if found != 50 {
		t.Fatalf("%d swaps judged", found)
	}
}
