package model

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/highwater-log/highwater/linearizability/history"
)

// Verdict is the outcome of a search.
type Verdict string

// Verdicts.
const (
	Legal   Verdict = "legal"
	Illegal Verdict = "illegal"
	Unknown Verdict = "unknown" // out of time
)

// Window is one judged window of one log: offsets [From, To).
type Window struct {
	Topic     string  `json:"topic"`
	TopicID   string  `json:"topic_id"`
	Partition int32   `json:"partition"`
	From      int64   `json:"from"`
	To        int64   `json:"to"`
	Ops       int     `json:"ops"`
	Verdict   Verdict `json:"verdict"`

	start    state
	searched []porcupine.Operation // nil where there was nothing to search
}

// Search is what was searched: the specification from the window's first offset on, and the operations. There are none
// where the verdict needed no search: an append was acknowledged beyond the end of the final log.
func (w *Window) Search() (porcupine.Model, []porcupine.Operation) {
	return logModel(w.start), slices.Clone(w.searched)
}

// Options bound a search.
type Options struct {
	MaxOps  int           // operations of a window at most; 200 if 0
	Windows int           // windows of a log at most, spread over it; 1 if 0
	Timeout time.Duration // of one window; 2 s if 0
}

// Check judges windows of every log of the history that has final reads.
func Check(ops []*history.Op, opt Options) []Window {
	opt.MaxOps, opt.Windows = cmp.Or(opt.MaxOps, 200), cmp.Or(opt.Windows, 1)
	opt.Timeout = cmp.Or(opt.Timeout, 2*time.Second)
	var out []Window
	for _, l := range resolve(ops) {
		out = append(out, l.windows(opt)...)
	}
	return out
}

// resolved is a log whose operations all have known effects.
type resolved struct {
	topic, id string
	partition int32
	start     int64                 // of the final log
	whole     int64                 // from here on appends are there from their first value: one may lie on both sides of the start
	values    []history.Value       // from there on
	ops       []porcupine.Operation // appends by offset, then reads
	appends   int
}

type logKey struct {
	topic, id string
	partition int32
}

// resolve settles every operation by the final log. Logs without a whole final read are left out, and so is what happened
// below the start of the others: it may have been let go before it could be read.
func resolve(ops []*history.Op) []*resolved {
	var logs []*resolved
	index := make(map[logKey]*resolved)
	end := uint64(1)
	for _, op := range ops {
		end = max(end, op.Invoke, op.Return)
		if op.Kind != history.Fetch || !op.Final {
			continue
		}
		k := logKey{op.Topic, op.TopicID, op.Partition}
		l := index[k]
		if l == nil {
			l = &resolved{topic: op.Topic, id: op.TopicID, partition: op.Partition}
			index[k] = l
			logs = append(logs, l)
		}
		if op.Outcome == history.OK && (len(l.values) == 0 || op.LogStart > l.end()) {
			l.start, l.values = op.LogStart, nil
		}
		for _, r := range op.Records {
			if next := l.start + int64(len(l.values)); len(l.values) == 0 || r.Offset > next {
				l.start, l.values = r.Offset, nil // the log began later than when it was read before
			} else if r.Offset < next {
				continue
			}
			l.values = append(l.values, r.Value)
		}
	}
	where := make(map[logKey]map[history.Value]int64)
	for k, l := range index {
		where[k] = make(map[history.Value]int64, len(l.values))
		for i, v := range l.values {
			where[k][v] = l.start + int64(i)
		}
	}
	for _, op := range ops {
		k := logKey{op.Topic, op.TopicID, op.Partition}
		if l := index[k]; l != nil {
			l.add(op, where[k], int64(end)+1)
		}
	}
	for _, l := range logs {
		slices.SortStableFunc(l.ops, func(a, b porcupine.Operation) int {
			return cmp.Or(cmp.Compare(kindOf(a), kindOf(b)), cmp.Compare(a.Output.(output).offset, b.Output.(output).offset))
		})
	}
	return logs
}

func kindOf(op porcupine.Operation) int {
	if len(op.Input.(input).values) > 0 {
		return 0
	}
	return 1
}

// add translates one operation; those without an effect or a promise drop out.
func (l *resolved) add(op *history.Op, where map[history.Value]int64, end int64) {
	o := porcupine.Operation{ClientId: op.Client, Call: int64(op.Invoke), Return: int64(op.Return)}
	switch {
	case op.Kind == history.Produce && len(op.Values) > 0:
		offset, present := place(op.Values, where)
		if !present && !op.Acked() {
			return
		}
		if op.Acked() {
			offset = op.Offset
		} else {
			o.Return = end
		}
		if offset < l.start {
			l.whole = max(l.whole, offset+int64(len(op.Values)))
			return
		}
		o.Input, o.Output = input{op.Values}, output{offset: offset}
		l.appends++
	case op.Kind == history.ListOffsets && op.Outcome == history.OK && op.Timestamp == -1 && op.Code == 0:
		o.Input, o.Output = input{}, output{offset: op.Offset}
	case op.Kind == history.Fetch && op.Outcome == history.OK && op.Code == 0 && !op.Final:
		o.Input, o.Output = input{}, output{offset: op.HighWatermark}
	default:
		return
	}
	l.ops = append(l.ops, o)
}

// place is the offset of an append of which some values are in the log: those before them were let go.
func place(values []history.Value, where map[history.Value]int64) (offset int64, present bool) {
	for i, v := range values {
		if at, ok := where[v]; ok {
			return at - int64(i), true
		}
	}
	return 0, false
}

// windows judges opt.Windows stretches of the log, spread evenly.
func (l *resolved) windows(opt Options) []Window {
	var out []Window
	for w := range opt.Windows {
		first := w * l.appends / opt.Windows
		if w > 0 && first == (w-1)*l.appends/opt.Windows {
			continue
		}
		out = append(out, l.window(first, opt))
	}
	return out
}

// window judges the log from its append number first on, as far as opt.MaxOps operations reach.
func (l *resolved) window(first int, opt Options) Window {
	w := Window{Topic: l.topic, TopicID: l.id, Partition: l.partition, From: max(l.start, l.whole), To: math.MaxInt64, Verdict: Legal}
	appends := l.ops[:l.appends]
	if first < len(appends) {
		w.From = appends[first].Output.(output).offset
	}
	ops := slices.Clone(appends[first:min(first+opt.MaxOps/2, len(appends))])
	if rest := first + len(ops); rest < len(appends) {
		w.To = appends[rest].Output.(output).offset
	} else {
		w.To = l.end()
	}
	for _, op := range l.ops[l.appends:] {
		if tail := op.Output.(output).offset; tail >= w.From && tail <= w.To && len(ops) < opt.MaxOps {
			ops = append(ops, op)
		}
	}
	w.Ops = len(ops)
	if w.From > l.end() {
		w.Verdict = Illegal // an acknowledged append beyond the end of the final log
		return w
	}
	w.start = state{tail: l.start}.append(l.values[:w.From-l.start])
	renumber(ops)
	w.searched = ops
	switch porcupine.CheckOperationsTimeout(logModel(w.start), ops, opt.Timeout) {
	case porcupine.Illegal:
		w.Verdict = Illegal
	case porcupine.Unknown:
		w.Verdict = Unknown
	}
	return w
}

// end is the end of the final log.
func (l *resolved) end() int64 { return l.start + int64(len(l.values)) }

// renumber gives each operation a client of its own: pipelined calls of one client overlap.
func renumber(ops []porcupine.Operation) {
	for i := range ops {
		ops[i].ClientId = i
	}
}
