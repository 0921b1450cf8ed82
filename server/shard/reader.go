package shard

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
	"github.com/highwater-log/highwater/server/api"
	"github.com/highwater-log/highwater/server/metrics"
)

var (
	errEnded  = errors.New("ended by the server")
	errIdle   = &ending{metrics.Idle, "idle for too long"}
	errFirst  = &ending{metrics.NoRequest, "no first request in time"}
	errRests  = &ending{metrics.SlowSender, "it rests in the middle of a large request"}
	errNoRoom = &ending{metrics.NoRoom, "there is no room for the large requests that are on their way in (queued.max.request.bytes)"}
	errClosed = &ending{metrics.ByClient, "closed by the client"}
)

// read hands the client's requests to the loop until the connection ends, and returns why it did.
func (c *connection) read() error {
	for {
		taken, err := c.take()
		if err != nil {
			return err
		}
		if len(taken) > 0 {
			if err := c.dispatch(taken); err != nil {
				return err
			}
			continue
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
}

// take waits until the limits let requests in, and returns them; or none, when bytes are wanted first.
func (c *connection) take() ([]request, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if c.ended {
			return nil, errEnded
		}
		taken := c.taken[:0]
		for {
			seq, frame, ok := c.frames.Next()
			if !ok {
				break
			}
			taken = append(taken, request{seq: seq, frame: frame})
		}
		c.taken = taken
		switch {
		case len(taken) > 0 || c.frames.WantRead():
			return taken, nil
		case c.fault != nil && c.frames.InFlight() == 0:
			return nil, c.fault // what came whole before it has been served
		}
		c.room.Wait()
	}
}

// fill reads once from the socket, while the writer may go on answering.
func (c *connection) fill() error {
	c.mu.Lock()
	pending := c.frames.Pending()
	space := c.frames.Space()
	c.mu.Unlock()
	if !c.charge(pending) {
		return errNoRoom
	}
	deadline, late := time.Now().Add(c.server.config.MaxIdle), errIdle
	if c.charged > 0 && restPatience < c.server.config.MaxIdle {
		deadline, late = time.Now().Add(restPatience), errRests
	}
	if !c.first.IsZero() && c.first.Before(deadline) {
		deadline, late = c.first, errFirst
	}
	if err := c.socket.SetReadDeadline(deadline); err != nil {
		return err
	}
	n, err := c.socket.Read(space)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count.Received(n)
	if err := c.frames.Filled(n); err != nil {
		c.fault = &ending{metrics.BadFrame, err.Error()}
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		if c.frames.InFlight() > 0 {
			return nil // it waits for us
		}
		return late
	case errors.Is(err, io.EOF):
		return errClosed
	}
	return err
}

// dispatch decodes requests and hands them to the loop in one batch. Those that need no broker are answered at once.
func (c *connection) dispatch(taken []request) error {
	if !c.hold(taken) {
		return errEnded
	}
	c.first = time.Time{}
	now, _ := c.server.clock.read()
	a := c.server.apis.Get().(*api.API)
	defer c.server.apis.Put(a)
	events := make([]event.Event, 0, len(taken))
	var bad error
	for _, r := range taken {
		out := a.Decode(event.Ticket{Conn: c.id, Seq: r.seq}, r.frame)
		switch {
		case out.Close:
			bad = &ending{metrics.BadRequest, "request refused: " + out.Why}
		case out.Body == nil:
			c.count.AnsweredAtOnce(kafka.KeyOf(r.frame))
			c.answer(r.seq, len(r.frame), out.Answer, nil)
			c.wakeWriter()
			continue
		default:
			r.pending, r.since = out.Pending, now
			c.expect(r)
			events = append(events, event.Event{
				Kind: event.KindRequest, Ticket: r.pending.Ticket, Body: out.Body,
			})
			continue
		}
		break
	}
	clear(taken) // the frames' memory is net/conn's to reuse
	c.queue.push(events...)
	return bad
}

// hold waits until the frames of taken fit into the server's budget. It reports false if the connection has ended.
func (c *connection) hold(taken []request) bool {
	bytes := int64(0)
	for i := range taken {
		bytes += int64(len(taken[i].frame))
	}
	c.server.memory.acquire(bytes)
	c.mu.Lock()
	ended := c.ended
	if !ended {
		c.held += bytes
	}
	c.mu.Unlock()
	if ended {
		c.server.memory.release(bytes)
	}
	return !ended
}

// expect notes a request that the broker will answer.
func (c *connection) expect(r request) {
	c.mu.Lock()
	c.waiting[r.seq] = r
	c.mu.Unlock()
}
