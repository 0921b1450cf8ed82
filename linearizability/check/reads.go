package check

import (
	"slices"

	"github.com/highwater-log/highwater/linearizability/history"
)

// checkReads holds each fetch to its own request: from the offset asked for, without a gap, below the watermark (O14).
func (l *partition) checkReads() {
	for _, op := range l.ops {
		if op.Kind != history.Fetch || op.Outcome != history.OK {
			continue
		}
		want := op.Offset
		for _, r := range op.Records {
			if r.Offset != want {
				l.violated("O14", op, "read offset %d where %d was due", r.Offset, want)
				break
			}
			if r.Offset >= op.HighWatermark {
				l.violated("O14", op, "read offset %d at or above the high watermark %d", r.Offset, op.HighWatermark)
				break
			}
			want++
		}
	}
}

// checkFinal holds the log that the final reads found to every acknowledgement (O1) and to itself (O24). A history
// without final reads, as of a topic that was deleted, is not held to it.
func (l *partition) checkFinal() {
	final := make(map[int64]history.Value)
	var start, end int64
	seen := false
	for _, op := range l.ops {
		if op.Kind != history.Fetch || !op.Final || op.Outcome != history.OK || op.Code != 0 {
			continue
		}
		seen = true
		start, end = max(start, op.LogStart), max(end, op.HighWatermark)
		for _, r := range op.Records {
			final[r.Offset] = r.Value
		}
	}
	if !seen {
		return
	}
	for offset := start; offset < end; offset++ {
		if _, ok := final[offset]; !ok {
			l.violated("O24", nil, "the final log [%d, %d) has no record at %d", start, end, offset)
			break
		}
	}
	for _, op := range l.ops {
		if !op.Acked() {
			continue
		}
		for i, v := range op.Values {
			offset := op.Offset + int64(i)
			if offset < start {
				continue // it was let go: checkStart judges whether it could be
			}
			switch got, ok := final[offset]; {
			case !ok:
				l.violated("O1", op, "%v was acknowledged at %d and is lost: the final log ends at %d", v, offset, end)
			case got != v:
				l.violated("O1", op, "%v was acknowledged at %d, where the final log holds %v", v, offset, got)
			}
		}
	}
}

func sortedKeys(m map[int64]history.Value) []int64 {
	keys := make([]int64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
