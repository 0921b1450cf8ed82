package producer

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// batch makes a batch of count records by producer id, in its epoch, from the sequence on, as if it lay at base.
func newBatch(id int64, epoch int16, sequence, count int32, base int64) record.Batch {
	w := record.NewBuilder()
	w.ProducerID, w.ProducerEpoch, w.BaseSequence, w.BaseOffset = id, epoch, sequence, base
	for range count {
		w.Add(0, nil, nil)
	}
	return w.Build()
}

const last = 1<<31 - 1 // the last sequence before the wrap

func TestCheck_FollowsTheRules(t *testing.T) {
	duplicate := func(base, end int64) Verdict { return Verdict{Duplicate, event.CodeNone, base, end} }
	forgotten := func(end int64) Verdict { return Verdict{Duplicate, event.CodeDuplicateSequence, -1, end} }
	// Each case applies batches of producer 7, epoch 2, one behind the other from offset 100 on, then checks one.
	type span struct{ sequence, count int32 }
	window := []span{{40, 10}, {50, 1}, {51, 9}, {60, 5}, {65, 5}, {70, 10}} // the first is out of the window
	wrapped := []span{{last - 10, 10}, {last, 3}, {2, 4}}
	full := []span{{last - 20, 10}, {last - 10, 10}, {last, 1}, {0, 1}, {1, 1}, {2, 1}}
	for _, c := range []struct {
		name            string
		applied         []span
		epoch           int16
		sequence, count int32
		want            Verdict
	}{
		{"unknown producer, sequence 0", nil, 0, 0, 1, accept()},
		{"unknown producer, any sequence", nil, 3, 999, 5, accept()},

		{"next sequence", window, 2, 80, 3, accept()},
		{"gap", window, 2, 81, 3, refuse(event.CodeOutOfOrderSequence)},
		{"gap by half of the sequences", window, 2, 1 << 30, 1, refuse(event.CodeOutOfOrderSequence)},

		{"older epoch", window, 1, 80, 3, refuse(event.CodeInvalidProducerEpoch)},
		{"older epoch, exact repeat", window, 1, 70, 10, refuse(event.CodeInvalidProducerEpoch)},
		{"newer epoch from 0", window, 3, 0, 3, accept()},
		{"newer epoch goes on", window, 3, 80, 3, refuse(event.CodeOutOfOrderSequence)},
		{"newer epoch repeats", window, 3, 70, 10, refuse(event.CodeOutOfOrderSequence)},

		{"repeat of the last", window, 2, 70, 10, duplicate(130, 140)},
		{"repeat of the fifth last", window, 2, 50, 1, duplicate(110, 111)},
		{"repeat of the sixth last", window, 2, 40, 10, forgotten(110)},
		{"part of the sixth last", window, 2, 43, 2, forgotten(110)},
		{"below the first known", window, 2, 30, 10, refuse(event.CodeOutOfOrderSequence)},
		{"across the first known", window, 2, 35, 10, refuse(event.CodeOutOfOrderSequence)},
		{"across the window's start", window, 2, 49, 2, refuse(event.CodeOutOfOrderSequence)},
		{"a part of the last", window, 2, 70, 9, refuse(event.CodeOutOfOrderSequence)},
		{"two of the window at once", window, 2, 60, 10, refuse(event.CodeOutOfOrderSequence)},
		{"the last and more", window, 2, 70, 11, refuse(event.CodeOutOfOrderSequence)},

		{"next after the wrap", wrapped, 2, 6, 1, accept()},
		{"repeat across the wrap", wrapped, 2, last, 3, duplicate(110, 113)},
		{"repeat before the wrap", wrapped, 2, last - 10, 10, duplicate(100, 110)},
		{"below the first known, across the wrap", wrapped, 2, last - 11, 1, refuse(event.CodeOutOfOrderSequence)},
		{"next is 0", []span{{last, 1}}, 2, 0, 1, accept()},
		{"next would be 2^31", []span{{last - 1, 2}}, 2, 1, 1, refuse(event.CodeOutOfOrderSequence)},
		{"window full across the wrap", full, 2, last - 20, 10, forgotten(110)},
	} {
		table := New(10)
		at := int64(100)
		for _, s := range c.applied {
			b := newBatch(7, 2, s.sequence, s.count, at)
			if v := table.Check(b); v != accept() {
				t.Fatalf("%s: batch at sequence %d: %+v", c.name, s.sequence, v)
			}
			table.Apply(b)
			at = b.NextOffset()
		}
		if got := table.Check(newBatch(7, c.epoch, c.sequence, c.count, 0)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if got := table.Check(newBatch(8, 0, 77, 1, 0)); got != accept() {
			t.Errorf("%s: another producer: %+v", c.name, got)
		}
	}
}

func TestTable_LooksAwayWhereThereIsNoProducer(t *testing.T) {
	table := New(10)
	plain := newBatch(-1, -1, -1, 2, 0)
	control := record.LeaderChange(0, 0, 0, 1, nil, nil)
	for _, b := range []record.Batch{plain, control} {
		table.Apply(b)
		if v := table.Check(b); v != accept() || table.Len() != 0 {
			t.Errorf("%+v, %d producers", v, table.Len())
		}
	}
}

// What a log holds is a fact: Apply takes a gap, an older epoch, a sequence again, and goes on from there.
func TestApply_TakesWhatTheLogHolds(t *testing.T) {
	table := New(10)
	table.Apply(newBatch(7, 5, 0, 10, 0))
	table.Apply(newBatch(7, 5, 50, 10, 10)) // a gap: the producer was forgotten in between
	if v := table.Check(newBatch(7, 5, 0, 10, 0)); v != refuse(event.CodeOutOfOrderSequence) {
		t.Errorf("before the gap: %+v", v)
	}
	if v := table.Check(newBatch(7, 5, 20, 10, 0)); v != refuse(event.CodeOutOfOrderSequence) {
		t.Errorf("inside the gap: %+v", v)
	}
	if v := table.Check(newBatch(7, 5, 50, 10, 0)); v.Kind != Duplicate || v.Base != 10 || v.End != 20 {
		t.Errorf("behind the gap: %+v", v)
	}
	table.Apply(newBatch(7, 4, 3, 1, 20))
	if v := table.Check(newBatch(7, 4, 4, 1, 0)); v != accept() {
		t.Errorf("older epoch: %+v", v)
	}
}

func TestTable_TheOneThatWroteLongestAgoMakesRoom(t *testing.T) {
	table := New(2)
	table.Apply(newBatch(1, 0, 0, 1, 0))
	table.Apply(newBatch(2, 0, 0, 1, 1))
	table.Apply(newBatch(1, 0, 1, 1, 2))
	table.Apply(newBatch(3, 0, 0, 1, 3)) // 2 goes
	if table.Len() != 2 || table.Evicted() != 1 {
		t.Errorf("%d producers, %d evicted", table.Len(), table.Evicted())
	}
	if table.Check(newBatch(2, 0, 0, 1, 0)).Kind != Append || table.Check(newBatch(1, 0, 1, 1, 0)).Kind != Duplicate {
		t.Error("the wrong one went")
	}
	other := New(1)
	err := other.Load(table.AppendTo(nil))
	if err != nil || other.Len() != 1 || other.Check(newBatch(3, 0, 0, 1, 0)).Kind != Duplicate {
		t.Errorf("a smaller table kept the wrong one: %v", err)
	}
}

func TestExpire(t *testing.T) {
	table := New(10)
	table.Apply(newBatch(1, 0, 0, 1, 0))
	table.Apply(newBatch(2, 0, 0, 1, 1))
	if n := table.Expire(1000, 50); n != 0 {
		t.Errorf("%d forgotten although they just wrote", n)
	}
	table.Apply(newBatch(2, 0, 1, 1, 2))
	if n := table.Expire(1050, 50); n != 0 {
		t.Errorf("%d forgotten at the limit", n)
	}
	if n := table.Expire(1051, 50); n != 1 || table.Check(newBatch(1, 0, 0, 1, 0)).Kind != Append {
		t.Errorf("%d forgotten, 1 should be", n)
	}
	if table.Check(newBatch(2, 0, 1, 1, 0)).Kind != Duplicate {
		t.Error("the one that wrote was forgotten")
	}
	again := New(10)
	if err := again.Load(table.AppendTo(nil)); err != nil || again.Expire(9999, 50) != 0 || again.Len() != 1 {
		t.Errorf("loading does not count as writing: %v", err)
	}
	if n := table.Expire(1101, 50); n != 1 || table.Len() != 0 {
		t.Errorf("%d forgotten, %d left", n, table.Len())
	}
}

// naive is the table as the package doc defines it: the whole history of applied batches.
type naive struct{ log []record.Batch }

func (n *naive) check(b record.Batch) Verdict {
	var run []record.Batch // the newest batches of the producer that follow each other
	for _, l := range n.log {
		if l.ProducerID() != b.ProducerID() {
			continue
		}
		if len(run) > 0 {
			p := run[len(run)-1]
			if p.ProducerEpoch() != l.ProducerEpoch() || int64(l.BaseSequence()) != (int64(p.LastSequence())+1)%(1<<31) {
				run = nil
			}
		}
		run = append(run, l)
	}
	if len(run) == 0 {
		return accept()
	}
	epoch := run[0].ProducerEpoch()
	next := (int64(run[len(run)-1].LastSequence()) + 1) % (1 << 31)
	switch {
	case b.ProducerEpoch() < epoch:
		return refuse(event.CodeInvalidProducerEpoch)
	case b.ProducerEpoch() > epoch && b.BaseSequence() == 0, b.ProducerEpoch() == epoch && int64(b.BaseSequence()) == next:
		return accept()
	case b.ProducerEpoch() > epoch:
		return refuse(event.CodeOutOfOrderSequence)
	}
	window := run[max(0, len(run)-5):]
	for _, w := range window {
		if w.BaseSequence() == b.BaseSequence() && w.LastSequence() == b.LastSequence() {
			return Verdict{Kind: Duplicate, Base: w.BaseOffset(), End: w.NextOffset()}
		}
	}
	forgotten := map[int32]bool{}
	for _, r := range run[:len(run)-len(window)] {
		for i := range r.LastOffsetDelta() + 1 {
			forgotten[int32((int64(r.BaseSequence())+int64(i))%(1<<31))] = true
		}
	}
	for i := range b.LastOffsetDelta() + 1 {
		if !forgotten[int32((int64(b.BaseSequence())+int64(i))%(1<<31))] {
			return refuse(event.CodeOutOfOrderSequence)
		}
	}
	return Verdict{Kind: Duplicate, Code: event.CodeDuplicateSequence, Base: -1, End: window[0].BaseOffset()}
}

func TestTable_EqualsTheWholeHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, model := New(10), naive{}
		at := int64(0)
		origin := rapid.SampledFrom([]int32{0, 40, last - 12}).Draw(t, "origin")
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			id := rapid.Int64Range(1, 2).Draw(t, "producer")
			epoch := int16(rapid.IntRange(0, 9).Draw(t, "epoch") / 8)
			sequence := int32((int64(origin) + rapid.Int64Range(0, 24).Draw(t, "sequence")) % (1 << 31))
			if next := nextOf(model.log, id); next >= 0 && rapid.IntRange(0, 2).Draw(t, "in order") > 0 {
				sequence = next
			}
			b := newBatch(id, epoch, sequence, rapid.Int32Range(1, 4).Draw(t, "count"), at)
			got, want := table.Check(b), model.check(b)
			if got != want {
				t.Fatalf("producer %d epoch %d sequence %d..%d: %+v, want %+v", id, epoch, sequence, b.LastSequence(), got, want)
			}
			if rapid.IntRange(0, 9).Draw(t, "replay") == 0 || got.Kind == Append {
				table.Apply(b)
				model.log = append(model.log, b)
				at = b.NextOffset()
			}
			if rapid.IntRange(0, 9).Draw(t, "reload") == 0 {
				reload(t, table)
			}
		}
	})
}

// nextOf is the sequence that follows the producer's last batch; -1 where there is none.
func nextOf(log []record.Batch, id int64) int32 {
	for _, b := range slices.Backward(log) {
		if b.ProducerID() == id {
			return after(b.LastSequence())
		}
	}
	return -1
}

// reload writes the table out and reads it back.
func reload(t *rapid.T, table *Table) {
	p := table.AppendTo([]byte("x"))[1:]
	if err := table.Load(p); err != nil {
		t.Fatal(err)
	}
	if again := table.AppendTo(nil); !slices.Equal(p, again) {
		t.Fatalf("% x becomes % x", p, again)
	}
}

func TestCheckAndApply_DoNotAllocateOnceKnown(t *testing.T) {
	table := New(10)
	b := newBatch(7, 0, 0, 1, 0)
	table.Apply(b)
	if n := testing.AllocsPerRun(50, func() {
		table.Check(b)
		table.Apply(b)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCheckApply(b *testing.B) {
	for _, producers := range []int{1, 10000} {
		b.Run(fmt.Sprint(producers), func(b *testing.B) {
			table := New(producers)
			batches := make([]record.Batch, producers)
			for i := range batches {
				batches[i] = newBatch(int64(i), 0, 0, 1, 0)
			}
			i := 0
			for b.Loop() {
				table.Check(batches[i%producers])
				table.Apply(batches[i%producers])
				i++
			}
		})
	}
}
