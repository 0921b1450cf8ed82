package shard

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// What is sent is what was given, whatever lies next to what: only pieces that touch in memory become one.
func TestJoined_KeepsTheBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []byte
		var bufs [][]byte
		pieces := 0
		for range rapid.IntRange(0, 4).Draw(t, "arenas") {
			arena := rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "arena")
			gap := true
			for at := 0; at < len(arena); {
				n := rapid.IntRange(0, min(9, len(arena)-at)).Draw(t, "size")
				if rapid.IntRange(0, 3).Draw(t, "skip") == 0 {
					n, gap = max(n, 1), true
				} else {
					bufs = append(bufs, arena[at:at+n])
					want = append(want, arena[at:at+n]...)
					if gap && n > 0 {
						pieces, gap = pieces+1, false
					}
				}
				at += max(n, 0)
				if n == 0 && rapid.Bool().Draw(t, "end") {
					break
				}
			}
		}
		got, size := joined(bufs)
		if !bytes.Equal(bytes.Join(got, nil), want) || size != len(want) || len(got) > pieces {
			t.Fatalf("%d bytes in %d pieces, want %d in %d", size, len(got), len(want), pieces)
		}
	})
}

// A piece that cannot reach behind itself is not stretched, whatever lies there.
func TestJoined_LeavesCappedPiecesApart(t *testing.T) {
	p := []byte("abcdef")
	if got, size := joined([][]byte{p[:3:3], p[3:]}); len(got) != 2 || size != 6 {
		t.Errorf("%q, %d bytes", got, size)
	}
}
