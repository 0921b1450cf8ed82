package shard

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/conn"
	"github.com/highwater-log/highwater/server/api"
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
	fault   error              // why frames takes nothing more
	waiting map[uint64]request // requests in the broker's hands
	replies []reply            // that the loop gave and the writer has not encoded
	held    int64              // bytes of the server's budget that waiting takes
	taken   []request          // the reader's, reused
	charged int64              // the reader's: bytes of the server's receiving
	first   time.Time          // the reader's: until then its first request must be there; zero once it is
	ended   bool
	why     string

	wake     chan struct{} // the writer waits on it; closed when the connection ends
	answered bool          // the loop's: among clients.answered
}

// request is one request in the broker's hands.
type request struct {
	seq     uint64
	frame   []byte
	pending *api.Pending
	since   event.Time // when it was whole
}

// reply is the broker's answer to the request seq.
type reply struct {
	seq  uint64
	body event.Body
}

func newConnection(socket net.Conn, s *Server) *connection {
	c := &connection{socket: socket, server: s, waiting: make(map[uint64]request), wake: make(chan struct{}, 1)}
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
	c.server.count.Connections.Ended(reason)
	clear(c.waiting)
	held := c.held
	c.held = 0
	memory := c.frames.Abandon()
	for _, r := range c.replies {
		memory = append(memory, event.HeldBy(r.body)...)
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
	if c.ended {
		return // wake is closed
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// reply takes the broker's answer to the request seq.
func (c *connection) reply(seq uint64, body event.Body) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		c.server.giveBack(event.HeldBy(body))
		return
	}
	c.replies = append(c.replies, reply{seq, body})
}
