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
	last  *found             // by the latest recovery that went through
	under *found             // by the one under way
}

// arrival names a batch by what its leader does not change.
type arrival struct {
	sum  uint32
	size int
}

// found is what a recovery found, and the moment of the boot: what arrived later may be behind it.
type found struct {
	moment uint64
	logs   *content
}

// arrived notes what a node is asked to append.
func (l *lives) arrived(moment uint64, asked *event.Produce) {
	if l.seen == nil {
		l.seen = map[arrival]uint64{}
	}
	for i := range asked.Partitions {
		if b := asked.Partitions[i].Batch; len(b) >= record.HeaderSize {
			l.seen[arrival{record.Checksum(b[stamped:]), len(b)}] = moment
		}
	}
}

// booted judges what a recovery finds at the boot of that moment.
func (l *lives) booted(h *fault.Header, moment uint64, now *content) finding {
	l.under = &found{moment, now}
	if now.halted != "" {
		return finding{}
	}
	for i := range now.logs {
		if f := l.judge(h, &now.logs[i]); f != (finding{}) {
			return f
		}
	}
	return l.judgeGone(h, now)
}

// judge holds one log to itself, and to what the last recovery found of it.
func (l *lives) judge(h *fault.Header, is *logContent) finding {
	damaged := is.code == event.CodeKafkaStorageError
	if damaged && h.Label != fault.LabelDetect {
		return finding{"O1", is.label() + " is damaged after a recovery, and nothing was harmed beyond repair"}
	}
	if gap := is.gap(); gap != "" && is.code == event.CodeNone {
		return finding{"O24", gap}
	}
	if l.last == nil {
		return finding{}
	}
	old, _ := l.last.logs.find(is.tp)
	if old.code == event.CodeNone && is.code == event.CodeNone {
		if d := is.extends(old); d != "" {
			return finding{"O22", "between two lives: " + d}
		}
	}
	for _, b := range is.batches {
		if b.base < old.end {
			continue
		}
		if at := l.seen[arrival{b.sum, b.size}]; at < l.last.moment {
			return finding{"O10", fmt.Sprintf("%s holds %s, which arrived at moment %d; the recovery at moment %d ended at offset %d without it",
				is.label(), b, at, l.last.moment, old.end)}
		}
	}
	return finding{}
}

// judgeGone looks for logs that are there no more. Plans delete doomed topics, and no others.
func (l *lives) judgeGone(h *fault.Header, now *content) finding {
	if l.last == nil {
		return finding{}
	}
	for i := range l.last.logs.logs {
		old := &l.last.logs.logs[i]
		doomed := false
		for _, t := range h.Topics {
			doomed = doomed || t.Doomed && t.Name == old.name
		}
		if _, ok := now.find(old.tp); !ok && !doomed {
			return finding{"O22", "between two lives: " + old.label() + " is gone"}
		}
	}
	return finding{}
}

// recovered says that the boot went through: what it did not find is gone.
func (l *lives) recovered() {
	if l.under != nil && l.under.logs.halted == "" {
		l.last = l.under
	}
}
