package store

import (
	"slices"

	"github.com/highwater-log/highwater/core/invariant"
)

// extent is a range of whole blocks of a segment's file that a direct write takes, apart from write-behind:
//
//	0                 written     from                  to      from            to       size
//	|--------------------|---------|#####################|-------|################|---------|
//	  in the file          in memory  direct               memory   direct          memory
//
// Write-behind stops at an extent. Once that is in the file, and everything of it counts, written moves over it.
type extent struct {
	from, to int64
	done     bool // in the file, durably
}

// claim puts an extent behind the others, for a write that is to begin.
func (f *segfile) claim(from, to int64) *extent {
	if (from < f.submitted || from >= to) && !invariant.Planted(invariant.CanaryDirectRewrites) {
		invariant.Violated("S-14: a direct write of [%d, %d) in segment %d, where bytes below %d were submitted",
			from, to, f.base, f.submitted)
	}
	x := &extent{from: from, to: to}
	f.direct = append(f.direct, x)
	f.submitted = to
	return x
}

// barrier is the byte at which write-behind stops, if there is an extent that is not passed yet.
func (f *segfile) barrier() (at int64, ok bool) {
	if len(f.direct) == 0 {
		return 0, false
	}
	return f.direct[0].from, true
}

// pass moves written over the extents that it touches and that are in the file, as far as their bytes count: below upTo. It
// reports whether it moved. What is then in the file of a partial block, behind a cut, is kept as ever.
func (f *segfile) pass(t *tail, upTo int64) (moved bool) {
	for len(f.direct) > 0 {
		x := f.direct[0]
		to := min(x.to, f.size)
		if !x.done || x.from > f.written || to > upTo {
			break
		}
		if to > f.written {
			f.head = f.bytes(t, floorBlock(to), to)
			f.written, f.vouched, f.suspect = to, false, false
			moved = true
		}
		f.direct = slices.Delete(f.direct, 0, 1)
	}
	return moved
}

// forgo drops the extents that lie behind size: what the file has there is no truth any more.
func (f *segfile) forgo(size int64) {
	f.direct = slices.DeleteFunc(f.direct, func(x *extent) bool { return x.from >= size })
}
