package record

import (
	"testing"

	"pgregory.net/rapid"
)

// The combined sum is the one that a pass over both pieces gives, empty pieces included.
func TestCombine_IsTheSumOfBothPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Byte(), 0, 9000).Draw(t, "bytes")
		cut := rapid.IntRange(0, len(p)).Draw(t, "cut")
		a, b := p[:cut], p[cut:]
		if got, want := Combine(Checksum(a), Checksum(b), int64(len(b))), Checksum(p); got != want {
			t.Fatalf("%d and %d bytes: %08x, want %08x", len(a), len(b), got, want)
		}
	})
}

// A megabyte is far more than the property draws, and its length has other bits.
func TestBatch_SumIsTheChecksumOfAllBytes(t *testing.T) {
	for _, size := range []int{0, 1, 4095, 1<<20 + 77} {
		b := Batch(make([]byte, HeaderSize+size))
		for i := range b {
			b[i] = byte(i * 31 >> 3)
		}
		b.Seal()
		b.Stamp(1<<40+3, 7)
		if got, want := b.Sum(), Checksum(b); got != want {
			t.Errorf("%d bytes: %08x, want %08x", len(b), got, want)
		}
	}
}
