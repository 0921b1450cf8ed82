package check

import (
	"cmp"
	"slices"

	"github.com/highwater-log/highwater/linearizability/history"
)

// checkOrder walks the calls in real time with the highest offset acknowledged, and the highest watermark told, before
// each of them (O2, O14). Only acks=all promises that readers see it: acks=1 counts for the order of appends alone.
func (l *partition) checkOrder(named bool) {
	returned := slices.Clone(l.ops)
	slices.SortStableFunc(returned, func(a, b *history.Op) int { return cmp.Compare(a.Return, b.Return) })
	var (
		appended  int64 // end of everything acknowledged, by any acks, before the current call
		committed int64 // end of everything acknowledged with acks=all
		exposed   int64 // highest watermark told
		next      int
	)
	for _, op := range l.ops {
		for ; next < len(returned) && returned[next].Return < op.Invoke; next++ {
			done := returned[next]
			if done.Return == 0 || done.Outcome != history.OK {
				continue
			}
			switch done.Kind {
			case history.Produce:
				if done.Acked() {
					end := done.Offset + int64(len(done.Values))
					appended = max(appended, end)
					if done.Acks == -1 {
						committed = max(committed, end)
					}
				}
			case history.Fetch:
				exposed = max(exposed, done.HighWatermark)
			case history.ListOffsets:
				if done.Timestamp == latest {
					exposed = max(exposed, done.Offset)
				}
			}
		}
		visible := max(committed, exposed)
		if named {
			visible = 0 // what readers were promised is what was lost
		}
		l.judgeOrder(op, appended, visible)
	}
}

// latest is the timestamp that asks for the end of a log.
const latest = -1

// judgeOrder holds op to what had returned before it was called: offsets below appended are taken, and a reader is
// told of everything below visible.
func (l *partition) judgeOrder(op *history.Op, appended, visible int64) {
	if op.Outcome != history.OK {
		return
	}
	switch {
	case op.Acked() && op.Offset < appended:
		l.violated("O2", op, "appended at %d, although everything below %d was acknowledged before it was sent", op.Offset, appended)
	case op.Kind == history.Fetch && op.Code == 0 && op.HighWatermark < visible:
		l.violated("O14", op, "told high watermark %d after %d was visible", op.HighWatermark, visible)
	case op.Kind == history.ListOffsets && op.Timestamp == latest && op.Offset < visible:
		l.violated("O2", op, "told latest offset %d after %d was visible", op.Offset, visible)
	}
}
