package kafka

import "hash/maphash"

// Names turns the bytes of names into strings, and makes the same one of the same bytes mostly without allocating: a
// client names its few topics in each of its requests. It keeps one name a place, the last that came there, so that no
// client can make it grow; what it returns does not depend on what it keeps (law X-2). The zero value is ready. Not safe
// for concurrent use.
type Names struct {
	seed  maphash.Seed
	kept  [namesKept]string
	begun bool
}

const (
	// namesKept is how many names are kept, a power of two.
	namesKept = 64
	// longestName is the longest name worth keeping, in bytes: a topic's cannot be longer.
	longestName = 249
)

// Of is the string of the bytes b.
func (n *Names) Of(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > longestName {
		return string(b)
	}
	if !n.begun {
		n.seed, n.begun = maphash.MakeSeed(), true
	}
	kept := &n.kept[maphash.Bytes(n.seed, b)%namesKept]
	if *kept != string(b) {
		*kept = string(b)
	}
	return *kept
}
