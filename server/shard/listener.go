package shard

import (
	"errors"
	"net"
	"time"

	"github.com/highwater-log/highwater/net/conn"
	"github.com/highwater-log/highwater/server/metrics"
)

// acceptPause is how long a listener rests when accepting fails, as it does when no descriptors are left.
const acceptPause = 50 * time.Millisecond

// accept takes connections from l until it is closed.
func (s *Server) accept(l net.Listener) {
	defer s.guard()
	for {
		socket, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.complain.warn("accept", "cannot accept a connection", "listener", l.Addr().String(), "error", err)
			time.Sleep(acceptPause)
			continue
		}
		if c, why, ok := s.admit(socket); ok {
			s.count.Connections.Opened()
			s.served.Go(c.serve)
		} else {
			s.refuse(socket, why)
		}
	}
}

// admit makes a connection of a socket, unless one of the limits speaks against it.
func (s *Server) admit(socket net.Conn) (c *connection, why metrics.Refusal, ok bool) {
	now, _ := s.clock.read()
	source := sourceOf(socket)
	if why, ok := s.sources.admit(source, now); !ok {
		return nil, why, false
	}
	c = newConnection(socket, s)
	c.source = source
	why, ok = s.clients.add(c, func() {
		c.frames = conn.New(c.id, s.limits)
		c.queue = s.loops[s.clients.cellOf(c.id)].queue
		c.count = s.count.Stripe(c.id)
	})
	if !ok {
		s.sources.leave(source)
	}
	return c, why, ok
}

// refuse turns a socket away.
func (s *Server) refuse(socket net.Conn, why metrics.Refusal) {
	s.count.Connections.Refused(why)
	client := socket.RemoteAddr().String()
	_ = socket.Close() // it was never ours
	switch why {
	case metrics.TooMany:
		s.complain.warn("many", "connection refused: there are too many (max.connections)", "client", client,
			"limit", s.config.MaxConnections)
	case metrics.TooManyOfIP:
		s.complain.warn("many of one", "connection refused: its address has too many (max.connections.per.ip)", "client", client,
			"limit", s.config.MaxConnectionsPerIP)
	case metrics.TooFast:
		s.complain.warn("fast", "connection refused: its address opens them too fast (max.connection.rate.per.ip)", "client", client,
			"per_second", s.config.MaxConnectionRate)
	}
}
