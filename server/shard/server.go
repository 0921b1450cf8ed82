package shard

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/conn"
	"github.com/highwater-log/highwater/server/api"
	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/diskloop"
	"github.com/highwater-log/highwater/server/files"
	"github.com/highwater-log/highwater/server/memory"
	"github.com/highwater-log/highwater/server/metrics"
)

// requestBytes bounds the requests that are in the broker's hands at a time, over all connections.
const requestBytes = 512 << 20

// Buffers of the core, in bytes: what is kept for reuse while it is free, and what is touched before the first request.
const (
	keptBytes = 128 << 20
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
	sources   *sources
	clock     clock
	count     *metrics.Broker
	complain  *complaints
	stopping  atomic.Bool
	closing   sync.RWMutex          // while dir is being closed, nobody asks it for its space
	loops     []*loop               // by cell
	mover     atomic.Pointer[queue] // of the loop that changes the number of shards, while it does
	crew      *crew
	memory    *budget // of requests
	receiving *budget // of large requests on their way in
	buffers   *memory.Pool
	apis      sync.Pool     // of *api.API: each keeps decompressors, and serves one goroutine at a time
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
	// Stop, once closed, has Start give up what it waits for; nil for never. See Start.
	Stop <-chan struct{}
}

// Start locks the data directory, listens, and starts the broker. It returns before recovery is done: see Ready. What
// fails at once is told at once: a directory in use, an address in use. Only where the directory has another number of shards
// does it wait until that is changed; if Options.Stop comes first, it fails with a Halted of HaltClean, and the next start goes on.
func Start(c config.Config, o Options) (*Server, error) {
	s := &Server{
		config: c, log: o.Log, fatal: o.Fatal, limits: o.Limits,
		memory: newBudget(requestBytes), receiving: newBudget(c.QueuedBytes), done: make(chan struct{}),
		sources: newSources(c.MaxConnectionsPerIP, c.MaxConnectionRate), complain: newComplaints(o.Log),
	}
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
	b, err := s.settle(o.Stop)
	if err != nil {
		if s.disk != nil {
			s.disk.Close()
		}
		return nil, errors.Join(err, s.closeListeners(), s.dir.Close())
	}
	s.makeLoops(b)
	go s.run()
	go s.tellChanges()
	for _, listener := range s.listeners {
		s.accepting.Go(func() { s.accept(listener) })
	}
	return s, nil
}

// settle makes the broker, behind whatever must happen to the data directory before one can be started on it.
func (s *Server) settle(stop <-chan struct{}) (*broker.Broker, error) {
	root, node := s.dir.Root(), event.NodeID(s.config.NodeID)
	hard, err := homeSays(root)
	if err != nil {
		return nil, err
	}
	shards := s.shardCount(hard)
	due := broker.MoveDue(hard, shards)
	if err := s.examineBefore(hard, node, shards, due); err != nil {
		return nil, err
	}
	if s.disk, err = diskloop.Open(s.config.DiskLoop, s.dir, s.log, s.tell); err != nil {
		return nil, err
	}
	if due {
		if err := s.moveShards(shards, stop); err != nil {
			return nil, err
		}
		if err := examine(root, node, shards); err != nil {
			return nil, err
		}
	}
	c, err := s.brokerConfig(shards)
	if err != nil {
		return nil, err
	}
	return broker.New(c)
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

// makeLoops makes a loop for each cell of b.
func (s *Server) makeLoops(b *broker.Broker) {
	cells := b.Cells()
	s.clients, s.crew = newClients(s.config.MaxConnections, len(cells), s.giveBack), newCrew(len(cells))
	queues := make([]*queue, len(cells))
	for i := range queues {
		queues[i] = newQueue()
	}
	s.clock = newClock() // one for all: cells tell each other deadlines
	s.count = metrics.New(len(cells))
	for i, c := range cells {
		s.loops = append(s.loops, &loop{
			cell: i, machine: c, disk: s.disk, buffers: s.buffers, clients: s.clients.groups[i], queue: queues[i], peers: queues,
			trace: &trace{}, clock: s.clock, crew: s.crew, pulse: pulse{cell: c, count: s.count.Cells[i]},
		})
	}
}

// run runs the loops to their end and closes everything behind them.
func (s *Server) run() {
	defer s.guard()
	var loops sync.WaitGroup
	for _, l := range s.loops {
		loops.Go(func() {
			defer s.guard()
			l.run()
		})
	}
	loops.Wait()
	halted := s.crew.why()
	errs := []error{s.closeListeners()}
	s.accepting.Wait()
	s.clients.closeAll(metrics.BrokerEnded, "the broker stopped")
	s.served.Wait()
	s.disk.Close()
	s.buffers.Close()
	s.closing.Lock()
	defer s.closing.Unlock()
	errs = append(errs, s.dir.Close())
	if halted.Code != event.HaltClean {
		errs = append([]error{halted}, errs...)
	}
	s.err = errors.Join(errs...)
	close(s.done)
}

// giveBack returns buffers whose bytes were sent, or never will be, to the machines that count their users.
func (s *Server) giveBack(held []*event.Buffer) {
	event.Return(held, s.tell)
}

// tell pushes a completion, or a message to a machine, to the cell that it is for.
func (s *Server) tell(ev event.Event) {
	if q := s.mover.Load(); q != nil {
		q.push(ev)
		return
	}
	s.loops[broker.CellOf(ev.To)].queue.push(ev)
}

// Ready is closed when recovery is done and requests are served.
func (s *Server) Ready() <-chan struct{} { return s.crew.ready }

// Done is closed when the broker has ended and everything is closed.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop asks for a clean stop. Wait tells when it is done.
func (s *Server) Stop() {
	s.stopping.Store(true)
	for _, l := range s.loops {
		l.queue.push(event.Event{Kind: event.KindStop})
	}
}

// Shards is how many shards, and so loops, it runs.
func (s *Server) Shards() int { return len(s.loops) }

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
func (s *Server) DumpTrace(w io.Writer) {
	for _, l := range s.loops {
		if len(s.loops) > 1 {
			_, _ = fmt.Fprintf(w, "cell %d: ", l.cell) // that w fails changes nothing
		}
		l.trace.dump(w)
	}
}
