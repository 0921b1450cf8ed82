package check

import (
	"cmp"
	"math"
	"slices"

	"github.com/highwater-log/highwater/linearizability/history"
)

// earliest is the timestamp that asks for the start of a log.
const earliest = -2

// outOfRange is Kafka's code for an offset that is not there.
const outOfRange = 1

// checkStart walks the calls in real time with the highest log start that was told before each of them, and with the
// highest that anybody had asked for by then (O15): a start never goes back, nothing below it is shown again, and it goes
// no further than somebody wanted. Where a policy lets the log forget, or a loss was named, nobody knows how far that is.
func (l *partition) checkStart(named, forgets bool) {
	returned := slices.Clone(l.ops)
	slices.SortStableFunc(returned, func(a, b *history.Op) int { return cmp.Compare(a.Return, b.Return) })
	told, next := int64(0), 0
	for _, op := range l.ops {
		for ; next < len(returned) && returned[next].Return < op.Invoke; next++ {
			if start, ok := startTold(returned[next]); ok {
				told = max(told, start)
			}
		}
		start, ok := startTold(op)
		if ok && start < told {
			l.violated("O15", op, "told log start %d after %d was told", start, told)
		}
		if op.Kind == history.Fetch && op.Outcome == history.OK {
			if op.Offset < told {
				l.violated("O15", op, "read from %d after the log start %d was told", op.Offset, told)
			}
			if op.LogStart > op.HighWatermark {
				l.violated("O15", op, "told log start %d above the high watermark %d", op.LogStart, op.HighWatermark)
			}
		}
		if named || forgets {
			continue
		}
		wanted := l.wanted(op.Return)
		if ok && start > wanted {
			l.violated("O15", op, "told log start %d, and nobody had asked for more than %d", start, wanted)
		}
		if op.Kind == history.Fetch && op.Code == outOfRange && op.Return > 0 && op.Offset >= wanted {
			l.violated("O15", op, "offset %d is out of range, and nobody had asked for a start above %d", op.Offset, wanted)
		}
	}
}

// startTold is the log start that an operation told its client.
func startTold(op *history.Op) (int64, bool) {
	switch {
	case op.Return == 0 || op.Outcome != history.OK || op.Code != 0:
	case op.Kind == history.Fetch, op.Kind == history.DeleteRecords:
		return op.LogStart, true
	case op.Kind == history.ListOffsets && op.Timestamp == earliest:
		return op.Offset, true
	}
	return 0, false
}

// wanted is the highest log start that anybody had asked for before a moment. One that asked for the high watermark asked
// for what it was told, if it was told anything.
func (l *partition) wanted(before uint64) (start int64) {
	for _, op := range l.ops {
		if op.Invoke >= before || op.Kind != history.DeleteRecords || op.Outcome == history.Fail {
			continue
		}
		switch {
		case op.Offset >= 0:
			start = max(start, op.Offset)
		case op.Outcome == history.OK:
			start = max(start, op.LogStart)
		default:
			return math.MaxInt64
		}
	}
	return start
}
