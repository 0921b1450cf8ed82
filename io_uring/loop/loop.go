package loop

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/io_uring/ring"
	"golang.org/x/sys/unix"
)

const (
	// places is how many operations the kernel works on at a time. A deeper queue helps no disk that is known here.
	places = 128
	// kept is how many of them only durable writes may take: a journal has one to four frames in flight.
	kept = 8
	// againAfter is when orders are offered again that the kernel had no memory for.
	againAfter = time.Millisecond
)

// Handle is an open file.
type Handle interface{ Descriptor() int }

// Files knows which files are open.
type Files interface {
	// Cached returns the handle of f if it is open. It does not wait.
	Cached(f event.File) (Handle, bool)
	// Release gives a handle back. It does not wait.
	Release(h Handle)
}

// Portable is the loop that executes what the ring does not: posix.Loop.
type Portable interface {
	Submit(e *event.Effect)
	Close()
}

// Mode is how the files were opened.
type Mode struct {
	// Direct: with O_DIRECT. Memory must be aligned then. Without it the kernel copies, on a thread of its own.
	Direct bool
	// DSync: RWF_DSYNC makes a write durable. Otherwise fdatasync follows it.
	DSync bool
}

// Config is what a loop needs. All fields are needed.
type Config struct {
	Mode  Mode
	Files Files
	// Rest completes what it is given by Done as well. The loop closes it.
	Rest Portable
	// Alloc gives aligned memory, for reads that bring none.
	Alloc func(size int) []byte
	// Status is the outcome that the core is told for an error.
	Status func(err error) event.Status
	// Done receives one IODone event per submitted effect, from any goroutine, without Now and Wall. It must not call Close.
	Done func(event.Event)
	Log  *slog.Logger
}

// Loop executes disk effects.
type Loop struct {
	c    Config
	ring *ring.Ring // its submitting side belongs to who holds mu

	mu       sync.Mutex
	idle     sync.Cond // live is 0
	places   []operation
	free     []uint32
	urgent   queue // durable writes that wait for a place
	waiting  queue // everything else that does
	live     int   // operations that are in a place, wait for one, or are being told
	broken   bool  // the ring takes no more orders, UL-4
	stopping bool
	finished []outcome
	spare    []outcome // for Flush

	reaper sync.WaitGroup
}

// New makes the ring and starts the reaper. On an error, which tells why the ring cannot be had, Rest stays open.
func New(c Config) (*Loop, error) {
	r, err := ring.New(places, operations...)
	if err != nil {
		return nil, err
	}
	l := &Loop{c: c, ring: r, places: make([]operation, places), free: make([]uint32, places)}
	l.idle.L = &l.mu
	for i := range l.free {
		l.free[i] = uint32(len(l.free) - 1 - i) // the first places are taken first
	}
	l.reaper.Go(l.reap)
	return l, nil
}

// Submit takes one disk effect, which begins at the next Flush at the latest. It does not wait. The effect's Data must
// not change until its completion.
func (l *Loop) Submit(e *event.Effect) {
	check(e)
	h, ok := l.ours(e)
	if !ok {
		l.c.Rest.Submit(e)
		return
	}
	w := waiter{*e, h, e.Data}
	if e.Op == event.OpReadFile && e.Data == nil {
		w.data = l.c.Alloc(int(e.Length)) // before the lock: large memory takes its time
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.live++
	if e.Op == event.OpWriteFile && e.Durable && e.File.Kind != event.FileSegment {
		l.urgent.push(w) // large batches that go straight to their segments stay out of its way
	} else {
		l.waiting.push(w)
	}
	l.admit()
}

// Flush hands the kernel what was submitted since the last Flush, in one system call, and tells what has completed. To be called at
// the end of a turn. The reaper would tell that too, but only when a processor has nothing else to run.
func (l *Loop) Flush() {
	l.mu.Lock()
	if l.stopping {
		l.mu.Unlock()
		return
	}
	told := l.collect(l.spare)
	if l.spare = told; len(told) == 0 {
		l.mu.Unlock()
		return
	}
	l.spare = nil // others may flush while these are told
	l.mu.Unlock()
	for i := range told {
		l.tell(&told[i])
	}
	l.mu.Lock()
	l.gone(len(told))
	l.spare = told
	l.mu.Unlock()
}

// Close completes everything submitted so far and ends the loop, and the portable one with it.
func (l *Loop) Close() {
	l.mu.Lock()
	if l.stopping {
		l.mu.Unlock()
		return
	}
	l.flush()
	for l.live > 0 {
		l.idle.Wait()
	}
	l.stopping, l.broken = true, true // nothing touches the ring from here on, also no late attempt of flush
	l.mu.Unlock()
	err := l.ring.Wake()
	l.reaper.Wait()
	if err := errors.Join(err, l.ring.Close()); err != nil {
		l.c.Log.Warn("close of the io_uring loop", "error", err)
	}
	l.c.Rest.Close()
}

// ours finds the handle of an effect that the ring can execute as it is.
func (l *Loop) ours(e *event.Effect) (Handle, bool) {
	switch e.Op {
	case event.OpWriteFile, event.OpReadFile:
		if e.Length == 0 || l.c.Mode.Direct && len(e.Data) > 0 && !aligned(e.Data) {
			return nil, false
		}
	case event.OpSyncFile:
	default:
		return nil, false
	}
	return l.c.Files.Cached(e.File)
}

// admit gives free places to what waits, durable writes first, and pushes their orders. mu is held.
func (l *Loop) admit() {
	for !l.broken {
		from := &l.urgent
		if from.empty() {
			from = &l.waiting
			if len(l.free) <= kept {
				return
			}
		}
		if from.empty() || len(l.free) == 0 {
			return
		}
		at := l.free[len(l.free)-1]
		l.free = l.free[:len(l.free)-1]
		l.places[at].begin(from.pop())
		l.order(at)
	}
	l.giveUp()
}

// order pushes the next order of the operation in a place. mu is held.
func (l *Loop) order(at uint32) {
	sqe := l.ring.Push()
	if sqe == nil {
		invariant.Violated("UL-1: %d orders wait for the kernel, in a ring of %d", l.ring.Pending(), l.ring.Entries())
	}
	l.places[at].order(sqe, l.c.Mode)
	sqe.UserData = uint64(at)
}

// flush hands over what is pending. mu is held.
func (l *Loop) flush() {
	for !l.broken && l.ring.Pending() > 0 {
		taken, err := l.ring.Submit()
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EBUSY), err == nil && taken == 0:
			time.AfterFunc(againAfter, l.Flush)
			return
		case err != nil:
			l.c.Log.Error("io_uring takes no more orders: plain system calls do its work from now on", "error", err)
			l.broken = true
			l.ring.TakeBack(func(place uint64) { l.surrender(uint32(place)) })
			l.giveUp()
			return
		}
	}
}

// surrender has the operation in a place, of which nothing is in flight, executed by the portable loop. What was done of
// it is done again. mu is held.
func (l *Loop) surrender(at uint32) {
	op := &l.places[at]
	e, h := op.effect, op.handle
	op.end()
	l.free = append(l.free, at)
	l.hand(e, h)
}

// giveUp has everything that waits executed by the portable loop. mu is held.
func (l *Loop) giveUp() {
	for _, q := range []*queue{&l.urgent, &l.waiting} {
		for !q.empty() {
			w := q.pop()
			l.hand(w.effect, w.handle)
		}
	}
}

func (l *Loop) hand(e event.Effect, h Handle) {
	l.c.Files.Release(h)
	l.c.Rest.Submit(&e)
	l.gone(1)
}

// gone notes that n operations are no longer the ring's. mu is held.
func (l *Loop) gone(n int) {
	if l.live -= n; l.live == 0 {
		l.idle.Broadcast()
	}
}
