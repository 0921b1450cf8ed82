package config

import (
	"fmt"
	"strings"
)

// DidYouMean is `: did you mean "X"?` for the nearest of names, or empty if none is near.
func DidYouMean(name string, names []string) string {
	plain := func(s string) string { return strings.ToLower(strings.TrimLeft(s, "-")) }
	best, least := "", len(plain(name))/3+1
	for _, n := range names {
		if d := distance(plain(name), plain(n)); d < least {
			best, least = n, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

// distance is how many bytes must be inserted, deleted, replaced or swapped with their neighbour to turn a into b
// (optimal string alignment).
func distance(a, b string) int {
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}
