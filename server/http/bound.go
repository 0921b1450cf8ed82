package http

import (
	"net"
	"sync"
)

// bounded is a listener that has so many connections open at most: whoever comes then waits in the kernel's queue.
type bounded struct {
	net.Listener
	room chan struct{} // one for each open connection
	over chan struct{}
	once sync.Once
}

func bound(l net.Listener, most int) net.Listener {
	return &bounded{Listener: l, room: make(chan struct{}, most), over: make(chan struct{})}
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.room <- struct{}{}:
	case <-b.over:
		return nil, net.ErrClosed
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.room
		return nil, err
	}
	return &counted{Conn: c, left: func() { <-b.room }}, nil
}

// Close implements net.Listener.
func (b *bounded) Close() error {
	b.once.Do(func() { close(b.over) })
	return b.Listener.Close()
}

// counted is a connection that leaves its room when it is closed.
type counted struct {
	net.Conn
	once sync.Once
	left func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.once.Do(c.left)
	return c.Conn.Close()
}
