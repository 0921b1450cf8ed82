package check

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/sim/fault"
)

// lives compares what the lives of a node find at their boots. What one recovery found stays (O22, by J10), unless the
// next one names it as damaged; what it did not find is gone for ever, unless a client sent it again (O10).
type lives struct {
	seen  map[arrival]uint64 // batch -> the moment of its latest arrival; only looked up
	last  *found             // by the latest recovery that went through; nil before the first
	under *found             // by the one under way
}

// arrival names a batch by what its leader does not change.
type arrival struct {
	sum  uint32
	size int
}

func arrivalOf(b []byte) arrival { return arrival{record.Checksum(b[stamped:]), len(b)} }

// found is what a recovery found. Logs that it calls damaged stay as they were found last: who takes the name back must
// show them whole.
type found struct {
	moment uint64     // of the boot: what arrived later may be behind what was found
	logs   []foundLog // by partition
	halted bool
}

type foundLog struct {
	logContent
	moment uint64
}

// find is what was found of a partition: nothing, if it was not there.
func (f *found) find(tp event.TP) *foundLog {
	for i := range f.logs {
		if f.logs[i].tp == tp {
			return &f.logs[i]
		}
	}
	return &foundLog{logContent: logContent{tp: tp}, moment: f.moment}
}

// arrived notes what a node is asked to append.
func (l *lives) arrived(moment uint64, asked *event.Produce) {
	if l.seen == nil {
		l.seen = map[arrival]uint64{}
	}
	for i := range asked.Partitions {
		if b := asked.Partitions[i].Batch; len(b) >= record.HeaderSize {
			l.seen[arrivalOf(b)] = moment
		}
	}
}

// booted judges what a recovery finds at the boot of that moment.
func (l *lives) booted(h *fault.Header, moment uint64, now *content) finding {
	l.under = &found{moment: moment, halted: now.halted != ""}
	if l.under.halted {
		return finding{}
	}
	for i := range now.logs {
		is := &now.logs[i]
		keep := foundLog{*is, moment}
		if l.last != nil {
			was := l.last.find(is.tp)
			if f := l.judge(is, was); f != (finding{}) {
				return f
			}
			if is.damaged() {
				keep = *was
				keep.tp, keep.name = is.tp, is.name // the last recovery may not have known it
			}
		}
		if gap := is.gap(); gap != "" && is.code == event.CodeNone {
			return finding{"O24", gap}
		}
		l.under.logs = append(l.under.logs, keep)
	}
	return l.judgeGone(h, now)
}

// judge holds one log to what the last recovery found of it.
func (l *lives) judge(is *logContent, was *foundLog) finding {
	if was.code == event.CodeNone && is.code == event.CodeNone {
		if d := is.extends(&was.logContent); d != "" {
			return finding{"O22", "between two lives: " + d}
		}
	}
	for _, b := range is.batches {
		if b.base < was.end {
			continue
		}
		if at := l.seen[b.arrival]; at < was.moment {
			return finding{"O10", fmt.Sprintf("%s holds %s, which arrived at moment %d; "+
				"the recovery at moment %d ended at offset %d without it", is.label(), b, at, was.moment, was.end)}
		}
	}
	return finding{}
}

// judgeGone looks for logs that are there no more. Plans delete doomed topics, and no others.
func (l *lives) judgeGone(h *fault.Header, now *content) finding {
	if l.last == nil {
		return finding{}
	}
	for i := range l.last.logs {
		was := &l.last.logs[i]
		doomed := false
		for _, t := range h.Topics {
			doomed = doomed || t.Doomed && t.Name == was.name
		}
		if _, ok := now.find(was.tp); !ok && !doomed {
			return finding{"O22", "between two lives: " + was.label() + " is gone"}
		}
	}
	return finding{}
}

// recovered says that the boot went through: what it did not find is gone.
func (l *lives) recovered() {
	if l.under != nil && !l.under.halted {
		l.last = l.under
	}
}
