package load

import (
	"testing"

	"github.com/highwater-log/highwater/core/record"
	"pgregory.net/rapid"
)

func TestCRCDelta_EqualsTheChecksumOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SliceOfN(rapid.Byte(), 40, 3000).Draw(t, "message")
		var places []int
		for range rapid.IntRange(1, 3).Draw(t, "runs") {
			at := rapid.IntRange(0, len(m)-8).Draw(t, "place")
			for i := range 8 {
				places = append(places, at+i)
			}
		}
		before := record.Checksum(m)
		d := newCRCDelta(m, places)
		sum := before
		if record.Checksum(m) != before {
			t.Fatal("preparing has changed the message")
		}
		for range 5 {
			run := rapid.IntRange(0, len(places)/8-1).Draw(t, "run")
			sum = d.put(m, sum, 8*run, rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "bytes"))
			if want := record.Checksum(m); sum != want {
				t.Fatalf("%08x by difference, %08x by reading", sum, want)
			}
		}
	})
}
