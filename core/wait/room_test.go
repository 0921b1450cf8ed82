package wait

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

func ticket(conn event.ConnID, seq uint64) event.Ticket { return event.Ticket{Conn: conn, Seq: seq} }

func tp(partition int32) event.TP { return event.TP{Partition: partition} }

func TestRoom_ProduceWaitsForEveryPartition(t *testing.T) {
	var room Room[string]
	room.Park(ticket(1, 0), 100, "first", Need{tp(0), 10}, Need{tp(1), 5})
	room.Park(ticket(2, 0), 90, "second", Need{tp(0), 12})

	if met := room.Reach(tp(0), 9); len(met) != 0 {
		t.Errorf("at 9: %v", met)
	}
	if met := room.Reach(tp(0), 11); len(met) != 1 || met[0] != (Met[string]{ticket(1, 0), "first", 0, false}) {
		t.Errorf("at 11: %v", met)
	}
	if met := room.Reach(tp(0), 12); len(met) != 1 || met[0] != (Met[string]{ticket(2, 0), "second", 0, true}) {
		t.Errorf("at 12: %v", met)
	}
	if room.Waiting(tp(0)) || !room.Waiting(tp(1)) || room.Len() != 1 || room.NextDeadline() != 100 {
		t.Errorf("%d parked, next deadline %d", room.Len(), room.NextDeadline())
	}
	left := room.Expire(100)
	if len(left) != 1 || left[0].Ticket != ticket(1, 0) || !slices.Equal(left[0].Unmet, []int{1}) {
		t.Errorf("at the deadline: %v", left)
	}
	if room.Len() != 0 || room.Waiting(tp(1)) || room.NextDeadline() != event.Never || len(room.Reach(tp(1), 99)) != 0 {
		t.Error("the room is not empty")
	}
}

func TestRoom_FailEndsEveryWaitForThePartition(t *testing.T) {
	var room Room[int]
	room.Park(ticket(1, 0), event.Never, 1, Need{tp(0), math.MaxInt64}, Need{tp(1), 1})
	room.Park(ticket(1, 1), event.Never, 2, Need{tp(0), 3}, Need{tp(0), 2})
	met := room.Fail(tp(0))
	want := []Met[int]{{ticket(1, 0), 1, 0, false}, {ticket(1, 1), 2, 0, false}, {ticket(1, 1), 2, 1, true}}
	if !slices.Equal(met, want) {
		t.Errorf("%v, want %v", met, want)
	}
}

func TestRoom_LongPollWaitsToBeTold(t *testing.T) {
	var room Room[string]
	room.Park(ticket(1, 4), 50, "poll")
	if got, ok := room.Payload(ticket(1, 4)); !ok || got != "poll" || !room.Parked(ticket(1, 4)) {
		t.Error("it is not parked")
	}
	if left, ok := room.Take(ticket(1, 4)); !ok || left.Payload != "poll" || left.Unmet != nil {
		t.Errorf("%v", left)
	}
	if _, ok := room.Take(ticket(1, 4)); ok || room.Parked(ticket(1, 4)) || len(room.Expire(50)) != 0 {
		t.Error("it left twice")
	}
	if _, ok := room.Payload(ticket(1, 4)); ok {
		t.Error("its payload is still there")
	}
}

func TestRoom_DropTakesOneConnectionInOrderOfParking(t *testing.T) {
	var room Room[string]
	room.Park(ticket(7, 2), 1, "late ticket, parked first", Need{tp(0), 1})
	room.Park(ticket(8, 0), 1, "other")
	room.Park(ticket(7, 1), 1, "early ticket, parked last")
	left := room.Drop(7)
	if len(left) != 2 || left[0].Ticket != ticket(7, 2) || left[1].Ticket != ticket(7, 1) {
		t.Errorf("%v", left)
	}
	if len(room.Drop(7)) != 0 || len(room.Drop(9)) != 0 || room.Len() != 1 || room.Waiting(tp(0)) {
		t.Errorf("%d parked", room.Len())
	}
}

func TestRoom_ParkingATicketTwiceBreaksALaw(t *testing.T) {
	defer func() {
		if _, broken := recover().(invariant.Violation); !broken {
			t.Error("W-1 was not noticed")
		}
	}()
	var room Room[int]
	room.Park(ticket(1, 0), 1, 1)
	room.Park(ticket(1, 0), 2, 2)
}

// naive is the room as the package doc defines it: one list in the order of parking.
type naive struct{ guests []*naiveGuest }

type naiveGuest struct {
	ticket   event.Ticket
	deadline event.Time
	payload  int
	needs    []Need
	open     []int
}

func (n *naive) reach(tp event.TP, offset int64) (met []Met[int]) {
	for _, g := range slices.Clone(n.guests) {
		for _, i := range slices.Clone(g.open) {
			if g.needs[i].TP != tp || g.needs[i].Offset > offset {
				continue
			}
			g.open = slices.DeleteFunc(g.open, func(j int) bool { return j == i })
			met = append(met, Met[int]{g.ticket, g.payload, i, len(g.open) == 0})
		}
		if len(g.needs) > 0 && len(g.open) == 0 {
			n.remove(g)
		}
	}
	return met
}

func (n *naive) remove(g *naiveGuest) {
	n.guests = slices.DeleteFunc(n.guests, func(o *naiveGuest) bool { return o == g })
}

func (n *naive) leave(which func(*naiveGuest) bool) (left []*naiveGuest) {
	for _, g := range slices.Clone(n.guests) {
		if which(g) {
			n.remove(g)
			left = append(left, g)
		}
	}
	return left
}

func (n *naive) next() event.Time {
	next := event.Never
	for _, g := range n.guests {
		next = min(next, g.deadline)
	}
	return next
}

func TestRoom_EqualsAList(t *testing.T) {
	need := rapid.Custom(func(t *rapid.T) Need {
		return Need{tp(rapid.Int32Range(0, 2).Draw(t, "partition")), rapid.Int64Range(0, 6).Draw(t, "offset")}
	})
	rapid.Check(t, func(t *rapid.T) {
		var room Room[int]
		var model naive
		compare := func(got []Left[int], want []*naiveGuest) {
			if len(got) != len(want) {
				t.Fatalf("%d left, want %d", len(got), len(want))
			}
			for i, g := range got {
				w := want[i]
				if g.Ticket != w.ticket || g.Payload != w.payload || !slices.Equal(g.Unmet, w.open) {
					t.Fatalf("left %d: %v, want %v unmet of %v", i, g, w.open, w.ticket)
				}
			}
		}
		for step := range rapid.IntRange(0, 40).Draw(t, "steps") {
			conn := event.ConnID(rapid.IntRange(0, 3).Draw(t, "conn"))
			tick := ticket(conn, rapid.Uint64Range(0, 3).Draw(t, "seq"))
			now := event.Time(rapid.IntRange(0, 9).Draw(t, "now"))
			switch rapid.SampledFrom([]string{"park", "park", "park", "reach", "fail", "expire", "drop", "take"}).Draw(t, "op") {
			case "park":
				if room.Parked(tick) {
					continue
				}
				g := &naiveGuest{ticket: tick, deadline: now, payload: step}
				if rapid.Bool().Draw(t, "for ever") {
					g.deadline = event.Never
				}
				g.needs = rapid.SliceOfN(need, 0, 3).Draw(t, "needs")
				for i := range g.needs {
					g.open = append(g.open, i)
				}
				model.guests = append(model.guests, g)
				room.Park(tick, g.deadline, step, g.needs...)
			case "reach":
				n := need.Draw(t, "reached")
				if got, want := room.Reach(n.TP, n.Offset), model.reach(n.TP, n.Offset); !slices.Equal(got, want) {
					t.Fatalf("reach: %v, want %v", got, want)
				}
			case "fail":
				n := need.Draw(t, "failed")
				if got, want := room.Fail(n.TP), model.reach(n.TP, math.MaxInt64); !slices.Equal(got, want) {
					t.Fatalf("fail: %v, want %v", got, want)
				}
			case "expire":
				want := model.leave(func(g *naiveGuest) bool { return g.deadline <= now })
				slices.SortStableFunc(want, func(a, b *naiveGuest) int { return cmp.Compare(a.deadline, b.deadline) })
				compare(room.Expire(now), want)
			case "drop":
				compare(room.Drop(conn), model.leave(func(g *naiveGuest) bool { return g.ticket.Conn == conn }))
			case "take":
				var got []Left[int]
				if l, ok := room.Take(tick); ok {
					got = append(got, l)
				}
				compare(got, model.leave(func(g *naiveGuest) bool { return g.ticket == tick }))
			}
			if room.Len() != len(model.guests) || room.NextDeadline() != model.next() {
				t.Fatalf("%d parked until %d, want %d until %d",
					room.Len(), room.NextDeadline(), len(model.guests), model.next())
			}
		}
		if left := room.Expire(event.Never - 1); len(left) > 0 && room.NextDeadline() != event.Never {
			t.Fatal("deadlines are left")
		}
		for conn := range event.ConnID(4) {
			room.Drop(conn)
		}
		if len(room.bySeq)+len(room.queues)+room.guests+room.deadlines.Len() != 0 {
			t.Fatalf("an empty room still holds %d, %d", len(room.bySeq), len(room.queues))
		}
	})
}

func BenchmarkRoom(b *testing.B) {
	for _, parked := range []int{10, 10000} {
		b.Run(fmt.Sprint(parked), func(b *testing.B) {
			var room Room[int]
			at := int64(0)
			park := func() {
				at++
				room.Park(ticket(event.ConnID(at%100), uint64(at)), event.Time(at), int(at), Need{tp(int32(at % 8)), at})
			}
			for range parked {
				park()
			}
			b.ReportAllocs()
			for b.Loop() {
				park()
				reached := at - int64(parked)
				room.Reach(tp(int32(reached%8)), reached)
			}
		})
	}
}
