package shard

import (
	"errors"
	"net"
	"time"

	"github.com/highwater-log/highwater/net/conn"
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
			s.log.Warn("cannot accept a connection", "listener", l.Addr().String(), "error", err)
			time.Sleep(acceptPause)
			continue
		}
		c := newConnection(socket, s)
		if !s.clients.add(c) {
			s.log.Warn("connection refused: there are too many (max.connections)", "client", socket.RemoteAddr().String(),
				"limit", s.config.MaxConnections)
			_ = socket.Close() // it was never ours
			continue
		}
		c.frames = conn.New(c.id, s.limits)
		c.queue = s.loops[s.clients.cellOf(c.id)].queue
		s.served.Go(c.serve)
	}
}
