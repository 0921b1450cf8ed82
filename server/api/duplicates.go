package api

import "slices"

// duplicates finds the items of a request that are there more than once: which is compare's to say. It tells for each
// of n items whether an equal one came before it (again), and whether any equal one is there (shared). Nil, nil for
// none. It sorts places instead of keeping a map, since a place takes four bytes and a request may have very many small
// items.
func duplicates(n int, compare func(i, j int) int) (again, shared []bool) {
	if n < 2 {
		return nil, nil
	}
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int {
		if c := compare(int(i), int(j)); c != 0 {
			return c
		}
		return int(i) - int(j)
	})
	for k := 1; k < n; k++ {
		before, at := order[k-1], order[k]
		if compare(int(before), int(at)) != 0 {
			continue
		}
		if again == nil {
			again, shared = make([]bool, n), make([]bool, n)
		}
		again[at], shared[before], shared[at] = true, true, true
	}
	return again, shared
}

// marked reports whether item i is marked.
func marked(marks []bool, i int) bool { return marks != nil && marks[i] }
