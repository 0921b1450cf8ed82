package journal

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

// growRetry is how long the journal waits before it asks a full file system for a chunk again (D7: no restart needed).
const growRetry = event.Second

// step is where the preparation of a chunk stands: the disk operation that is under way.
type step uint8

const (
	stepCreate   step = iota + 1 // the file exists
	stepTruncate                 // a found file that is too long is cut
	stepAllocate                 // zeros are written once, so that frames meet written extents
	stepSync                     // content and size are durable
	stepSyncDir                  // the directory entry is durable: the chunk may be counted on
	stepRemove                   // a found file that the ring has no place for goes
	stepRemoved                  // and its directory entry
)

// job is one chunk file on its way to being prepared, or removed.
type job struct {
	number int64
	step   step
}

// preparer makes chunk files ready ahead of need, one operation at a time, and never in the way of a flush: a frame is
// only ever written to a chunk whose existence, size and entry are durable. Files that recovery found are treated like
// new ones from their first missing step on, because what was read may still be volatile (J10).
type preparer struct {
	jobs    []job
	numbers []int64 // of every chunk that is prepared or on its way, ascending
	io      event.IOID
	busy    bool
	retryAt event.Time
}

// found plans for the chunk files that are already there, by number. Those that a smaller ring has no place for are
// removed from the highest number down, each durably, so that no hole appears.
func (p *preparer) found(files []event.FileInfo, cfg *Config) {
	n := 0
	for n < len(files) && files[n].File.Base < int64(cfg.MaxChunks) {
		first := stepSync
		if files[n].Size < cfg.ChunkSize {
			first = stepAllocate
		} else if files[n].Size > cfg.ChunkSize {
			first = stepTruncate
		}
		p.jobs = append(p.jobs, job{number: files[n].File.Base, step: first})
		p.numbers = append(p.numbers, files[n].File.Base)
		n++
	}
	for i := len(files) - 1; i >= n; i-- {
		p.jobs = append(p.jobs, job{number: files[i].File.Base, step: stepRemove})
	}
}

// grow plans for one more chunk: the lowest number without one, so that a hole in the numbers is always a lost file.
func (p *preparer) grow() {
	at := 0
	for at < len(p.numbers) && p.numbers[at] == int64(at) {
		at++
	}
	p.numbers = slices.Insert(p.numbers, at, int64(at))
	p.jobs = append(p.jobs, job{number: int64(at), step: stepCreate})
}

// order begins the disk operation of the first job, if none is under way.
func (p *preparer) order(cfg *Config, now event.Time, out *event.Buf) {
	if p.busy || len(p.jobs) == 0 || now < p.retryAt {
		return
	}
	p.io, p.busy = cfg.NextIO(), true
	f := chunkFile(cfg.Store, p.jobs[0].number)
	switch p.jobs[0].step {
	case stepCreate:
		out.CreateFile(p.io, f)
	case stepTruncate:
		out.TruncateFile(p.io, f, cfg.ChunkSize)
	case stepAllocate:
		out.AllocateFile(p.io, f, cfg.ChunkSize)
	case stepSync:
		out.SyncFile(p.io, f)
	case stepRemove:
		out.RemoveFile(p.io, f)
	case stepSyncDir, stepRemoved:
		out.SyncDir(p.io, f.Dir())
	}
}

// onIO takes the completion of the operation under way. ready: the chunk number is prepared. why is not empty where
// the disk failed; a full file system is no failure, the same step is tried again later.
func (p *preparer) onIO(ev *event.Event, out *event.Buf) (number int64, ready bool, why string) {
	p.busy = false
	j := &p.jobs[0]
	if ev.Status == event.StatusNoSpace && (j.step == stepCreate || j.step == stepAllocate) {
		p.retryAt = ev.Now + growRetry
		out.Hit("journal/no-space")
		return 0, false, ""
	}
	if ev.Status != event.StatusOK {
		return 0, false, "preparation of a journal chunk failed: " + ev.Status.String()
	}
	p.retryAt = 0
	switch j.step {
	case stepCreate:
		j.step = stepAllocate
	case stepTruncate, stepAllocate:
		j.step = stepSync
	case stepSync:
		j.step = stepSyncDir
	case stepRemove:
		j.step = stepRemoved
	case stepSyncDir, stepRemoved:
		number, ready = j.number, j.step == stepSyncDir
		p.jobs = append(p.jobs[:0], p.jobs[1:]...)
	}
	return number, ready, ""
}

// chunkFile names the file of a chunk.
func chunkFile(store event.Machine, number int64) event.File {
	return event.File{Kind: event.FileChunk, Store: store, Base: number}
}
