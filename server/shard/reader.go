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
	now := time.Now()
	due, late := c.patience(now)
	n, err := c.receive(space, now, due)
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

// patience is until when the next bytes must come, and what the connection ends for if they do not.
func (c *connection) patience(now time.Time) (due time.Time, late error) {
	due, late = now.Add(c.server.config.MaxIdle), errIdle
	if c.charged > 0 && restPatience < c.server.config.MaxIdle {
		due, late = now.Add(restPatience), errRests
	}
	if !c.first.IsZero() && c.first.Before(due) {
		due, late = c.first, errFirst
	}
	return due, late
}

// receive reads once from the socket, until due at the latest. A deadline costs more than a small read: it is moved when it has passed
// or is too late, not before each read, and a read that it ended too early goes on.
func (c *connection) receive(space []byte, now, due time.Time) (n int, err error) {
	if !c.readBy.After(now) || c.readBy.After(due) {
		if err := c.setReadBy(due); err != nil {
			return 0, err
		}
	}
	n, err = c.socket.Read(space)
	if n == 0 && c.readBy.Before(due) && errors.Is(err, os.ErrDeadlineExceeded) {
		if err := c.setReadBy(due); err != nil {
			return 0, err
		}
		n, err = c.socket.Read(space)
	}
	return n, err
}

func (c *connection) setReadBy(t time.Time) error {
	c.readBy = t
	return c.socket.SetReadDeadline(t)
}

// dispatch decodes requests and hands them to the loop in one batch. Those that need no broker are answered at once.
func (c *connection) dispatch(taken []request) error {
	if !c.hold(taken) {
		return errEnded
	}
	c.first = time.Time{}
	expected, bad := c.decode(taken)
	c.mu.Lock()
	c.waiting.add(taken[:expected]...)
	c.mu.Unlock()
	c.queue.push(c.events...)
	if len(c.answers) > 0 {
		c.answerAll(c.answers)
		c.wakeWriter()
	}
	clear(taken) // the frames' memory is net/conn's to reuse
	clear(c.events)
	clear(c.answers)
	return bad
}

// decode turns requests into events and answers, up to one that must end the connection because of bad. Those that the broker will
// answer move to the front of taken: there are so many as are expected.
func (c *connection) decode(taken []request) (expected int, bad error) {
	a := c.server.apis.Get().(*api.API)
	defer c.server.apis.Put(a)
	c.events, c.answers = c.events[:0], c.answers[:0]
	now, _ := c.server.clock.read()
	for _, r := range taken {
		t := event.Ticket{Conn: c.id, Seq: r.seq}
		out := a.Decode(t, r.frame)
		switch {
		case out.Close:
			return expected, &ending{metrics.BadRequest, "request refused: " + out.Why}
		case out.Body == nil:
			c.count.AnsweredAtOnce(kafka.KeyOf(r.frame))
			c.answers = append(c.answers, reply{seq: r.seq, frame: len(r.frame), bufs: out.Answer})
		default:
			r.pending, r.since = out.Pending, now
			taken[expected] = r
			expected++
			c.events = append(c.events, event.Event{Kind: event.KindRequest, Ticket: t, Body: out.Body})
		}
	}
	return expected, nil
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
