package metrics

import (
	"sync/atomic"

	"github.com/highwater-log/highwater/core/event"
	"github.com/prometheus/client_golang/prometheus"
)

// bounds are the upper bounds of the buckets of every histogram: from a durable write of a fast disk to a wait that is out of
// patience.
var bounds = [...]event.Time{
	50 * event.Microsecond, 100 * event.Microsecond, 250 * event.Microsecond, 500 * event.Microsecond,
	event.Millisecond, 2500 * event.Microsecond, 5 * event.Millisecond, 10 * event.Millisecond, 25 * event.Millisecond,
	50 * event.Millisecond, 100 * event.Millisecond, 250 * event.Millisecond, 500 * event.Millisecond,
	event.Second, 2500 * event.Millisecond, 5 * event.Second, 10 * event.Second, 30 * event.Second,
}

// histogram counts durations. The zero value is an empty one.
type histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64 // each for itself; the last one is what lies above all bounds
	sum     atomic.Int64                   // nanoseconds
}

func (h *histogram) observe(d event.Time) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// total is the sum of several histograms.
type total struct {
	buckets [len(bounds) + 1]uint64
	sum     int64
}

func (t *total) add(h *histogram) {
	for i := range t.buckets {
		t.buckets[i] += h.buckets[i].Load()
	}
	t.sum += h.sum.Load()
}

// count is how many durations there are.
func (t *total) count() (n uint64) {
	for _, b := range t.buckets {
		n += b
	}
	return n
}

// metric renders t in seconds. The library wants buckets that hold those below them too.
func (t *total) metric(d *prometheus.Desc, labels ...string) prometheus.Metric {
	below := make(map[float64]uint64, len(bounds))
	n := uint64(0)
	for i, b := range bounds {
		n += t.buckets[i]
		below[seconds(b)] = n
	}
	return prometheus.MustNewConstHistogram(d, n+t.buckets[len(bounds)], seconds(event.Time(t.sum)), below, labels...)
}

func seconds(d event.Time) float64 { return float64(d) / float64(event.Second) }
