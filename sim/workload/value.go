package workload

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/highwater-log/highwater/linearizability/history"
)

// appendValue appends the bytes of v, n of them or as many as it takes to name v once: c3-17|c3-17|c3... Far from its beginning
// every byte is other than what repetition would give, so that no long piece of it looks like another one.
func appendValue(dst []byte, v history.Value, n int) []byte {
	start := len(dst)
	dst = append(dst, 'c')
	dst = strconv.AppendInt(dst, int64(v.Client()), 10)
	dst = append(dst, '-')
	dst = strconv.AppendUint(dst, v.Number(), 10)
	dst = append(dst, '|')
	unit := len(dst) - start
	dst = slices.Grow(dst, max(n-unit, 0))
	p := dst[start : start+max(n, unit)]
	for at := unit; at < n; at++ {
		p[at] = p[at-unit] ^ twist(at)
	}
	return dst[:start+len(p)]
}

// twist is what makes byte at of a value differ from the one that it repeats.
func twist(at int) byte {
	if at < 64 {
		return 0
	}
	return byte(uint32(at) * 2654435761 >> 24)
}

// parseValue is the value whose bytes p are; Foreign if they are nobody's.
func parseValue(p []byte) history.Value {
	name, _, ok := bytes.Cut(p, []byte{'|'})
	if !ok || len(name) < 4 || name[0] != 'c' {
		return history.Foreign
	}
	client, number, ok := bytes.Cut(name[1:], []byte{'-'})
	c, err1 := strconv.Atoi(string(client))
	n, err2 := strconv.ParseUint(string(number), 10, 40)
	if !ok || err1 != nil || err2 != nil || c < 0 {
		return history.Foreign
	}
	unit := len(name) + 1
	for i := unit; i < len(p); i++ {
		if p[i] != p[i-unit]^twist(i) {
			return history.Foreign
		}
	}
	return history.NewValue(c, n)
}
