package quorum

// Majority is how many of n voters are more than half of them.
func Majority(n int) int { return n/2 + 1 }

// Committed is the largest index that a majority of voters has reached, given what each one has; -1 without voters
// . The quorum is small: comparing each with each needs no memory.
func Committed(reached []int64) int64 {
	best := int64(-1)
	for _, candidate := range reached {
		if candidate <= best {
			continue
		}
		have := 0
		for _, r := range reached {
			if r >= candidate {
				have++
			}
		}
		if have >= Majority(len(reached)) {
			best = candidate
		}
	}
	return best
}
