package check

import (
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	direct "github.com/highwater-log/highwater/linearizability/check"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/linearizability/model"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

// place is one partition, as the clients of a run name it.
type place struct {
	topic     string
	partition int32
}

// judgeHistory holds a finished run to the laws of what its clients saw. Where the plan's label says that damage beyond
// repair may be met, a loss is excused if the broker named it: the whole run where it ended itself with a reason, a
// partition where the last reads were told of its damage. Nothing excuses bytes that are wrong, or an offset that
// changes its value.
func judgeHistory(p *fault.Plan, r *world.Result) finding {
	named := map[place]bool{}
	if r.Harmed {
		named = calledDamaged(r)
		for range named {
			r.Excuse(world.ExcuseNamed)
		}
	}
	ids := map[string]string{} // a run never makes a topic twice
	for _, op := range r.History {
		if op.TopicID != "" {
			ids[op.TopicID] = op.Topic
		}
	}
	res := direct.Check(r.History, direct.Options{LossNamed: func(id string, partition int32) bool {
		return named[place{ids[id], partition}]
	}, Forgets: func(id string, _ int32) bool {
		at := slices.IndexFunc(p.Header.Topics, func(t fault.Topic) bool { return t.Name == ids[id] })
		return at >= 0 && !p.Header.Topics[at].Retained()
	}})
	if len(res.Violations) > 0 {
		v := res.Violations[0]
		return finding{v.Law, v.String()}
	}
	if r.Ended != "" {
		return finding{}
	}
	return judgeReadBack(p, r, named)
}

// calledDamaged are the partitions of which the last reader was told that they are damaged.
func calledDamaged(r *world.Result) map[place]bool {
	out := map[place]bool{}
	for _, op := range r.History {
		if op.Final && event.Code(op.Code) == event.CodeKafkaStorageError {
			out[place{op.Topic, op.Partition}] = true
		}
	}
	return out
}

// judgeReadBack demands that the last reader came to the end of every log: a log that cannot be read has lost
// everything (O1).
func judgeReadBack(p *fault.Plan, r *world.Result, named map[place]bool) finding {
	read := map[place]bool{}
	code := map[place]event.Code{}
	grown := map[string]int32{}
	for _, op := range r.History {
		if op.Kind == history.CreatePartitions && op.Outcome == history.OK {
			grown[op.Topic] = max(grown[op.Topic], op.Partition)
		}
		if !op.Final || op.Kind == history.DescribeConfig {
			continue
		}
		at := place{op.Topic, op.Partition}
		code[at] = event.Code(op.Code)
		if op.Kind == history.Fetch && op.Outcome == history.OK && op.Offset+int64(len(op.Records)) >= op.HighWatermark {
			read[at] = true
		}
	}
	for _, t := range p.Header.Topics {
		for n := range max(t.Partitions, grown[t.Name]) {
			at := place{t.Name, n}
			if !t.Doomed && !read[at] && !named[at] {
				return finding{"O1", fmt.Sprintf("%s/%d cannot be read to its end after the run: the last answer was code %d",
					t.Name, n, code[at])}
			}
		}
	}
	return finding{}
}

// search looks for an order of all operations that a sequential log explains, in windows of each log that was read
// back. A search that runs out of time is told in the result.
func search(r *world.Result) finding {
	damaged := calledDamaged(r)
	var whole []*history.Op
	for _, op := range r.History {
		if !damaged[place{op.Topic, op.Partition}] {
			whole = append(whole, op)
		}
	}
	f, note := judgeWindows(model.Check(whole, model.Options{}))
	r.Text += note
	return f
}

// judgeWindows finds the window that no order explains, and says how many are undecided.
func judgeWindows(windows []model.Window) (f finding, note string) {
	unknown := 0
	for _, w := range windows {
		switch w.Verdict {
		case model.Illegal:
			return finding{"O2-search", fmt.Sprintf("no order of %d operations on [%d, %d) of %s/%d explains what was seen",
				w.Ops, w.From, w.To, w.Topic, w.Partition)}, ""
		case model.Unknown:
			unknown++
		}
	}
	if unknown > 0 {
		note = fmt.Sprintf("the search ran out of time in %d of %d windows", unknown, len(windows))
	}
	return f, note
}
