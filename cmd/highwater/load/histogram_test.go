package load

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The oracle sorts everything. A quantile may be rounded up within its bucket and no further.
func TestHistogram_AgreesWithSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 600), rapid.Int64Range(0, 1<<41)), 1, 500).Draw(t, "values")
		var whole, left, right Histogram
		for i, v := range values {
			whole.Record(v)
			if i%2 == 0 {
				left.Record(v)
			} else {
				right.Record(v)
			}
		}
		left.Merge(&right)
		if left != whole {
			t.Fatal("two halves merged are not the whole")
		}
		slices.Sort(values)
		if whole.Count() != int64(len(values)) || whole.Max() != values[len(values)-1] {
			t.Fatalf("count %d, max %d", whole.Count(), whole.Max())
		}
		for _, q := range []float64{0, 0.25, 0.5, 0.9, 0.99, 0.999, 1} {
			want := values[max(0, int(math.Ceil(q*float64(len(values))-1e-6))-1)]
			got := whole.Quantile(q)
			if got < want || float64(got-want) > float64(want)/128 {
				t.Fatalf("quantile %g: %d, by sorting %d", q, got, want)
			}
		}
	})
}

func TestHistogram_BucketsFollowEachOther(t *testing.T) {
	for b := range buckets - 1 {
		if bucketOf(top(b)) != b || bucketOf(top(b)+1) != b+1 {
			t.Fatalf("bucket %d ends at %d, which lies in %d, and the next value in %d", b, top(b), bucketOf(top(b)), bucketOf(top(b)+1))
		}
	}
	var h Histogram
	if h.Quantile(0.5) != 0 {
		t.Error("an empty histogram has a median")
	}
	h.Record(-5)
	h.Record(math.MaxInt64)
	if h.Quantile(0.5) != 0 || h.Max() != math.MaxInt64 {
		t.Errorf("extremes: %d, %d", h.Quantile(0.5), h.Max())
	}
}
