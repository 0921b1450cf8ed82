package world

import (
	"fmt"

	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/fault"
)

// place is one offset of one partition.
type place struct {
	topic     string
	partition int32
	offset    int64
}

// judge is a small judge for the tests of the world itself: what was acknowledged is read back where it was said to be,
// as far as it is not below the log start that the last reader was told; what failed is nowhere, nothing is there twice, nothing is foreign, and no offset ever held two values. Where damage is
// only to be detected, a partition that says so may miss what it had.
func judge(plan *fault.Plan, r *Result) error {
	doomed := map[string]bool{}
	for _, t := range plan.Header.Topics {
		doomed[t.Name] = t.Doomed
	}
	final := map[place]history.Value{}
	ever := map[place]history.Value{}
	where := map[history.Value]place{}
	start := map[place]int64{} // by partition
	for _, op := range r.History {
		if op.Kind != history.Fetch {
			continue
		}
		if log := (place{op.Topic, op.Partition, 0}); op.Final && op.Outcome == history.OK {
			start[log] = max(start[log], op.LogStart)
		}
		for _, rec := range op.Records {
			at := place{op.Topic, op.Partition, rec.Offset}
			if rec.Value == history.Foreign {
				return fmt.Errorf("foreign bytes at %v", at)
			}
			if was, ok := ever[at]; ok && was != rec.Value {
				return fmt.Errorf("%v held %s and %s", at, was, rec.Value)
			}
			ever[at] = rec.Value
			if was, ok := where[rec.Value]; ok && was != at {
				return fmt.Errorf("%s is at %v and at %v", rec.Value, was, at)
			}
			where[rec.Value] = at
			if op.Final {
				final[at] = rec.Value
			}
		}
	}
	told := map[place]bool{} // partitions that say that something is wrong with them
	for _, op := range r.History {
		if op.Final && op.Outcome != history.OK {
			told[place{op.Topic, op.Partition, 0}] = true
		}
	}
	detect := plan.Header.Label == fault.LabelDetect
	for _, op := range r.History {
		if detect && (r.Ended != "" || told[place{op.Topic, op.Partition, 0}]) {
			continue
		}
		if op.Kind != history.Produce || doomed[op.Topic] {
			continue
		}
		for i, v := range op.Values {
			at := place{op.Topic, op.Partition, op.Offset + int64(i)}
			if op.Acked() && final[at] != v && at.offset >= start[place{op.Topic, op.Partition, 0}] {
				return fmt.Errorf("%s was acknowledged at %v (moment %d), and %s is there", v, at, op.Return, final[at])
			}
			if found, ok := where[v]; ok && op.Outcome == history.Fail {
				return fmt.Errorf("%s failed for good, and is at %v", v, found)
			}
		}
	}
	return nil
}
