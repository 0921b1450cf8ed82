package quorum

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
)

var update = flag.Bool("update", false, "rewrite testdata/describe.txt")

func members() *rapid.Generator[[]Member] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Member {
		return Member{
			Node:      event.NodeID(rapid.IntRange(0, 9).Draw(t, "node")),
			Committed: rapid.Bool().Draw(t, "committed"),
			Proposed:  rapid.Bool().Draw(t, "proposed"),
			Flushed:   rapid.Int64Range(-1, 6).Draw(t, "flushed"),
		}
	}), 0, 7)
}

// naiveHW tries every offset: it is committed if all of the maximal set have it and the committed set is large enough.
func naiveHW(ms []Member, m int) (int64, bool) {
	committed := 0
	for _, v := range ms {
		if v.Committed {
			committed++
		}
	}
	if committed < max(m, 1) {
		return -1, false
	}
	hw := int64(-1)
	for at := int64(0); at <= 6; at++ {
		all := true
		for _, v := range ms {
			all = all && (!v.Committed && !v.Proposed || v.Flushed >= at)
		}
		if all {
			hw = at
		}
	}
	return hw, hw >= 0
}

func TestHighWatermark_EqualsTryingEveryOffset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := members().Draw(t, "members")
		m := rapid.IntRange(0, 4).Draw(t, "m")
		got, ok := HighWatermark(ms, m)
		want, wantOK := naiveHW(ms, m)
		if got != want || ok != wantOK {
			t.Fatalf("%d %v, want %d %v\n%s", got, ok, want, wantOK, Describe(ms, m))
		}
	})
}

// A larger maximal set never moves the high watermark up, and neither does a larger m.
func TestHighWatermark_IsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := members().Draw(t, "members")
		m := rapid.IntRange(1, 4).Draw(t, "m")
		hw, ok := HighWatermark(ms, m)
		more := append(slices.Clone(ms), Member{Proposed: true, Flushed: rapid.Int64Range(-1, 6).Draw(t, "end")})
		if hw2, ok2 := HighWatermark(more, m); ok2 && (!ok && hasCommitted(ms) || ok && hw2 > hw) {
			t.Fatalf("a proposed member moved the high watermark from %d to %d", hw, hw2)
		}
		if hw2, ok2 := HighWatermark(ms, m+1); ok2 && (!ok || hw2 != hw) {
			t.Fatalf("a larger m moved the high watermark from %d to %d", hw, hw2)
		}
	})
}

func hasCommitted(ms []Member) bool {
	return slices.ContainsFunc(ms, func(m Member) bool { return m.Committed })
}

func TestMinISR(t *testing.T) {
	for _, c := range []struct{ configured, replicas, want int }{
		{1, 1, 1}, {2, 3, 2}, {2, 1, 1}, {5, 3, 3}, {0, 3, 1}, {-1, 3, 1}, {2, 0, 1},
	} {
		if got := MinISR(c.configured, c.replicas); got != c.want {
			t.Errorf("MinISR(%d, %d) = %d, want %d", c.configured, c.replicas, got, c.want)
		}
	}
}

// The oracle sorts: the majority-th largest index.
func TestCommitted_EqualsSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reached := rapid.SliceOfN(rapid.Int64Range(0, 9), 0, 9).Draw(t, "reached")
		want := int64(-1)
		if n := len(reached); n > 0 {
			sorted := slices.Sorted(slices.Values(reached))
			want = sorted[n-Majority(n)]
		}
		if got := Committed(reached); got != want {
			t.Fatalf("%v: %d, want %d", reached, got, want)
		}
	})
}

func TestMajority_AnyTwoMeet(t *testing.T) {
	for n := 1; n < 10; n++ {
		if m := Majority(n); 2*m <= n || 2*(m-1) > n {
			t.Errorf("majority of %d is %d", n, m)
		}
	}
}

func TestArithmetic_DoesNotAllocate(t *testing.T) {
	ms := []Member{{Committed: true, Flushed: 3}, {Committed: true, Flushed: 2}, {Proposed: true, Flushed: 9}}
	reached := []int64{4, 9, 2, 7, 7}
	if n := testing.AllocsPerRun(50, func() {
		HighWatermark(ms, 2)
		Committed(reached)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDescribe_Golden(t *testing.T) {
	const yes, no = true, false
	var s strings.Builder
	for _, c := range []struct {
		name    string
		m       int
		members []Member
	}{
		{"one node", 1, []Member{{1, yes, no, 17}}},
		{"the slowest in-sync member decides", 2, []Member{{1, yes, no, 17}, {2, yes, no, 12}, {3, yes, no, 19}}},
		{"a lagging replica does not count", 2, []Member{{1, yes, no, 17}, {2, yes, no, 12}, {3, no, no, 4}}},
		{"a proposed member counts already", 2, []Member{{1, yes, no, 17}, {2, yes, no, 12}, {3, no, yes, 11}}},
		{"a member that is proposed to leave still counts", 1, []Member{{1, yes, yes, 17}, {2, yes, no, 3}}},
		{"too few committed members", 2, []Member{{1, yes, no, 17}, {2, no, yes, 17}, {3, no, no, 17}}},
		{"a member that proved nothing yet", 2, []Member{{1, yes, no, 17}, {2, yes, no, 12}, {3, yes, no, Unknown}}},
		{"an empty log", 1, []Member{{1, yes, no, 0}, {2, yes, no, 0}}},
		{"large offsets", 2, []Member{{1, yes, no, 1_000_017}, {2, yes, no, 1_000_012}, {3, yes, no, 2_000_000}}},
	} {
		s.WriteString("# " + c.name + "\n" + Describe(c.members, c.m) + "\n")
	}
	const file = "testdata/describe.txt"
	if *update {
		if err := os.WriteFile(file, []byte(s.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if s.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", s.String(), want)
	}
}
