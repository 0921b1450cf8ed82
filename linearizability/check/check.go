package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/linearizability/history"
)

// Violation is one broken law: Law is its id, Op the operation that shows it (nil where none does alone).
type Violation struct {
	Law  string      `json:"law"`
	Log  string      `json:"log"` // topic, topic id and partition
	Op   *history.Op `json:"op,omitempty"`
	Text string      `json:"text"`
}

// String renders v in one line.
func (v Violation) String() string { return fmt.Sprintf("%s %s: %s", v.Law, v.Log, v.Text) }

// Options say what the run was allowed to do.
type Options struct {
	// LossNamed tells for a log whether the broker named it as damaged: then its end may lie below what was acknowledged and
	// shown (O1, O24, and the watermark's part of O2 and O14). Nil: no log was.
	LossNamed func(topicID string, partition int32) bool
	// Forgets tells for a log whether a policy lets it begin later, besides those who ask for that (O15). Nil: every log may.
	Forgets func(topicID string, partition int32) bool
}

// Result is the verdict over a history.
type Result struct {
	Violations []Violation
	Logs       int // partitions that were judged
	Acked      int // acknowledged appends
	Read       int // records that reads returned
}

// maxViolations bounds a verdict: one cause breaks many laws.
const maxViolations = 50

// Check judges ops, in any order.
func Check(ops []*history.Op, opt Options) Result {
	var res Result
	for _, group := range byLog(ops) {
		l := newPartition(group)
		res.Logs++
		l.bind()
		l.checkValues()
		named := opt.LossNamed != nil && opt.LossNamed(group[0].TopicID, group[0].Partition)
		l.checkOrder(named)
		l.checkReads()
		forgets := opt.Forgets == nil || opt.Forgets(group[0].TopicID, group[0].Partition)
		l.checkStart(named, forgets)
		if !named {
			l.checkFinal()
		}
		res.Acked += l.acked
		res.Read += l.read
		res.Violations = append(res.Violations, l.violations...)
	}
	if len(res.Violations) > maxViolations {
		res.Violations = res.Violations[:maxViolations]
	}
	return res
}

// partition is one log under judgement.
type partition struct {
	name       string
	ops        []*history.Op           // by Invoke
	at         map[int64]history.Value // what acknowledgements and reads said of each offset
	where      map[history.Value]int64 // and of each value
	writer     map[history.Value]*history.Op
	acked      int
	read       int
	violations []Violation
}

func newPartition(ops []*history.Op) *partition {
	slices.SortStableFunc(ops, func(a, b *history.Op) int { return cmp.Compare(a.Invoke, b.Invoke) })
	return &partition{
		name:   fmt.Sprintf("%s(%.8s)-%d", ops[0].Topic, ops[0].TopicID, ops[0].Partition),
		ops:    ops,
		at:     make(map[int64]history.Value),
		where:  make(map[history.Value]int64),
		writer: make(map[history.Value]*history.Op),
	}
}

func (l *partition) violated(law string, op *history.Op, format string, args ...any) {
	if len(l.violations) < maxViolations {
		l.violations = append(l.violations, Violation{Law: law, Log: l.name, Op: op, Text: fmt.Sprintf(format, args...)})
	}
}

// byLog splits operations on partitions by the log they concern, in a stable order.
func byLog(ops []*history.Op) [][]*history.Op {
	type key struct {
		topic, id string
		partition int32
	}
	index := make(map[key]int)
	var groups [][]*history.Op
	for _, op := range ops {
		if op.Kind != history.Produce && op.Kind != history.Fetch && op.Kind != history.ListOffsets &&
			op.Kind != history.DeleteRecords {
			continue
		}
		k := key{op.Topic, op.TopicID, op.Partition}
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], op)
	}
	return groups
}
