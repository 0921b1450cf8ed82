package log

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var settings = Settings{SegmentBytes: 400, IndexInterval: 60}

// batch is what the naive log remembers of one append.
type batch struct {
	base, next, size, ts int64
	epoch                int32
	segment              int64 // base of its segment
	pos                  int64
}

// naive is a log as a plain list.
type naive struct {
	start, base int64
	batches     []batch
	epochs      []EpochEntry
}

func (n *naive) end() int64 {
	if k := len(n.batches); k > 0 {
		return n.batches[k-1].next
	}
	return n.base
}

func (n *naive) endOffsetFor(epoch int32) (int32, int64) {
	found := -1
	for i, e := range n.epochs {
		if e.Epoch <= epoch {
			found = i
		}
	}
	switch {
	case found < 0:
		return -1, -1
	case found == len(n.epochs)-1:
		return n.epochs[found].Epoch, n.end()
	}
	return n.epochs[found].Epoch, n.epochs[found+1].Start
}

func (n *naive) assign(epoch int32, start int64) {
	if k := len(n.epochs); k > 0 && n.epochs[k-1].Epoch == epoch {
		return
	}
	n.epochs = slices.DeleteFunc(n.epochs, func(e EpochEntry) bool { return e.Start >= start })
	n.epochs = append(n.epochs, EpochEntry{epoch, start})
}

func (n *naive) advance(to int64) {
	if to <= n.start {
		return
	}
	n.start = to
	n.batches = slices.DeleteFunc(n.batches, func(b batch) bool { return b.next <= to })
	n.base = max(n.base, to)
	for len(n.epochs) > 1 && n.epochs[1].Start <= to {
		n.epochs = n.epochs[1:]
	}
	if len(n.epochs) > 0 && n.epochs[0].Start < to {
		n.epochs = slices.Clone(n.epochs)
		n.epochs[0].Start = to
	}
}

func TestLog_EqualsAListOfBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Int64Range(0, 5).Draw(t, "base")
		l, n := New(settings, base), &naive{start: base, base: base}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			switch k := rapid.IntRange(0, 9).Draw(t, "what"); {
			case k < 6:
				size := rapid.Int64Range(61, 300).Draw(t, "size")
				if l.NeedsRoll(size, -1) {
					l.Roll()
				}
				b := batch{base: n.end(), size: size, ts: rapid.Int64Range(0, 50).Draw(t, "ts"), epoch: max(l.LastEpoch(), 0)}
				b.next = b.base + rapid.Int64Range(1, 3).Draw(t, "count")
				b.segment, b.pos = l.Active().Base, l.Active().Size
				l.Shed()
				l.Append(b.base, b.next, b.size, b.epoch, b.ts)
				n.assign(b.epoch, b.base)
				n.batches = append(n.batches, b)
			case k == 6:
				epoch := l.LastEpoch() + rapid.Int32Range(0, 2).Draw(t, "epoch")
				if epoch >= 0 {
					l.Assign(epoch, l.End())
					n.assign(epoch, n.end())
				}
			case k == 7:
				truncate(t, l, n)
			case k == 8 && rapid.Bool().Draw(t, "advance"):
				to := rapid.Int64Range(l.Start(), l.Flushed()).Draw(t, "start")
				l.Advance(to)
				n.advance(to)
			case k == 8:
				l.Flush(rapid.Int64Range(l.Flushed(), l.End()).Draw(t, "flushed"))
			default:
				l = recode(t, l)
			}
			compare(t, l, n)
		}
	})
}

// truncate cuts both at a batch, or at the end, where only epochs go.
func truncate(t *rapid.T, l *Log, n *naive) {
	to, size := n.end(), l.Active().Size
	if k := len(n.batches); k > 0 && rapid.Bool().Draw(t, "data") {
		if b := n.batches[rapid.IntRange(0, k-1).Draw(t, "at")]; b.base >= n.start {
			to, size = b.base, b.pos
		}
	}
	generation := l.Generation()
	l.Truncate(to, size)
	if l.Generation() != generation+1 {
		t.Fatalf("a truncation leaves generation %d", generation)
	}
	n.batches = slices.DeleteFunc(n.batches, func(b batch) bool { return b.next > to })
	n.epochs = slices.DeleteFunc(n.epochs, func(e EpochEntry) bool { return e.Start >= to })
}

// recode replaces l by what a checkpoint keeps of it, and rebuilds the index that is not in it.
func recode(t *rapid.T, l *Log) *Log {
	flushed := l.Flushed()
	r, rest, err := Decode(settings, l.AppendTo(nil))
	if err != nil || len(rest) > 0 {
		t.Fatalf("decoding: %v, %d bytes left", err, len(rest))
	}
	if r.Flushed() != r.End() || r.Start() != l.Start() || r.End() != l.End() || r.Generation() != l.Generation() {
		t.Fatalf("decoded [%d, %d) from [%d, %d)", r.Start(), r.End(), l.Start(), l.End())
	}
	r.flushed = flushed
	return r
}

func compare(t *rapid.T, l *Log, n *naive) {
	if l.End() != n.end() || l.Start() > l.Flushed() || l.Flushed() > l.End() {
		t.Fatalf("log is [%d, %d), flushed %d, want end %d", l.Start(), l.End(), l.Flushed(), n.end())
	}
	if l.Start() != n.start {
		t.Fatalf("the log begins at %d, want %d", l.Start(), n.start)
	}
	for i, s := range l.Segments() {
		if s.End <= l.Start() && i+1 < len(l.Segments()) {
			t.Fatalf("segment [%d, %d) is kept below the start %d", s.Base, s.End, l.Start())
		}
	}
	if !slices.Equal(l.Epochs(), n.epochs) {
		t.Fatalf("epochs %v, want %v", l.Epochs(), n.epochs)
	}
	for epoch := int32(-1); epoch < 12; epoch++ {
		e, end := l.EndOffsetFor(epoch)
		if we, wend := n.endOffsetFor(epoch); e != we || end != wend {
			t.Fatalf("epoch %d ends at (%d, %d), want (%d, %d)", epoch, e, end, we, wend)
		}
	}
	for i, b := range n.batches {
		s, pos := l.Locate(b.next - 1)
		if l.Segments()[s].Base != b.segment || pos > b.pos {
			t.Fatalf("offset %d is looked for in %d at %d, it is in %d at %d", b.next-1, l.Segments()[s].Base, pos, b.segment, b.pos)
		}
		if at := l.LocateTime(l.Find(b.base), b.ts); at > b.pos {
			t.Fatalf("timestamp %d is looked for from %d on, a batch with it is at %d", b.ts, at, b.pos)
		}
		if l.Segments()[s].MaxTimestamp < b.ts {
			t.Fatalf("segment %d has a bound of %d, and a batch at %d", b.segment, l.Segments()[s].MaxTimestamp, b.ts)
		}
		real := int64(0)
		for _, c := range n.batches[i:] {
			real += c.size
			if got := l.BytesBetween(max(b.base, n.start), c.next); got <= 0 || got > real {
				t.Fatalf("[%d, %d) is estimated at %d bytes, it has %d", b.base, c.next, got, real)
			}
		}
	}
	if got := l.BytesBetween(l.End(), l.End()); got != 0 {
		t.Fatalf("nothing is estimated at %d bytes", got)
	}
}

func TestLog_TruncationAtTheEndTrimsEpochs(t *testing.T) {
	l := New(settings, 0)
	l.Append(0, 5, 100, 0, -1)
	l.Assign(3, 5)
	l.Truncate(5, 100)
	if l.LastEpoch() != 0 {
		t.Errorf("epoch %d survives a truncation to its start", l.LastEpoch())
	}
	if e, end := l.EndOffsetFor(0); e != 0 || end != 5 {
		t.Errorf("epoch 0 ends at (%d, %d)", e, end)
	}
}

func TestLog_GapKeepsWhatFollows(t *testing.T) {
	l := New(settings, 0)
	l.Append(0, 5, 100, 0, 7)
	l.Gap(9)
	l.Append(9, 12, 80, 1, 8)
	l, _, err := Decode(settings, l.AppendTo(nil))
	if err != nil {
		t.Fatal(err)
	}
	if s, pos := l.Locate(10); l.Segments()[s].Base != 9 || pos != 0 || l.End() != 12 {
		t.Errorf("offset 10 is in segment %d at %d, the log ends at %d", l.Segments()[s].Base, pos, l.End())
	}
}

func TestLog_AdvanceDropsWholeSegmentsOnly(t *testing.T) {
	l := New(settings, 0)
	for i := range int64(3) {
		l.Append(l.End(), l.End()+10, 200, int32(i), -1)
		l.Roll()
	}
	l.Flush(30)
	if gone := l.Advance(15); !slices.Equal(gone, []int64{0}) || l.Start() != 15 {
		t.Errorf("gone %v, start %d", gone, l.Start())
	}
	if want := []EpochEntry{{1, 15}, {2, 20}}; !slices.Equal(l.Epochs(), want) {
		t.Errorf("epochs %v, want %v", l.Epochs(), want)
	}
	if gone := l.Advance(12); gone != nil || l.Start() != 15 {
		t.Errorf("the start goes back to %d", l.Start())
	}
}

func TestScanner_BuildsTheIndexThatAppendsBuild(t *testing.T) {
	l, x := New(settings, 0), NewScanner(settings.IndexInterval)
	for i := range int64(20) {
		x.Batch(i, l.Active().Size, i%7)
		l.Append(i, i+1, 61+i, 0, i%7)
	}
	want := l.Active().Index.Entries
	r, _, err := Decode(settings, l.AppendTo(nil))
	if err != nil {
		t.Fatal(err)
	}
	r.KnowIndex(0, x.Index)
	if got := r.Active().Index; got.From != 0 || !slices.Equal(got.Entries, want) {
		t.Errorf("scanned %v, want %v", got.Entries, want)
	}
}

// However much of an index a file has, a walk over the rest makes the index that appends made.
func TestScanner_GoesOnBehindAPrefix(t *testing.T) {
	l := New(settings, 5)
	type placed struct{ base, pos, ts int64 }
	var batches []placed
	for i := range int64(40) {
		batches = append(batches, placed{5 + i, l.Active().Size, i % 7})
		l.Append(5+i, 6+i, 61+i, 0, i%7)
	}
	g := l.Active()
	for at := int64(0); at <= g.Size; at++ {
		part := g.Below(at)
		if part.Size > at || part.Size < at-2*settings.IndexInterval-200 || part.Base != 5 {
			t.Fatalf("below %d there are %d bytes", at, part.Size)
		}
		for _, b := range batches {
			if (b.pos < part.Size) != (b.base < part.End) {
				t.Fatalf("below %d it ends at offset %d, byte %d; batch %d lies at %d", at, part.End, part.Size, b.base, b.pos)
			}
		}
		x, offset, pos := Resume(settings.IndexInterval, 5, part.Index)
		for _, b := range batches {
			if (b.pos < pos) != (b.base < offset) {
				t.Fatalf("the walk begins at offset %d, byte %d; batch %d lies at %d", offset, pos, b.base, b.pos)
			}
			if b.pos >= pos {
				x.Batch(b.base, b.pos, b.ts)
			}
		}
		if !slices.Equal(x.Index.Entries, g.Index.Entries) {
			t.Fatalf("from %d on: %v, want %v", pos, x.Index.Entries, g.Index.Entries)
		}
	}
}

func FuzzDecode(f *testing.F) {
	l := New(settings, 3)
	l.Append(3, 5, 100, 0, 7)
	f.Add(l.AppendTo(nil))
	f.Fuzz(func(t *testing.T, p []byte) {
		l, rest, err := Decode(settings, p)
		if err != nil {
			return
		}
		if again := l.AppendTo(nil); p[0] == codecVersion && string(again) != string(p[:len(p)-len(rest)]) {
			t.Errorf("%x becomes %x", p, again)
		}
		l.BytesBetween(l.Start(), l.End())
		l.EndOffsetFor(l.LastEpoch())
	})
}
