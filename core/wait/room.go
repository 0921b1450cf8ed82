package wait

import (
	"cmp"
	"math"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/timer"
)

// Need is one condition: the partition is committed up to Offset, which is the offset behind the last record waited
// for.
type Need struct {
	TP     event.TP
	Offset int64
}

// Met is one need that was met, or that failed. Need is its index among those the request was parked with. Last says
// that no other is open: the request has left the room.
type Met[T any] struct {
	Ticket  event.Ticket
	Payload T
	Need    int
	Last    bool
}

// Left is a request that left the room before all of its needs were settled. Unmet are the indexes of those, ascending.
type Left[T any] struct {
	Ticket  event.Ticket
	Payload T
	Unmet   []int
}

// Room holds the parked requests of one machine. T is what the owner needs in order to answer one. The zero value is an
// empty room. Slices that its methods return are valid until the next Reach, Fail, Expire or Drop: parking anew while
// going through one is fine.
type Room[T any] struct {
	conns     map[event.ConnID]*bench[T]
	guests    int
	spare     []*guest[T]          // that have left, for those who come
	bySeq     map[uint64]*guest[T] // those with a deadline or a need
	queues    map[event.TP]*queue
	deadlines timer.Heap // by seq
	seq       uint64     // of the next guest: the order of parking

	// Scratch of Reach, Expire and Drop.
	due  []place
	met  []Met[T]
	left []Left[T]
	gone []*guest[T]
}

// bench is the requests of one connection: a few, that come and mostly leave in the order of their tickets.
type bench[T any] struct{ guests []*guest[T] }

// guest is one parked request.
type guest[T any] struct {
	seq     uint64
	ticket  event.Ticket
	payload T
	needs   []Need
	settled []bool // aligned with needs
	open    int    // needs that are not settled
}

// Len counts the parked requests.
func (r *Room[T]) Len() int { return r.guests }

// NextDeadline is when Expire has something to say, Never if nothing is parked with a deadline.
func (r *Room[T]) NextDeadline() event.Time { return r.deadlines.Next() }

// Park takes a request in until its needs are settled, or Take, Drop or its deadline (Never for none) ends the wait.
// Needs that hold already are the caller's to find: only what happens from now on counts. The ticket must not be
// parked.
func (r *Room[T]) Park(t event.Ticket, deadline event.Time, payload T, needs ...Need) {
	if r.conns == nil {
		r.conns = make(map[event.ConnID]*bench[T])
		r.bySeq = make(map[uint64]*guest[T])
		r.queues = make(map[event.TP]*queue)
	}
	b := r.conns[t.Conn]
	if b == nil {
		b = new(bench[T])
		r.conns[t.Conn] = b
	}
	at, found := b.find(t)
	if found {
		invariant.Violated("W-1: ticket %v is parked twice", t)
	}
	g := r.seat()
	g.seq, g.ticket, g.payload = r.seq, t, payload
	g.needs, g.settled, g.open = slices.Clone(needs), make([]bool, len(needs)), len(needs)
	r.seq++
	r.guests++
	b.guests = slices.Insert(b.guests, at, g)
	if deadline == event.Never && len(needs) == 0 {
		return
	}
	r.bySeq[g.seq] = g
	r.deadlines.Set(g.seq, deadline)
	for i, n := range needs {
		q := r.queues[n.TP]
		if q == nil {
			q = new(queue)
			r.queues[n.TP] = q
		}
		q.add(place{offset: n.Offset, seq: g.seq, need: i})
	}
}

// seat is a guest that nobody is.
func (r *Room[T]) seat() *guest[T] {
	n := len(r.spare)
	if n == 0 {
		return new(guest[T])
	}
	g := r.spare[n-1]
	r.spare = r.spare[:n-1]
	return g
}

// Parked reports whether the ticket is in the room.
func (r *Room[T]) Parked(t event.Ticket) bool {
	return r.find(t) != nil
}

// Payload is what the ticket was parked with.
func (r *Room[T]) Payload(t event.Ticket) (payload T, ok bool) {
	if g := r.find(t); g != nil {
		return g.payload, true
	}
	return payload, false
}

// Waiting reports whether any request waits for the partition.
func (r *Room[T]) Waiting(tp event.TP) bool { return r.queues[tp] != nil }

// Reach tells that the partition is committed up to offset, and returns the needs that this meets.
func (r *Room[T]) Reach(tp event.TP, offset int64) []Met[T] {
	clear(r.met)
	r.met = r.met[:0]
	q := r.queues[tp]
	if q == nil {
		return nil
	}
	r.due = q.take(r.due[:0], offset)
	if len(q.places) == 0 {
		delete(r.queues, tp)
	}
	slices.SortFunc(r.due, byParking)
	for _, p := range r.due {
		g := r.bySeq[p.seq]
		g.settled[p.need] = true
		g.open--
		r.met = append(r.met, Met[T]{Ticket: g.ticket, Payload: g.payload, Need: p.need, Last: g.open == 0})
		if g.open == 0 {
			r.remove(g)
		}
	}
	return r.met
}

// Fail ends every wait for the partition, whatever its offset: the owner no longer leads it, or its storage failed.
func (r *Room[T]) Fail(tp event.TP) []Met[T] { return r.Reach(tp, math.MaxInt64) }

// Take ends the wait of one request.
func (r *Room[T]) Take(t event.Ticket) (Left[T], bool) {
	g := r.find(t)
	if g == nil {
		return Left[T]{}, false
	}
	left := g.left()
	r.remove(g)
	return left, true
}

// Expire ends the waits whose deadline has come: by deadline, then in the order of parking.
func (r *Room[T]) Expire(now event.Time) []Left[T] {
	r.leaving()
	for seq, ok := r.deadlines.Pop(now); ok; seq, ok = r.deadlines.Pop(now) {
		g := r.bySeq[seq]
		r.left = append(r.left, g.left())
		r.remove(g)
	}
	return r.left
}

// Drop ends the waits of a connection that closed. Nobody is left to be answered; the owner frees what they held.
func (r *Room[T]) Drop(conn event.ConnID) []Left[T] {
	r.leaving()
	b := r.conns[conn]
	if b == nil {
		return nil
	}
	r.gone = append(r.gone[:0], b.guests...)
	slices.SortFunc(r.gone, func(a, b *guest[T]) int { return cmp.Compare(a.seq, b.seq) })
	for _, g := range r.gone {
		r.left = append(r.left, g.left())
		r.remove(g)
	}
	clear(r.gone)
	delete(r.conns, conn)
	return r.left
}

// find is the guest with a ticket, nil if it is not parked.
func (r *Room[T]) find(t event.Ticket) *guest[T] {
	b := r.conns[t.Conn]
	if b == nil {
		return nil
	}
	if at, found := b.find(t); found {
		return b.guests[at]
	}
	return nil
}

// find is the place of a ticket on the bench.
func (b *bench[T]) find(t event.Ticket) (int, bool) {
	if n := len(b.guests); n == 0 || b.guests[n-1].ticket.Seq < t.Seq {
		return n, false
	}
	if b.guests[0].ticket.Seq == t.Seq {
		return 0, true
	}
	return slices.BinarySearchFunc(b.guests, t, func(g *guest[T], t event.Ticket) int {
		return cmp.Compare(g.ticket.Seq, t.Seq)
	})
}

// remove takes a guest out of every index.
func (r *Room[T]) remove(g *guest[T]) {
	b := r.conns[g.ticket.Conn]
	at, found := 0, false
	if b != nil {
		at, found = b.find(g.ticket)
	}
	if !found || b.guests[at] != g {
		invariant.Violated("W-1: ticket %v leaves but is not parked", g.ticket)
	}
	b.guests = slices.Delete(b.guests, at, at+1)
	r.guests--
	if r.bySeq[g.seq] == g {
		delete(r.bySeq, g.seq)
		r.deadlines.Cancel(g.seq)
	}
	r.forget(g)
	*g = guest[T]{}
	r.spare = append(r.spare, g)
}

// forget takes what a guest still needs out of the queues.
func (r *Room[T]) forget(g *guest[T]) {
	for i, n := range g.needs {
		if g.settled[i] {
			continue
		}
		q := r.queues[n.TP]
		q.remove(place{offset: n.Offset, seq: g.seq, need: i})
		if len(q.places) == 0 {
			delete(r.queues, n.TP)
		}
	}
}

// leaving empties the scratch that Expire and Drop return.
func (r *Room[T]) leaving() {
	clear(r.left)
	r.left = r.left[:0]
}

// left is what the owner is told about a guest that leaves early.
func (g *guest[T]) left() Left[T] {
	l := Left[T]{Ticket: g.ticket, Payload: g.payload}
	for i, settled := range g.settled {
		if !settled {
			l.Unmet = append(l.Unmet, i)
		}
	}
	return l
}
