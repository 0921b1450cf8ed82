package metadata

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// frozen is a copy of a sorted map together with what it held when it was copied.
type frozen struct {
	s     sorted[int, int]
	model map[int]int
}

func (f *frozen) check(t *rapid.T) {
	keys := slices.Sorted(maps.Keys(f.model))
	if f.s.count != len(keys) {
		t.Fatalf("count %d, model has %d", f.s.count, len(keys))
	}
	i := 0
	for v := range f.s.all() {
		if i >= len(keys) || v != f.model[keys[i]] {
			t.Fatalf("entry %d is %d, model %v", i, v, keys)
		}
		i++
	}
	if i != len(keys) {
		t.Fatalf("%d entries, model has %d", i, len(keys))
	}
	for _, l := range f.s.spine {
		if len(l.keys) == 0 || len(l.keys) > leafMax || len(l.keys) != len(l.vals) || !slices.IsSorted(l.keys) {
			t.Fatalf("leaf %v", l.keys)
		}
	}
}

func TestSorted_EqualsAMapAndOldCopiesNeverChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, model := sorted[int, int]{cmp: cmp.Compare[int]}, map[int]int{}
		var copies []frozen
		edits := rapid.IntRange(1, 8).Draw(t, "edits")
		span := rapid.SampledFrom([]int{10, 200, 2000}).Draw(t, "span")
		for range edits {
			tok := new(token)
			for range rapid.IntRange(0, 300).Draw(t, "ops") {
				k := rapid.IntRange(0, span).Draw(t, "key")
				if rapid.IntRange(0, 3).Draw(t, "op") == 0 {
					s.remove(tok, k)
					delete(model, k)
				} else {
					v := rapid.Int().Draw(t, "value")
					s.put(tok, k, v)
					model[k] = v
				}
				if got, ok := s.get(k); ok != (got == model[k] && containsKey(model, k)) {
					t.Fatalf("get %d: %d %v, model %v", k, got, ok, model[k])
				}
			}
			copies = append(copies, frozen{s, maps.Clone(model)})
			for i := range copies {
				copies[i].check(t)
			}
		}
	})
}

func containsKey(m map[int]int, k int) bool {
	_, ok := m[k]
	return ok
}

// A change of one entry must not cost a copy of all of them.
func TestSorted_AChangeSharesEveryOtherLeaf(t *testing.T) {
	s := sorted[int, int]{cmp: cmp.Compare[int]}
	tok := new(token)
	for k := range 10_000 {
		s.put(tok, k, k)
	}
	if full := 10_000/leafMax + 2; len(s.spine) > full {
		t.Fatalf("%d leaves for ascending keys, want at most %d", len(s.spine), full)
	}
	before := s
	s.put(new(token), 5_000, -1)
	copied := 0
	for i := range s.spine {
		if s.spine[i] != before.spine[i] {
			copied++
		}
	}
	if copied != 1 {
		t.Fatalf("%d leaves were copied for one change", copied)
	}
}
