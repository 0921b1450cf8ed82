package shard

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/conn"
	"github.com/highwater-log/highwater/server/metrics"
)

// connection is one client: a socket, its sans-IO state, and two goroutines. The reader blocks in Read and hands requests
// to the loop; the writer encodes replies and blocks in Write.
type connection struct {
	id     event.ConnID
	socket net.Conn
	server *Server
	queue  *queue // of its cell
	source netip.Addr
	count  *metrics.Stripe

	mu      sync.Mutex
	room    sync.Cond // the reader waits on it while the limits let no request in
	frames  *conn.Conn
	fault   error   // why frames takes nothing more
	waiting waiting // requests in the broker's hands
	replies []reply // that the loop gave and the writer has not taken
	held    int64   // bytes of the server's budget that waiting takes
	ended   bool
	why     string

	wake chan struct{} // the writer waits on it; closed when the connection ends

	// The reader's.
	taken   []request     // reused
	events  []event.Event // reused: for the broker
	answers []reply       // reused: of requests that need no broker
	readBy  time.Time     // the deadline that the socket has
	charged int64         // bytes of the server's receiving
	first   time.Time     // until then its first request must be there; zero once it is

	// The writer's.
	encoding []reply   // reused
	waited   []request // reused
	writeBy  time.Time // the deadline that the socket has

	given []reply // the loop's: in this turn
}

// reply is the broker's answer to the request seq. The writer adds what it becomes.
type reply struct {
	seq   uint64
	body  event.Body
	frame int // size of the request's
	bufs  [][]byte
}

func newConnection(socket net.Conn, s *Server) *connection {
	c := &connection{socket: socket, server: s, wake: make(chan struct{}, 1)}
	c.room.L = &c.mu
	c.first = time.Now().Add(s.config.FirstRequest)
	return c
}

// serve runs the connection until it ends.
func (c *connection) serve() {
	defer c.server.guard()
	var writer sync.WaitGroup
	writer.Go(func() {
		defer c.server.guard()
		c.write()
	})
	c.fail(c.read())
	c.charge(0)
	writer.Wait()
	c.server.clients.remove(c)
	c.server.sources.leave(c.source)
	c.queue.push(event.Event{Kind: event.KindConnClosed, Ticket: event.Ticket{Conn: c.id}})
	c.server.log.Debug("connection closed", "connection", c.id, "client", c.socket.RemoteAddr().String(), "why", c.why)
}

// end ends the connection, from any goroutine; the first reason counts. What waits will not be answered.
func (c *connection) end(reason metrics.Ending, why string) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	c.ended, c.why = true, why
	c.waiting = waiting{}
	c.server.count.Connections.Ended(reason)
	held := c.held
	c.held = 0
	memory := c.frames.Abandon()
	for i := range c.replies {
		memory = append(memory, event.HeldBy(c.replies[i].body)...)
	}
	c.replies = nil
	close(c.wake)
	c.room.Broadcast()
	c.mu.Unlock()
	c.server.giveBack(memory)
	_ = c.socket.Close() // it may be broken already, and nothing more is to be told
	c.server.memory.release(held)
}

// wakeWriter tells the writer that there are replies. It never waits.
func (c *connection) wakeWriter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended { // else wake is closed
		c.wakeLocked()
	}
}

// wakeLocked is wakeWriter for who holds mu and knows that the connection has not ended.
func (c *connection) wakeLocked() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// takeReplies takes what the broker answered in one turn, and wakes the writer. It never waits.
func (c *connection) takeReplies(given []reply) {
	c.mu.Lock()
	ended := c.ended
	if !ended {
		c.replies = append(c.replies, given...)
		c.wakeLocked()
	}
	c.mu.Unlock()
	if ended {
		c.forgo(given)
	}
}

// forgo gives up replies that will not be sent.
func (c *connection) forgo(replies []reply) {
	for i := range replies {
		c.server.giveBack(event.HeldBy(replies[i].body))
	}
}
