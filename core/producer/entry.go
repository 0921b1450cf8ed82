package producer

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/record"
)

// Window is how many batches of a producer are remembered: as many as a producer may have in flight.
const Window = 5

// entry is one producer. Its window is never empty once a batch was applied.
type entry struct {
	producer int64
	epoch    int16
	n        uint8 // batches in the window
	touched  bool  // wrote since the last Expire
	// run counts the records from the first sequence that is known without a gap to the last one, wraps included.
	run        int64
	window     [Window]batch // oldest first
	seen       int64         // milliseconds: the first Expire after its last batch
	prev, next int32
}

// batch is one remembered batch.
type batch struct {
	first int32 // sequence of its first record
	last  int32 // sequence of its last record: below first where the batch wraps
	base  int64 // offset of its first record
	end   int64 // offset behind its last record
}

// check applies the rules of the package doc to a producer that is known.
func (e *entry) check(b record.Batch) Verdict {
	switch {
	case b.ProducerEpoch() < e.epoch:
		return refuse(event.CodeInvalidProducerEpoch)
	case b.ProducerEpoch() > e.epoch:
		if b.BaseSequence() != 0 {
			return refuse(event.CodeOutOfOrderSequence)
		}
		return accept()
	case b.BaseSequence() == after(e.window[e.n-1].last):
		return accept()
	}
	for _, w := range e.window[:e.n] {
		if w.first == b.BaseSequence() && w.last == b.LastSequence() {
			return Verdict{Kind: Duplicate, Base: w.base, End: w.end}
		}
	}
	if e.below(b) {
		return Verdict{Kind: Duplicate, Code: event.CodeDuplicateSequence, Base: -1, End: e.window[0].base}
	}
	return refuse(event.CodeOutOfOrderSequence)
}

// below reports whether every record of b lies between the first known sequence and the window: it was appended.
func (e *entry) below(b record.Batch) bool {
	back := distance(b.BaseSequence(), e.window[e.n-1].last) + 1 // records from the first of b to the last known
	window := distance(e.window[0].first, e.window[e.n-1].last) + 1
	return back <= e.run && back-int64(b.LastOffsetDelta())-1 >= window
}

// apply takes in a batch of this producer. One that does not follow the last, or of another epoch, begins a new run
// (P-1).
func (e *entry) apply(b record.Batch) {
	if e.n > 0 && (b.ProducerEpoch() != e.epoch || !e.window[e.n-1].precedes(b)) {
		e.n, e.run = 0, 0
	}
	e.epoch = b.ProducerEpoch()
	size := Window
	if invariant.Planted(invariant.CanaryDedupWindow) {
		size--
	}
	if int(e.n) >= size {
		copy(e.window[:], e.window[1:e.n])
		e.n--
	}
	e.window[e.n] = batch{first: b.BaseSequence(), last: b.LastSequence(), base: b.BaseOffset(), end: b.NextOffset()}
	e.n++
	// Beyond half of the sequence space older and newer cannot be told apart.
	e.run = min(e.run+int64(b.LastOffsetDelta())+1, maxRun)
}

// precedes reports whether b follows w in sequence and behind it in the log.
func (w *batch) precedes(b record.Batch) bool {
	return b.BaseSequence() == after(w.last) && b.BaseOffset() >= w.end
}

// maxRun is the longest run that is remembered, in records: half of the 2^31 sequences.
const maxRun = 1 << 30

// after is the sequence that follows s.
func after(s int32) int32 { return (s + 1) & 0x7fffffff }

// distance is how many steps lead from one sequence up to another, around the wrap.
func distance(from, to int32) int64 { return int64((to - from) & 0x7fffffff) }
