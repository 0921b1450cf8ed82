package rand

import (
	"testing"

	"pgregory.net/rapid"
)

// The published first outputs of splitmix64 for the seed 1234567: the generator is that one and no other.
func TestSource_IsSplitmix64(t *testing.T) {
	s := New(1234567)
	for i, want := range []uint64{
		6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
	} {
		if got := s.Uint64(); got != want {
			t.Errorf("draw %d: %d, want %d", i, got, want)
		}
	}
}

// Golden values: a change of any of them changes every recorded seed.
func TestDraws_NeverChange(t *testing.T) {
	s := New(42)
	child := s.Split("disk")
	got := []uint64{
		Mix(), Mix(0), Mix(1), Mix(1, 2), Mix(2, 1), Mix(1, 2, 3), Mix(1, 2, 3, 4), Mix(1, 2, 3, 4, 5),
		Label(""), Label("disk"), Scale(1<<63, 1000),
		child.Uint64(), s.Uint64N(1000), uint64(s.IntN(1000)),
	}
	want := []uint64{
		0x0, 0x910a2dec89025cc1, 0xe220a8397b1dcdaf, 0x2371c8a9b8068eba, 0x8b4fda8c892b50e, 0x1072deca7455826,
		0x230a47cb6d2495d1, 0xb51dd6f066ae4d,
		0xcbf29ce484222325, 0xca44a367578f8a84, 0x1f4,
		0x28c18c6341d89c09, 0x2e5, 0x9f,
	}
	if len(got) != len(want) {
		t.Fatalf("golden:\n%#v", got)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("value %d: %#x, want %#x", i, got[i], want[i])
		}
	}
}

func TestMix_FixedArityIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SliceOfN(rapid.Uint64(), 4, 4).Draw(t, "keys")
		if Mix(k[:2]...) != Mix2(k[0], k[1]) || Mix(k[:3]...) != Mix3(k[0], k[1], k[2]) ||
			Mix(k...) != Mix4(k[0], k[1], k[2], k[3]) {
			t.Fatal("Mix and its fixed forms differ")
		}
	})
}

func TestMix_OrderAndNumberOfKeysMatter(t *testing.T) {
	seen := map[uint64]string{}
	for name, v := range map[string]uint64{
		"none": Mix(), "0": Mix(0), "0 0": Mix(0, 0), "0 0 0": Mix(0, 0, 0), "1 2": Mix(1, 2), "2 1": Mix(2, 1), "1": Mix(1),
		"gamma": Mix(gamma), "gamma gamma": Mix(gamma, gamma),
	} {
		if other, twice := seen[v]; twice {
			t.Errorf("keys %q and %q give the same draw", name, other)
		}
		seen[v] = name
	}
}

func TestSplit_DependsOnSeedAndLabelOnly(t *testing.T) {
	a, b := New(7), New(7)
	for range 10 {
		a.Uint64()
	}
	if a.Split("x").Uint64() != b.Split("x").Uint64() {
		t.Error("drawing from the parent moved the child")
	}
	if b.Split("x").Uint64() == b.Split("y").Uint64() || b.Split("x").Uint64() == New(8).Split("x").Uint64() {
		t.Error("children of other labels or seeds are the same")
	}
	before := New(7)
	before.Split("x")
	if before.Uint64() != New(7).Uint64() {
		t.Error("Split took a draw")
	}
	if grand, child := New(7).Split("x").Split("x"), New(7).Split("x"); grand.Uint64() == child.Uint64() {
		t.Error("a grandchild is its parent")
	}
}

func TestSource_EveryMethodTakesOneDraw(t *testing.T) {
	for name, draw := range map[string]func(*Source){
		"Uint64N": func(s *Source) { s.Uint64N(10) }, "Uint64N 0": func(s *Source) { s.Uint64N(0) },
		"IntN": func(s *Source) { s.IntN(10) }, "IntN -1": func(s *Source) { s.IntN(-1) },
		"Chance 0": func(s *Source) { s.Chance(0, 10) }, "Chance 1": func(s *Source) { s.Chance(10, 10) },
	} {
		a, b := New(1), New(1)
		draw(a)
		b.Uint64()
		if a.Uint64() != b.Uint64() {
			t.Errorf("%s did not take exactly one draw", name)
		}
	}
}

func TestSource_StaysInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(rapid.Uint64().Draw(t, "seed"))
		n := rapid.IntRange(-2, 1<<40).Draw(t, "n")
		if v := s.IntN(n); v < 0 || n > 0 && v >= n || n <= 0 && v != 0 {
			t.Fatalf("IntN(%d) = %d", n, v)
		}
		if num := rapid.Uint64Range(0, 9).Draw(t, "num"); s.Chance(0, num) || !s.Chance(num+1, num+1) {
			t.Fatal("a chance of 0 came true, or one of 1 did not")
		}
	})
}

// A rough look at uniformity: 64 buckets of 64,000 draws each hold 1,000 plus or minus 20 per cent.
func TestUniform(t *testing.T) {
	const buckets, draws = 64, 64000
	s := New(3)
	var stream, keyed [buckets]int
	for i := range uint64(draws) {
		stream[s.IntN(buckets)]++
		keyed[Scale(Mix4(3, 1, i%10, i/10), buckets)]++
	}
	for i := range buckets {
		if stream[i] < 800 || stream[i] > 1200 || keyed[i] < 800 || keyed[i] > 1200 {
			t.Errorf("bucket %d: %d from the stream, %d keyed", i, stream[i], keyed[i])
		}
	}
}

func TestDraws_DoNotAllocate(t *testing.T) {
	s := New(1)
	var sum uint64
	if n := testing.AllocsPerRun(100, func() {
		sum += s.Uint64() + Mix4(1, 2, 3, sum) + Mix(1, 2, 3, sum) + Label("disk")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
