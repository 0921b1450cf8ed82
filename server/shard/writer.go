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
	replies, waited := c.settle()
	defer func() {
		clear(replies)
		c.encoding = replies[:0]
	}()
	if len(replies) == 0 {
		return false
	}
	a := c.server.apis.Get().(*api.API)
	defer c.server.apis.Put(a)
	now, _ := c.server.clock.read()
	n := 0
	for ; n < len(replies) && !closing; n++ {
		r, req := &replies[n], waited[n]
		r.frame = len(req.frame)
		r.bufs, closing = a.Encode(req.pending, r.body)
		c.count.Served(req.pending.Key(), now-req.since, r.body)
	}
	clear(waited)
	c.answerAll(replies[:n])
	c.forgo(replies[n:])
	return closing
}

// settle takes the replies that the loop gave, and their requests out of those that wait: none if the connection has ended. Both
// slices are valid until the next settle.
func (c *connection) settle() ([]reply, []request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, nil
	}
	replies := c.replies
	c.replies = c.encoding
	waited := c.waited[:0]
	for i := range replies {
		req, ok := c.waiting.take(replies[i].seq)
		if !ok {
			invariant.Violated("V-5: %s does not wait for an answer", event.Ticket{Conn: c.id, Seq: replies[i].seq})
		}
		waited = append(waited, req)
	}
	c.waited = waited
	return replies, waited
}

// answerAll gives the bytes of replies, and ends the lives of their frames.
func (c *connection) answerAll(replies []reply) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		c.forgo(replies)
		return
	}
	bytes := int64(0)
	for i := range replies {
		r := &replies[i]
		c.frames.Answer(r.seq, r.bufs, event.HeldBy(r.body))
		bytes += int64(r.frame)
	}
	released := min(c.held, bytes) // nothing, if the connection's end released it all
	c.held -= released
	c.room.Signal()
	c.mu.Unlock()
	c.server.memory.release(released)
}

// send writes what may leave now, and returns how many bytes that were.
func (c *connection) send() (int64, error) {
	c.mu.Lock()
	bufs := c.frames.Output()
	held := c.frames.Sent()
	c.room.Signal()
	c.mu.Unlock()
	defer c.server.giveBack(held)
	bufs, size := joined(bufs)
	if size == 0 {
		return 0, nil
	}
	if err := c.setWriteBy(writePatience + time.Duration(size)*time.Second/slowestReader); err != nil {
		return 0, err
	}
	if len(bufs) == 1 {
		n, err := c.socket.Write(bufs[0])
		c.count.Sent(int64(n))
		return int64(n), err
	}
	out := net.Buffers(bufs)
	n, err := out.WriteTo(c.socket)
	c.count.Sent(n)
	return n, err
}

// setWriteBy makes sure that a write ends after the patience given, or at most a quarter later: a deadline costs more than a small
// write, and is moved when it must be.
func (c *connection) setWriteBy(patience time.Duration) error {
	now := time.Now()
	if left := c.writeBy.Sub(now); left >= patience && left <= patience+patience/4 {
		return nil
	}
	c.writeBy = now.Add(patience + patience/4)
	return c.socket.SetWriteDeadline(c.writeBy)
}

// joined makes one of neighbours in memory, as small replies that were encoded in a row are, and counts the bytes of all. It works in
// place: fewer buffers are fewer for the kernel to walk.
func joined(bufs [][]byte) (fewer [][]byte, size int) {
	fewer = bufs[:0]
	for _, b := range bufs {
		if len(b) == 0 {
			continue
		}
		size += len(b)
		if n := len(fewer) - 1; n >= 0 {
			if last := fewer[n]; cap(last) > len(last) && &last[:len(last)+1][len(last)] == &b[0] {
				fewer[n] = last[:len(last)+len(b)]
				continue
			}
		}
		fewer = append(fewer, b)
	}
	return fewer, size
}
