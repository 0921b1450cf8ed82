package shard

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/conn"
	"github.com/highwater-log/highwater/server/api"
	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/diskloop"
	"github.com/highwater-log/highwater/server/files"
	"github.com/highwater-log/highwater/server/memory"
)

// requestBytes bounds the requests that are in the broker's hands at a time, over all connections.
const requestBytes = 512 << 20

// Buffers of the core, in bytes: what is kept for reuse while it is free, and what is touched before the first request.
const (
	keptBytes = 256 << 20
	warmBytes = 32 << 20
)

// Server is one broker with its sockets and its data directory.
type Server struct {
	config config.Config
	log    *slog.Logger
	fatal  func(panicked any, dump func(io.Writer))
	limits conn.Limits

	dir       *files.Dir
	disk      diskloop.Loop
	listeners []net.Listener
	clients   *clients
	queue     *queue
	trace     *trace
	memory    *budget // of requests
	buffers   *memory.Pool
	apis      sync.Pool // of *api.API: each keeps decompressors, and serves one goroutine at a time
	ready     chan struct{}
	done      chan struct{} // closed when everything is, and err is set
	err       error

	accepting, served sync.WaitGroup
}

// Options are what a server needs beside its configuration.
type Options struct {
	Log *slog.Logger
	// Limits bound one connection. Frame comes from the configuration; zero fields have net/conn's defaults.
	Limits conn.Limits
	// Fatal is called when a law of the core is broken, or anything else panics: it must end the process. dump writes
	// the last events and effects.
	Fatal func(panicked any, dump func(io.Writer))
}

// Start locks the data directory, listens, and starts the broker. It returns before recovery is done: see Ready. What
// fails at once is told at once: a directory in use, an address in use.
func Start(c config.Config, o Options) (*Server, error) {
	s := &Server{
		config: c, log: o.Log, fatal: o.Fatal, limits: o.Limits,
		queue: newQueue(), trace: &trace{}, memory: newBudget(requestBytes),
		ready: make(chan struct{}), done: make(chan struct{}),
	}
	s.clients = newClients(c.MaxConnections, s.giveBack)
	s.limits.Frame, s.limits.Memory = int(c.MaxRequestBytes), &chunks{}
	s.apis.New = func() any { return api.New(api.Config{}) }
	var err error
	if s.dir, err = files.Open(c.DataDir); err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		return nil, errors.Join(err, s.closeListeners(), s.dir.Close())
	}
	s.buffers = memory.New(keptBytes, warmBytes)
	broker, err := s.newBroker()
	if err != nil {
		return nil, errors.Join(err, s.closeListeners(), s.dir.Close())
	}
	s.disk, err = diskloop.Open(c.DiskLoop, s.dir, s.log, func(ev event.Event) { s.queue.push(ev) })
	if err != nil {
		return nil, errors.Join(err, s.closeListeners(), s.dir.Close())
	}
	l := &loop{
		machine: broker, disk: s.disk, buffers: s.buffers, clients: s.clients, queue: s.queue, trace: s.trace, clock: newClock(), ready: s.ready,
	}
	go s.run(l)
	for _, listener := range s.listeners {
		s.accepting.Go(func() { s.accept(listener) })
	}
	return s, nil
}

func (s *Server) listen() error {
	for _, a := range s.config.Listen {
		l, err := net.Listen("tcp", a.String())
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		s.listeners = append(s.listeners, l)
	}
	return nil
}

func (s *Server) closeListeners() error {
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// run runs the loop to its end and closes everything behind it.
func (s *Server) run(l *loop) {
	defer s.guard()
	halted := l.run()
	errs := []error{s.closeListeners()}
	s.accepting.Wait()
	s.clients.closeAll("the broker stopped")
	s.served.Wait()
	s.disk.Close()
	s.buffers.Close()
	errs = append(errs, s.dir.Close())
	if halted.Code != event.HaltClean {
		errs = append([]error{halted}, errs...)
	}
	s.err = errors.Join(errs...)
	close(s.done)
}

// giveBack returns buffers whose bytes were sent, or never will be, to the machines that count their users.
func (s *Server) giveBack(held []*event.Buffer) {
	event.Return(held, func(ev event.Event) { s.queue.push(ev) })
}

// Ready is closed when recovery is done and requests are served.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Done is closed when the broker has ended and everything is closed.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop asks for a clean stop. Wait tells when it is done.
func (s *Server) Stop() { s.queue.push(event.Event{Kind: event.KindStop}) }

// Wait waits until the broker has ended, and returns why: nil after a clean stop, a Halted otherwise.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// Addresses are where it listens.
func (s *Server) Addresses() []string {
	var found []string
	for _, l := range s.listeners {
		found = append(found, l.Addr().String())
	}
	return found
}

// DataDir is the absolute path of the data directory.
func (s *Server) DataDir() string { return s.dir.Root() }

// DiskLoop says which disk loop runs, how it makes bytes durable, and why it is not the other one where that was wanted.
func (s *Server) DiskLoop() string { return s.disk.Name() }

// DumpTrace writes the last events and effects, for whoever wonders what the broker is doing.
func (s *Server) DumpTrace(w io.Writer) { s.trace.dump(w) }
