package journal

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// A frame with direct entries refers to bytes that go to their segments at the same time. It counts when its own write and
// all of these, its riders, are complete:
//
//	Stage(direct) Hold     EndTurn        frame written      Unhold: all are     counts, by contiguous prefix
//	      |---- direct write ------------------------------------->|                   |
//	                        |---- frame's write --->|              |------------------->
//
// Until then it is in flight, and takes one of the InFlight places: so no more than W frames are ever above D (J1).

// Hold has the frame seq wait for one more rider. Its entry was just staged.
func (j *Journal) Hold(seq uint64) {
	if seq != j.open.seq || len(j.open.entries) == 0 {
		invariant.Violated("J-9: frame %d is to wait for a direct write, open is %d with %d entries",
			seq, j.open.seq, len(j.open.entries))
	}
	j.open.riders++
}

// Unhold takes the completion of a rider of the frame seq, which has not counted yet.
func (j *Journal) Unhold(seq uint64, now event.Time, out *event.Buf) {
	riders := j.ridersOf(seq)
	if riders == nil || *riders == 0 {
		if invariant.Planted(invariant.CanaryAckBeforeDirect) {
			return
		}
		invariant.Violated("J-9: a direct write of frame %d is complete, and the frame waits for none", seq)
	}
	*riders--
	if j.why == "" {
		j.count(now, out)
	}
}

func (j *Journal) ridersOf(seq uint64) *int {
	for i := range j.flight {
		if j.flight[i].seq == seq {
			return &j.flight[i].riders
		}
	}
	for i := range j.closed {
		if j.closed[i].seq == seq {
			return &j.closed[i].riders
		}
	}
	if j.open.seq == seq {
		return &j.open.riders
	}
	return nil
}

// whole reports whether a frame may count, once those before it do.
func (f *flying) whole() bool {
	return f.done && (f.riders == 0 || invariant.Planted(invariant.CanaryAckBeforeDirect))
}

// Proven bounds the frames that a recovery is sure to know as durable: some durable frame behind them says so. What lies
// between Proven and Durable may look like a torn tail if any of it is destroyed, and take acknowledged frames with it.
func (j *Journal) Proven() uint64 {
	if invariant.Planted(invariant.CanaryCutBeforeProven) {
		return j.Durable()
	}
	return j.proven
}
