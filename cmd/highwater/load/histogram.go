package load

import (
	"math/bits"
)

// A Histogram counts durations in nanoseconds in buckets that grow with the value: 128 to each doubling, so that a
// quantile is off by less than one part in 128. Recording takes no memory. The zero value is empty; it is not safe for
// concurrent use: each connection has its own, and they are merged at the end.
//
//	value   0 1 ... 255 | 256 258 ... | 512 516 ... |      width 1, 2, 4, ...
type Histogram struct {
	counts [buckets]int64
	count  int64
	max    int64
}

const (
	subBits = 7
	// buckets reach to 2^42 ns, which is more than an hour; what is longer counts as the longest.
	buckets = (42 - subBits + 1) << subBits
)

// bucketOf is the bucket of a value that is not negative.
func bucketOf(v int64) int {
	shift := max(0, bits.Len64(uint64(v))-subBits-1)
	return min(shift<<subBits+int(v>>shift), buckets-1)
}

// top is the largest value of a bucket.
func top(bucket int) int64 {
	shift := max(0, bucket>>subBits-1)
	return int64(bucket-shift<<subBits+1)<<shift - 1
}

// Record counts one duration. A negative one counts as none.
func (h *Histogram) Record(v int64) {
	v = max(v, 0)
	h.counts[bucketOf(v)]++
	h.count++
	h.max = max(h.max, v)
}

// Merge adds everything that other counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.count += other.count
	h.max = max(h.max, other.max)
}

// Count is how many durations were recorded.
func (h *Histogram) Count() int64 { return h.count }

// Max is the longest one, exactly.
func (h *Histogram) Max() int64 { return h.max }

// Quantile is the smallest duration that at least the share q of all do not exceed, rounded up to the end of its bucket.
// 0 if nothing was recorded.
func (h *Histogram) Quantile(q float64) int64 {
	rank := max(1, int64(q*float64(h.count)+0.999999))
	for i, n := range h.counts {
		if rank -= n; rank <= 0 {
			return min(top(i), h.max)
		}
	}
	return h.max
}
