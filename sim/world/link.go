package world

import (
	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/net/conn"
	"github.com/highwater-log/highwater/server/api"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/netsim"
)

// link is one connection: the wire, the node's end of it, and the requests that wait there.
type link struct {
	id      event.ConnID
	client  *client
	node    *node
	wire    *netsim.Conn
	server  *conn.Conn
	waiting []request // in the order of their arrival
	open    bool      // the node's end is there
	due     [2]event.Time
}

// request is one request that the node has not answered.
type request struct {
	seq     uint64
	pending *api.Pending
	body    event.Body
}

// accept makes the node's end of a connection.
func (n *node) accept(c *client, attempt uint64) *link {
	n.accepted++
	l := &link{
		id: event.ConnID(n.accepted), client: c, node: n, open: true, due: [2]event.Time{event.Never, event.Never},
		wire: netsim.NewConn(&n.w.net, uint64(c.id)<<32|attempt),
	}
	l.server = conn.New(l.id, conn.Limits{})
	n.links = append(n.links, l)
	return l
}

// watchLink sees to it that whatever is on the wire arrives, where somebody reads.
func (w *World) watchLink(l *link) {
	reads := [2]bool{netsim.ToNode: l.open && l.server.WantRead(), netsim.ToClient: l.client.link == l}
	for d := range l.due {
		at := l.wire.NextArrival(netsim.Direction(d))
		if netsim.Direction(d) == netsim.ToNode {
			at = max(at, l.node.pausedAt(l.id))
		}
		if reads[d] && at < l.due[d] {
			l.due[d] = at
			w.due(item{at: max(at, w.now), kind: dueArrival, a: uint64(d), link: l})
		}
	}
}

// arrival is bytes, or an end, reaching one side of l.
func (w *World) arrival(l *link, d netsim.Direction, at event.Time) {
	if at < l.due[d] {
		return
	}
	l.due[d] = event.Never
	if at := l.wire.NextArrival(d); at > w.now || d == netsim.ToNode && l.node.pausedAt(l.id) > w.now {
		w.watchLink(l)
		return
	}
	if d == netsim.ToNode {
		w.atNode(l)
	} else {
		w.atClient(l)
	}
	w.watchLink(l)
}

// atClient gives the client what arrived, and the node room to send more.
func (w *World) atClient(l *link) {
	var end netsim.End
	w.bytes, end = l.wire.Receive(netsim.ToClient, w.now, w.bytes[:0])
	c := l.client
	if c.link == l {
		if len(w.bytes) > 0 {
			w.trace.Bytes(w.event, w.now, c.id, l.id, false, w.bytes)
			c.Received(w.moment(), w.bytes)
		}
		if end != netsim.Open {
			c.link = nil
			c.Ended(w.moment())
		}
		w.serve(c)
	}
	if l.open && l.node.pausedAt(l.id) <= w.now {
		l.node.flush(l)
	}
}

// atNode gives the node what arrived, as far as it wants to read.
func (w *World) atNode(l *link) {
	if !l.open || !l.server.WantRead() {
		return
	}
	var end netsim.End
	w.bytes, end = l.wire.Receive(netsim.ToNode, w.now, w.bytes[:0])
	var fault error
	if len(w.bytes) > 0 {
		w.trace.Bytes(w.event, w.now, l.client.id, l.id, true, w.bytes)
		fault = l.server.Feed(w.bytes)
	}
	l.node.takeRequests(l)
	switch {
	case !l.open:
	case fault != nil:
		w.Fail("protocol", "the node does not take a client's frame: "+fault.Error())
	case end != netsim.Open:
		l.node.closeLink(l)
	}
}

// takeRequests decodes the whole frames that arrived, and puts them into the inbox.
func (n *node) takeRequests(l *link) {
	for l.open {
		seq, frame, ok := l.server.Next()
		if !ok {
			break
		}
		t := event.Ticket{Conn: l.id, Seq: seq}
		out := n.api.Decode(t, frame)
		switch {
		case out.Close:
			n.w.Fail("protocol", "the node does not take a client's request: "+out.Why)
			return
		case out.Answer != nil:
			l.server.Answer(seq, out.Answer, nil)
		default:
			l.waiting = append(l.waiting, request{seq: seq, pending: out.Pending, body: out.Body})
			if n.pass(fault.Passing{Point: fault.AtRequest, Client: l.client.id}) {
				return
			}
			if l.open {
				n.pushConn(event.Event{Kind: event.KindRequest, Ticket: t, Body: out.Body})
			}
		}
	}
	if l.open {
		n.flush(l)
	}
}

// reply sends an answer on its way. It reports whether the node still stands.
func (n *node) reply(t event.Ticket, body event.Body) bool {
	l := n.link(t.Conn)
	if l == nil {
		n.giveBack(event.HeldBy(body))
		return true
	}
	r := l.take(t.Seq)
	if n.pass(fault.Passing{Point: fault.AtReply, Client: l.client.id}) {
		return false
	}
	if !l.open {
		n.giveBack(event.HeldBy(body))
		return true
	}
	n.w.judgeReply(n, t, r.body, body)
	bufs, closing := n.api.Encode(r.pending, body)
	l.server.Answer(t.Seq, bufs, event.HeldBy(body))
	n.flush(l)
	if closing {
		n.closeLink(l)
	} else {
		n.takeRequests(l)
		n.w.atNode(l)
		n.w.watchLink(l)
	}
	return n.up && !n.pass(fault.Passing{Point: fault.AtReplied, Client: l.client.id})
}

// take takes the waiting request seq away.
func (l *link) take(seq uint64) request {
	for i := range l.waiting {
		if r := l.waiting[i]; r.seq == seq {
			l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
			return r
		}
	}
	invariant.Violated("V-5: request %d of connection %d is answered, and was not asked", seq, l.id)
	return request{}
}

// flush puts answers on the wire, once it has taken what it was given before.
func (n *node) flush(l *link) {
	if l.wire.Waiting(netsim.ToClient) > 0 {
		return
	}
	for _, b := range l.server.Output() {
		l.wire.Send(netsim.ToClient, n.w.now, b)
	}
	n.giveBack(l.server.Sent())
	n.w.watchLink(l)
}

// giveBack returns buffers whose bytes were sent, or never will be, to the machines that count their users.
func (n *node) giveBack(held []*event.Buffer) {
	event.Return(held, func(ev event.Event) {
		if n.up {
			n.cells[broker.CellOf(ev.To)].push(ev)
		}
	})
}

func (n *node) link(id event.ConnID) *link {
	for _, l := range n.links {
		if l.id == id {
			return l
		}
	}
	return nil
}

// closeLink ends the node's end of l and tells the broker.
func (n *node) closeLink(l *link) {
	l.wire.Close(netsim.ToClient, n.w.now)
	n.w.watchLink(l)
	n.forget(l)
}

// forget drops the node's end of l and tells the broker.
func (n *node) forget(l *link) {
	l.open = false
	n.giveBack(l.server.Abandon())
	for i := range n.links {
		if n.links[i] == l {
			n.links = append(n.links[:i], n.links[i+1:]...)
			break
		}
	}
	n.pushConn(event.Event{Kind: event.KindConnClosed, Ticket: event.Ticket{Conn: l.id}})
}
