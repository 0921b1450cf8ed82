package shard

import (
	"sync"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/metrics"
)

// clients are the open connections of all cells. A connection is numbered when it comes, and its number says which cell it
// belongs to for its life.
type clients struct {
	groups []*group // by cell

	mu   sync.Mutex
	next event.ConnID
	open int
	most int
	// stopped turns every new connection away.
	stopped bool
}

// group finds the open connections of one cell by their number. Only the loop of the cell answers them.
type group struct {
	mu   sync.Mutex
	open map[event.ConnID]*connection

	given    []given       // answers of this turn; the loop's
	answered []*connection // whose they are, each once; the loop's
	giveBack func([]*event.Buffer)
}

// given is one answer of the broker.
type given struct {
	ticket event.Ticket
	body   event.Body
}

func newClients(most, cells int, giveBack func([]*event.Buffer)) *clients {
	cs := &clients{most: most}
	for range cells {
		cs.groups = append(cs.groups, newGroup(giveBack))
	}
	return cs
}

func newGroup(giveBack func([]*event.Buffer)) *group {
	return &group{open: make(map[event.ConnID]*connection), giveBack: giveBack}
}

// cellOf is the cell that a connection belongs to.
func (cs *clients) cellOf(id event.ConnID) int { return int(id % event.ConnID(len(cs.groups))) }

// add gives c its number, or says why it is turned away. begin, with the number, makes whole what others may see from then on.
func (cs *clients) add(c *connection, begin func()) (why metrics.Refusal, ok bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	switch {
	case cs.stopped:
		return metrics.Stopping, false
	case cs.open >= cs.most:
		return metrics.TooMany, false
	}
	cs.next++
	cs.open++
	c.id = cs.next
	begin()
	g := cs.groups[cs.cellOf(c.id)]
	g.mu.Lock()
	g.open[c.id] = c
	g.mu.Unlock()
	return 0, true
}

func (cs *clients) remove(c *connection) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.open--
	g := cs.groups[cs.cellOf(c.id)]
	g.mu.Lock()
	delete(g.open, c.id)
	g.mu.Unlock()
}

// closeAll ends every connection, and turns every further one away.
func (cs *clients) closeAll(reason metrics.Ending, why string) {
	cs.mu.Lock()
	cs.stopped = true
	cs.mu.Unlock()
	for _, c := range cs.all() {
		c.end(reason, why)
	}
}

// all are the open connections.
func (cs *clients) all() []*connection {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	open := make([]*connection, 0, cs.open)
	for _, g := range cs.groups {
		g.mu.Lock()
		for _, c := range g.open {
			open = append(open, c)
		}
		g.mu.Unlock()
	}
	return open
}

func (g *group) get(id event.ConnID) *connection {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open[id]
}

// reply keeps the answer of a request for flush.
func (g *group) reply(t event.Ticket, body event.Body) {
	g.given = append(g.given, given{t, body})
}

// flush hands what the turn has answered to the connections, each of which gets all of its own at once.
func (g *group) flush() {
	if len(g.given) == 0 {
		return
	}
	g.sort()
	for i, c := range g.answered {
		c.takeReplies(c.given)
		clear(c.given)
		c.given = c.given[:0]
		g.answered[i] = nil
	}
	g.answered = g.answered[:0]
}

// sort gives each answer to its connection's list, if that is still there.
func (g *group) sort() {
	g.mu.Lock()
	defer g.mu.Unlock()
	var c *connection // of the answer before: neighbours often have the same
	for i := range g.given {
		r := &g.given[i]
		if c == nil || c.id != r.ticket.Conn {
			c = g.open[r.ticket.Conn]
		}
		switch {
		case c == nil:
			g.giveBack(event.HeldBy(r.body))
			continue
		case len(c.given) == 0:
			g.answered = append(g.answered, c)
		}
		c.given = append(c.given, reply{seq: r.ticket.Seq, body: r.body})
	}
	clear(g.given)
	g.given = g.given[:0]
}

func (g *group) close(id event.ConnID, why string) {
	g.flush() // what was answered before may still leave
	if c := g.get(id); c != nil {
		c.end(metrics.ByBroker, why)
	}
}
