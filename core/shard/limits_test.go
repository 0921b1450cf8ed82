package shard

import (
	"math"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// Timestamps are judged at both ends, without overflow, and not at all where the broker gives them or there is none.
func TestUnfit_Timestamps(t *testing.T) {
	const now = 1_700_000_000_000
	r := newRig(t)
	r.boot()
	r.s.wall = now
	for name, c := range map[string]struct {
		earliest, latest, before, after int64
		appendTime                      bool
		want                            event.Code
	}{
		"now":                       {now, now, 0, 0, false, event.CodeNone},
		"too early":                 {now - 1, now, 0, 0, false, event.CodeInvalidTimestamp},
		"early enough":              {now - 5, now, 5, 0, false, event.CodeNone},
		"too late":                  {now, now + 1, 0, 0, false, event.CodeInvalidTimestamp},
		"late enough":               {now, now + 5, 0, 5, false, event.CodeNone},
		"no bounds":                 {math.MinInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64, false, event.CodeNone},
		"at the epoch":              {0, 0, math.MaxInt64, math.MaxInt64, false, event.CodeNone},
		"at the end of time":        {0, math.MaxInt64, math.MaxInt64, math.MaxInt64, false, event.CodeNone},
		"the end of time, bounded":  {0, math.MaxInt64, math.MaxInt64, 1, false, event.CodeInvalidTimestamp},
		"before time, bounded":      {math.MinInt64, math.MinInt64, 1, 0, false, event.CodeInvalidTimestamp},
		"none at all":               {-1, -1, 0, 0, false, event.CodeNone},
		"the broker's own":          {1, math.MaxInt64, 0, 0, true, event.CodeNone},
		"early, and before is huge": {1, 1, math.MaxInt64, 0, false, event.CodeNone},
	} {
		b := batch(1, 1, -1, 0)
		b.SetMaxTimestamp(c.latest)
		limits := &event.TopicLimits{
			MaxMessageBytes: 1 << 20, SegmentBytes: 1 << 20, TimestampBefore: c.before, TimestampAfter: c.after,
			LogAppendTime: c.appendTime,
		}
		code, why := r.s.unfit(limits, &event.ShardProduceItem{Batch: b, Earliest: c.earliest})
		if code != c.want || (why == "") != (code == event.CodeNone) {
			t.Errorf("%s: code %d %q, want %d", name, code, why, c.want)
		}
	}
}
