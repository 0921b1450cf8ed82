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

// A log may begin in the middle of an append: what is left of that one explains nothing, and contradicts nothing.
func TestCheck_ALogMayBeginInsideAnAppend(t *testing.T) {
	for _, outcome := range []history.Outcome{history.OK, history.Unknown} {
		values := []history.Value{history.NewValue(0, 0), history.NewValue(0, 1), history.NewValue(0, 2)}
		first := &history.Op{Client: 0, Kind: history.Produce, Topic: "t", Invoke: 1, Return: 2, Outcome: outcome, Acks: -1,
			Attempts: 1, Values: values[:2], Offset: 0, PID: -1}
		second := &history.Op{Client: 0, Kind: history.Produce, Topic: "t", Invoke: 5, Return: 6, Outcome: history.OK, Acks: -1,
			Attempts: 1, Values: values[2:], Offset: 2, PID: -1}
		if outcome == history.Unknown {
			first.Return, first.Offset = 0, -1
		}
		latest := func(at uint64, offset int64) *history.Op {
			return &history.Op{Client: 1, Kind: history.ListOffsets, Topic: "t", Invoke: at, Return: at + 1, Outcome: history.OK,
				Timestamp: -1, Offset: offset}
		}
		read := &history.Op{Client: 2, Kind: history.Fetch, Topic: "t", Invoke: 20, Return: 21, Outcome: history.OK,
			HighWatermark: 3, LogStart: 1, Final: true,
			Records: []history.Record{{Offset: 1, Value: values[1]}, {Offset: 2, Value: values[2]}}}
		for _, w := range Check([]*history.Op{first, latest(3, 2), second, latest(8, 3), read}, Options{}) {
			if w.Verdict != Legal || w.From != 2 {
				t.Errorf("%s: window of a legal history: %+v", outcome, w)
			}
		}
		for _, w := range Check([]*history.Op{first, second, latest(8, 2), read}, Options{}) {
			if w.Verdict != Illegal {
				t.Errorf("%s: an end that goes back: %+v", outcome, w)
			}
		}
	}
}
