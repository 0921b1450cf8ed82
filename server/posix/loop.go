package posix

import (
	"log/slog"
	"sync"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/files"
)

// Workers per lane. The flush lane serves the frames that the journals of all shards keep in flight; the work lane keeps a
// disk's queue busy with reads and write-behind; the slow lane lets a removal pass a long allocation.
const (
	flushWorkers = 16
	workWorkers  = 8
	slowWorkers  = 2
)

// Loop executes disk effects in a data directory.
type Loop struct {
	dir  *files.Dir
	log  *slog.Logger
	done func(event.Event)

	flush, work, slow, sync *lane
	workers                 sync.WaitGroup
}

// New starts the loop's workers. done receives one IODone event per submitted effect, from any goroutine, without Now
// and Wall: whoever reads the clock fills them in. done must not call Close.
func New(dir *files.Dir, log *slog.Logger, done func(event.Event)) *Loop {
	l := &Loop{dir: dir, log: log, done: done, flush: newLane(), work: newLane(), slow: newLane(), sync: newLane()}
	l.start(l.flush, flushWorkers)
	l.start(l.work, workWorkers)
	l.start(l.slow, slowWorkers)
	l.workers.Go(l.syncTogether)
	return l
}

// Name says how this loop makes bytes durable, for the line that a broker prints when it starts.
func (l *Loop) Name() string { return "pwrite, " + l.dir.Mode().String() }

// Submit takes one disk effect. It does not wait. The effect's Data must not change until its completion.
func (l *Loop) Submit(e *event.Effect) {
	check(e)
	l.route(e).push(e)
}

// Flush has nothing to do: what was submitted has begun.
func (l *Loop) Flush() {}

// Close completes everything submitted so far and ends the workers.
func (l *Loop) Close() {
	l.flush.close()
	l.work.close()
	l.slow.close()
	l.sync.close()
	l.workers.Wait()
}

// route chooses the lane by what the effect may have to wait for, IO-4.
func (l *Loop) route(e *event.Effect) *lane {
	switch e.Op {
	case event.OpSyncFs:
		return l.sync
	case event.OpAllocateFile:
		if e.File.Kind != event.FileSegment {
			return l.slow // zeros are written
		}
	case event.OpRemoveFile:
		return l.slow
	case event.OpWriteFile:
		if e.Durable && e.File.Kind != event.FileSegment {
			return l.flush // what everybody waits for: large batches that go straight to their segments stay out of its way
		}
	}
	return l.work
}

func (l *Loop) start(from *lane, workers int) {
	for range workers {
		l.workers.Go(func() {
			for {
				e, ok := from.pop()
				if !ok {
					return
				}
				l.done(l.execute(&e))
			}
		})
	}
}

// syncTogether flushes the file system for whoever waits for that: one flush that begins after they all were submitted is
// one for them all, IO-6. Checkpoints of many stores ask for it at about the same time.
func (l *Loop) syncTogether() {
	for {
		waiting := l.sync.popAll()
		if len(waiting) == 0 {
			return
		}
		done := l.execute(&waiting[0])
		for i := range waiting {
			done.IO, done.To = waiting[i].IO, waiting[i].IO.Machine()
			l.done(done)
		}
	}
}
