package sweep

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

// points are the places where the node of an enumerated run is ended, each time one of them is passed.
var points = []fault.Point{
	fault.AtSubmit, fault.AtSubmitted, fault.AtCompleted, fault.AtDelivered, fault.AtReply, fault.AtReplied,
}

// endings are the ways in which it ends: a kill that leaves what was written, and power cuts that leave nothing, some
// or all of what was not flushed. Flight says what becomes of the writes under way.
var endings = []fault.Fault{
	{Do: fault.DoKill, Flight: disk.KeepSome},
	{Do: fault.DoCut, Flight: disk.KeepNone, Data: disk.KeepNone, Meta: disk.KeepNone},
	{Do: fault.DoCut, Flight: disk.KeepSome, Data: disk.KeepSome, Meta: disk.KeepSome},
	{Do: fault.DoCut, Flight: disk.KeepAll, Data: disk.KeepAll, Meta: disk.KeepAll},
}

// Enumerated is one run of an enumeration: its plan and how it ended.
type Enumerated struct {
	Point  fault.Point
	Nth    int
	Plan   *fault.Plan
	Result *world.Result
}

// Enumerate runs a small scenario once for every passing of every point and every ending: not sampled. It stops where a
// point is passed no more. each is told every run, and says whether to go on.
func Enumerate(seed uint64, run Run, each func(Enumerated) bool) (runs int, err error) {
	base, err := Small(seed)
	if err != nil {
		return 0, err
	}
	if r := run(base); r.Verdict != world.VerdictOK {
		return 0, fmt.Errorf("the scenario fails without any crash: %s: %s", r.Line(), r.Text)
	}
	for _, point := range points {
		for _, ending := range endings {
			for nth := 1; ; nth++ {
				p := crashedAt(base, point, nth, ending)
				r := run(p)
				if len(r.Stale) > 0 {
					break
				}
				runs++
				if !each(Enumerated{point, nth, p, r}) {
					return runs, nil
				}
			}
		}
	}
	return runs, nil
}

// Small is a scenario that can be enumerated: one producer, one consumer, a few batches on two partitions, and sizes that
// make segments roll, large batches go straight to them, and checkpoints happen all the same.
func Small(seed uint64) (*fault.Plan, error) {
	p, err := world.Generate(seed, "calm")
	if err != nil {
		return nil, err
	}
	h := &p.Header
	h.Topics = []fault.Topic{{Name: "t", Partitions: 2, Segment: 32 << 10}}
	h.Clients = []fault.Client{
		{Role: fault.Producer, Idempotent: true, InFlight: 3, Timeout: 200 * event.Millisecond},
		{Role: fault.Consumer, Timeout: 200 * event.Millisecond, MaxWait: 5},
		{Role: fault.Admin, Timeout: 200 * event.Millisecond},
	}
	h.Turn, h.Net.Split = 2, 0
	h.Store.WriteBehind, h.Store.CheckpointAge, h.Store.InFlight, h.Store.Writing = 4<<10, 5*event.Millisecond, 2, 1
	h.Store.DirectBytes, h.Store.DirectWrites = 4096, 2
	p.Ops, p.Faults = nil, nil
	for i := range 14 {
		p.Ops = append(p.Ops, fault.Op{Client: 0, Do: "produce", Partition: int32(i % 2), Acks: -1, Records: 1 + i%3, Bytes: 700 * (i % 4)})
	}
	for i := range 8 {
		p.Ops = append(p.Ops, fault.Op{
			Client: 0, Do: "produce", Partition: int32(i % 2), Pause: 2 * event.Millisecond, Acks: -1, Records: 3, Bytes: 2400,
		})
	}
	for i := range 6 {
		p.Ops = append(p.Ops, fault.Op{Client: 1, Do: "fetch", Partition: int32(i % 2), Pause: event.Millisecond})
	}
	return p, nil
}

// crashedAt is base with one ending at the nth passing of point.
func crashedAt(base *fault.Plan, point fault.Point, nth int, ending fault.Fault) *fault.Plan {
	p := *base
	f := ending
	f.ID, f.Family, f.Seed, f.For = 1, fault.Crash, uint64(nth), event.Millisecond
	f.On = fault.Trigger{Point: point, Nth: nth}
	p.Faults = []fault.Fault{f}
	p.Verdict = nil
	return &p
}
