package check

import "github.com/highwater-log/highwater/linearizability/history"

// bind collects what acknowledgements and reads said of offsets and values, and reports where they disagree (O5, O11).
func (l *partition) bind() {
	for _, op := range l.ops {
		switch op.Kind {
		case history.Produce:
			for _, v := range op.Values {
				l.writer[v] = op
			}
			if op.Acked() {
				l.acked++
				for i, v := range op.Values {
					l.say(op, op.Offset+int64(i), v)
				}
			}
		case history.Fetch:
			l.read += len(op.Records)
			for _, r := range op.Records {
				l.say(op, r.Offset, r.Value)
			}
		}
	}
}

// say takes one statement: the record at offset is v.
func (l *partition) say(op *history.Op, offset int64, v history.Value) {
	if old, ok := l.at[offset]; ok && old != v {
		l.violated("O5", op, "offset %d is %v and %v", offset, old, v)
	} else if !ok {
		l.at[offset] = v
	}
	if v == history.Foreign {
		l.violated("O14", op, "offset %d holds a record that no client wrote", offset)
		return
	}
	if old, ok := l.where[v]; ok && old != offset {
		if w := l.writer[v]; w == nil || w.PID >= 0 || w.Attempts <= 1 {
			l.violated("O11", op, "%v is at offsets %d and %d", v, old, offset)
		}
	} else if !ok {
		l.where[v] = offset
	}
}

// checkValues holds values that were seen to what their writers were told, and to the order of their producers (O11).
func (l *partition) checkValues() {
	type producer struct {
		pid   int64
		epoch int16
	}
	last := make(map[producer]history.Value)
	for _, offset := range sortedKeys(l.at) {
		v := l.at[offset]
		if v == history.Foreign {
			continue
		}
		w := l.writer[v]
		if w == nil {
			l.violated("O14", nil, "offset %d holds %v, which was never sent to this log", offset, v)
			continue
		}
		if w.Outcome == history.Fail {
			l.violated("O11", w, "%v was refused for good (code %d) and is at offset %d", v, w.Code, offset)
		}
		if w.PID < 0 {
			continue
		}
		p := producer{w.PID, w.Epoch}
		if prev, ok := last[p]; ok && prev >= v && prev.Client() == v.Client() {
			l.violated("O11", w, "producer %d epoch %d: %v at offset %d comes after %v", w.PID, w.Epoch, v, offset, prev)
		}
		last[p] = v
	}
}
