package journal

import "github.com/highwater-log/highwater/core/event"

// Close ends the journal of a store that stops: nothing is staged any more, and no chunk is prepared for later. One that is being
// prepared is left as it is, like by a crash: the next recovery takes it from there.
func (j *Journal) Close(out *event.Buf) {
	j.ended = true
	if j.slab.memory != nil {
		out.Drop(j.slab.memory)
	}
	j.slab = slab{}
}

// Quiet reports whether no disk operation of the journal is under way.
func (j *Journal) Quiet() bool { return len(j.flight) == 0 && !j.prepare.busy }
