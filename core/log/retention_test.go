package log

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// aged is a log of segments with a batch of size bytes each, at the timestamps given.
func aged(size int64, timestamps ...int64) *Log {
	l := New(Settings{SegmentBytes: size, IndexInterval: 1 << 20}, 0)
	for i, ts := range timestamps {
		if l.NeedsRoll(size, ts) {
			l.Roll()
		}
		l.Append(int64(i), int64(i)+1, size, 0, ts)
	}
	l.Flush(l.End())
	return l
}

func TestNeedsRoll_ByTheAgeThatRecordsTell(t *testing.T) {
	l := New(Settings{SegmentBytes: 1000, SegmentMs: 50, IndexInterval: 1 << 20}, 0)
	if l.NeedsRoll(10, 1_000) {
		t.Error("an empty segment is rolled")
	}
	l.Append(0, 1, 10, 0, 1_000)
	l.Append(1, 2, 10, 0, 1_040) // counts for nothing: the first batch does
	for ts, want := range map[int64]bool{900: false, 1_050: false, 1_051: true, -1: false} {
		if got := l.NeedsRoll(10, ts); got != want {
			t.Errorf("a batch at %d rolls: %v", ts, got)
		}
	}
	l, _, err := Decode(l.settings, l.AppendTo(nil))
	if err != nil || !l.NeedsRoll(10, 1_051) {
		t.Errorf("the age is forgotten in a checkpoint: %v", err)
	}
	l.SetSegments(1000, 0)
	if l.NeedsRoll(10, 1<<60) || !l.NeedsRoll(990, 0) {
		t.Error("without a limit of age, only size rolls")
	}
}

func TestRetire(t *testing.T) {
	const forever = -1
	for _, c := range []struct {
		name        string
		l           *Log
		bytes, ms   int64
		bound, wall int64
		want        int64
	}{
		{"no limits", aged(10, 1, 2, 3), forever, forever, 3, 1 << 50, 0},
		{"too old", aged(10, 1, 2, 30, 40), forever, 20, 4, 40, 2},
		{"the active one too", aged(10, 1, 2, 3), forever, 20, 3, 100, 3},
		{"an old one behind a young one stays", aged(10, 50, 1, 60), forever, 20, 3, 60, 0},
		{"not above the high watermark", aged(10, 1, 2, 3), forever, 20, 1, 100, 1},
		{"part of a segment is above it", aged(30, 1, 2, 3), forever, 20, 0, 100, 0},
		{"exactly as old as allowed", aged(10, 80, 90), forever, 20, 2, 100, 0},
		{"too large", aged(10, 1, 2, 3, 4), 25, forever, 4, 1 << 50, 1},
		{"exactly as large as allowed", aged(10, 1, 2, 3, 4), 20, forever, 4, 1 << 50, 2},
		{"nothing is wanted", aged(10, 1, 2), 0, forever, 2, 1 << 50, 2},
		{"both limits", aged(10, 1, 90, 95), 20, 20, 3, 100, 1},
	} {
		if got, more := c.l.Retire(Retention{Bytes: c.bytes, Ms: c.ms}, c.bound, c.wall); got != c.want || more {
			t.Errorf("%s: begins at %d, want %d", c.name, got, c.want)
		}
	}
}

// A timestamp that lies ahead of the clock, or none at all, holds its segment for as long as it rests, and not for ever.
func TestRetire_TimestampsThatTellNothing(t *testing.T) {
	r := Retention{Bytes: -1, Ms: 100}
	for name, ts := range map[string]int64{"ahead": 1 << 60, "none": -1} {
		l := aged(10, ts, 5_000)
		at := func(wall int64) int64 { start, _ := l.Retire(r, l.End(), wall); return start }
		if got := at(1_000); got != 0 {
			t.Fatalf("%s: gone at first sight", name)
		}
		var err error
		if l, _, err = Decode(l.settings, l.AppendTo(nil)); err != nil {
			t.Fatal(err)
		}
		if got := at(1_100); got != 0 {
			t.Errorf("%s: gone too early", name)
		}
		if got := at(1_101); got != 1 {
			t.Errorf("%s: it stays for ever, also over a checkpoint", name)
		}
		l = aged(10, ts)
		at(1_000)
		l.SetSegments(100, 0)
		l.Append(1, 2, 10, 0, ts)
		l.Flush(2)
		if got := at(1_101); got != 0 {
			t.Errorf("%s: what was appended since is taken for old", name)
		}
		l = aged(10, ts)
		if at(1 << 50); at(1_000) != 0 || at(1_100) != 0 || at(1_101) != 1 {
			t.Errorf("%s: a clock that was ahead holds it", name)
		}
	}
}

// Whatever a log looks like, what goes is a prefix of whole segments below the bound, each of which had to go by size or
// by age at its turn, and the one behind them did not have to, or was not allowed to.
func TestRetire_TakesWhatMustGoAndNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		timestamps := rapid.SliceOfN(rapid.Int64Range(0, 100), 1, 50).Draw(t, "timestamps")
		l := aged(10, timestamps...)
		r := Retention{Bytes: rapid.Int64Range(-1, 300).Draw(t, "bytes"), Ms: rapid.Int64Range(-1, 60).Draw(t, "ms")}
		bound, wall := rapid.Int64Range(0, l.End()).Draw(t, "bound"), rapid.Int64Range(100, 120).Draw(t, "wall")
		var want []bool
		left := int64(len(timestamps)) * 10
		for i, ts := range timestamps {
			goes := int64(i) < bound && (r.Bytes >= 0 && left-10 >= r.Bytes || r.Ms >= 0 && wall-ts > r.Ms)
			want, left = append(want, goes), left-10
		}
		n := slices.Index(append(want, false), false)
		start, more := l.Retire(r, bound, wall)
		if n < maxRetire && (start != int64(n) || more) || n >= maxRetire && (start != maxRetire || !more) {
			t.Fatalf("begins at %d, more %v, want %d", start, more, n)
		}
		l.Flush(l.End())
		if gone := l.Advance(start); len(gone) != min(int(start), len(timestamps)-1) {
			t.Fatalf("%d segments leave the books at %d", len(gone), start)
		}
	})
}

func TestDecode_ReadsVersion1(t *testing.T) {
	l := aged(10, 7, 8)
	p := l.AppendTo(nil)
	old := append([]byte{1}, p[1:len(p)-2*segmentSize]...)
	for i := range 2 {
		at := len(p) - (2-i)*segmentSize
		old = append(old, p[at:at+segmentSize1]...)
	}
	d, rest, err := Decode(l.settings, old)
	if err != nil || len(rest) > 0 || d.End() != 2 || d.Segments()[1].MaxTimestamp != 8 || d.Segments()[0].First != -1 {
		t.Errorf("%+v, %d bytes left, %v", d, len(rest), err)
	}
	if _, _, err := Decode(l.settings, append([]byte{3}, p[1:]...)); err == nil {
		t.Error("a version of the future is guessed at")
	}
}
