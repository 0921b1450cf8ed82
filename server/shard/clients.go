package shard

import (
	"sync"

	"github.com/highwater-log/highwater/core/event"
)

// clients finds the open connections by their number. Only the loop answers them.
type clients struct {
	mu   sync.Mutex
	open map[event.ConnID]*connection
	next event.ConnID
	most int
	// stopped turns every new connection away.
	stopped bool

	answered []*connection // of this turn, each once; the loop's
	giveBack func([]*event.Buffer)
}

func newClients(most int, giveBack func([]*event.Buffer)) *clients {
	return &clients{open: make(map[event.ConnID]*connection), most: most, giveBack: giveBack}
}

// add gives c its number, or reports false if there are too many connections.
func (cs *clients) add(c *connection) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.stopped || len(cs.open) >= cs.most {
		return false
	}
	cs.next++
	c.id = cs.next
	cs.open[c.id] = c
	return true
}

func (cs *clients) remove(c *connection) {
	cs.mu.Lock()
	delete(cs.open, c.id)
	cs.mu.Unlock()
}

func (cs *clients) get(id event.ConnID) *connection {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.open[id]
}

// reply hands the answer of a request to its connection, if that is still there. Its writer wakes at flush.
func (cs *clients) reply(t event.Ticket, body event.Body) {
	c := cs.get(t.Conn)
	if c == nil {
		cs.giveBack(event.HeldBy(body))
		return
	}
	c.reply(t.Seq, body)
	if !c.answered {
		c.answered = true
		cs.answered = append(cs.answered, c)
	}
}

// flush wakes the writers of the connections that were answered since the last flush.
func (cs *clients) flush() {
	for i, c := range cs.answered {
		c.answered = false
		c.wakeWriter()
		cs.answered[i] = nil
	}
	cs.answered = cs.answered[:0]
}

func (cs *clients) close(id event.ConnID, why string) {
	if c := cs.get(id); c != nil {
		c.end(why)
	}
}

// closeAll ends every connection, and turns every further one away.
func (cs *clients) closeAll(why string) {
	cs.mu.Lock()
	cs.stopped = true
	open := make([]*connection, 0, len(cs.open))
	for _, c := range cs.open {
		open = append(open, c)
	}
	cs.mu.Unlock()
	for _, c := range open {
		c.end(why)
	}
}
