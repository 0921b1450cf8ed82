package shard

import (
	"net"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/server/api"
	"github.com/highwater-log/highwater/server/metrics"
)

// A client that takes its replies more slowly than this is no client: its memory is wanted elsewhere.
const (
	writePatience = 30 * time.Second
	slowestReader = 64 << 10 // bytes per second
)

// write encodes replies and sends them until the connection ends.
func (c *connection) write() {
	for range c.wake {
		for {
			if closing := c.encode(); closing {
				c.end(metrics.NoAnswer, "a request that wants no answer failed")
				return
			}
			sent, err := c.send()
			if err != nil {
				c.fail(slow(err))
				return
			}
			if sent == 0 {
				break
			}
		}
	}
}

// encode turns the replies that the loop gave into bytes. It reports whether the connection must end instead.
func (c *connection) encode() (closing bool) {
	c.mu.Lock()
	replies := c.replies
	c.replies = nil
	c.mu.Unlock()
	if len(replies) == 0 {
		return false
	}
	a := c.server.apis.Get().(*api.API)
	defer c.server.apis.Put(a)
	now, _ := c.server.clock.read()
	for i, r := range replies {
		req, ok := c.settle(r.seq)
		if !ok {
			for _, r := range replies[i:] {
				c.server.giveBack(event.HeldBy(r.body))
			}
			return false
		}
		bufs, closing := a.Encode(req.pending, r.body)
		c.count.Served(req.pending.Key(), now-req.since, r.body)
		c.answer(r.seq, len(req.frame), bufs, event.HeldBy(r.body))
		if closing {
			return true
		}
	}
	return false
}

// settle takes the request seq out of those that wait. It reports false when the connection has ended.
func (c *connection) settle(seq uint64) (request, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return request{}, false
	}
	req, ok := c.waiting[seq]
	if !ok {
		invariant.Violated("V-5: %s does not wait for an answer", event.Ticket{Conn: c.id, Seq: seq})
	}
	delete(c.waiting, seq)
	return req, true
}

// answer gives the bytes of a reply, and ends the life of its frame.
func (c *connection) answer(seq uint64, frame int, bufs [][]byte, held []*event.Buffer) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		c.server.giveBack(held)
		return
	}
	c.frames.Answer(seq, bufs, held)
	released := min(c.held, int64(frame)) // nothing, if the connection's end released it all
	c.held -= released
	c.room.Signal()
	c.mu.Unlock()
	c.server.memory.release(released)
}

// send writes what may leave now, and returns how many bytes that were.
func (c *connection) send() (int64, error) {
	c.mu.Lock()
	bufs := net.Buffers(c.frames.Output())
	held := c.frames.Sent()
	c.room.Signal()
	c.mu.Unlock()
	defer c.server.giveBack(held)
	size := 0
	for _, b := range bufs {
		size += len(b)
	}
	if size == 0 {
		return 0, nil
	}
	patience := writePatience + time.Duration(size)*time.Second/slowestReader
	if err := c.socket.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	n, err := bufs.WriteTo(c.socket)
	c.count.Sent(n)
	return n, err
}
