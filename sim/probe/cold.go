package probe

import "slices"

// Cold are the names, sorted, that a sweep did not reach and that nothing explains.
func Cold(reached map[string]int) []string {
	var cold []string
	for _, name := range Names {
		if reached[name] == 0 && Explained[name] == "" {
			cold = append(cold, name)
		}
	}
	return cold
}

// Unknown are reached names, sorted, that the register does not have.
func Unknown(reached map[string]int) []string {
	var out []string
	for name := range reached { // sorted below
		if _, ok := slices.BinarySearch(Names, name); !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
