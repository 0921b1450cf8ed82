package world

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/netsim"
	"github.com/highwater-log/highwater/sim/workload"
)

// client is a workload client with its place in the world.
type client struct {
	*workload.Client
	id      int
	link    *link  // nil while it has no connection
	dials   uint64 // attempts so far; the latest one is the one that counts
	dialing bool
	woken   event.Time // earliest wake-up in the queue; event.Never for none
	travel  fault.Rand // of dials
}

func (w *World) addClient(c *workload.Client, id int) {
	w.clients = append(w.clients, &client{
		Client: c, id: id, woken: event.Never, travel: fault.NewRand(w.plan.Header.Seed, fault.StreamDelay, uint64(id)<<48|1<<63),
	})
}

func (w *World) clientsDone() bool {
	for _, c := range w.clients {
		if !c.Done() {
			return false
		}
	}
	return true
}

// moment is now, under a number of its own. What a client begins in it gets the number behind, which is given out too.
func (w *World) moment() workload.Moment {
	w.event += 2
	return workload.Moment{Now: w.now, Event: w.event - 1}
}

// wake lets a client look at the clock.
func (w *World) wake(id int) {
	c := w.clients[id]
	c.Tick(w.moment())
	w.serve(c)
}

func (w *World) clientDue(id int, at event.Time) {
	c := w.clients[id]
	if at < c.woken {
		return
	}
	c.woken = event.Never
	w.wake(id)
}

// serve does what a client wants, and asks when it wants to be woken.
func (w *World) serve(c *client) {
	wants := c.Wants()
	if wants.Hang {
		w.hangUp(c)
	}
	if wants.Dial {
		c.dials++
		c.dialing = true
		w.due(item{at: w.now + w.dialTime(c), kind: dueDial, a: uint64(c.id), b: c.dials})
	}
	if len(wants.Send) > 0 && c.link != nil {
		c.link.wire.Send(netsim.ToNode, w.now, wants.Send)
		w.watchLink(c.link)
	}
	if err := c.Err(); err != nil {
		w.Fail("protocol", err.Error())
	}
	if at := c.NextDeadline(); at < c.woken {
		c.woken = max(at, w.now+event.Microsecond)
		w.due(item{at: c.woken, kind: dueClient, a: uint64(c.id)})
	}
}

// dialTime is how long one way of a connection attempt takes.
func (w *World) dialTime(c *client) event.Time {
	return w.net.Delay.Min + event.Time(c.travel.At(c.dials)%uint64(w.net.Delay.Tail+1))
}

// dialArrives is a connection attempt reaching the node: accepted if a process listens, refused otherwise.
func (w *World) dialArrives(id int, attempt uint64) {
	c := w.clients[id]
	var l *link
	if w.node.up && w.node.halted == 0 && w.node.move == nil {
		l = w.node.accept(c, attempt)
	}
	w.due(item{at: w.now + w.dialTime(c), kind: dueDialled, a: uint64(id), b: attempt, link: l})
}

// dialEnds is the answer to a connection attempt reaching the client.
func (w *World) dialEnds(id int, attempt uint64, l *link) {
	c := w.clients[id]
	if !c.dialing || attempt != c.dials {
		return
	}
	c.dialing = false
	if l == nil {
		c.Ended(w.moment())
	} else {
		c.link = l
		c.Connected(w.moment())
	}
	w.serve(c)
	if l != nil {
		w.watchLink(l)
	}
}

// hangUp closes the client's end of its connection: what it sent still arrives.
func (w *World) hangUp(c *client) {
	if c.link == nil {
		return
	}
	c.link.wire.Close(netsim.ToNode, w.now)
	w.watchLink(c.link)
	c.link = nil
}
