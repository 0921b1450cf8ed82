package journal

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

// Reads of recovery: a block is given up after readTries errors of a read of that block alone.
const (
	readTries = 3
	maxRead   = 32 << 20 // bytes of one read
)

// reading is a recovery under way: every chunk is read whole, then judged. A read that fails is halved until only the
// blocks that cannot be read are left out.
type reading struct {
	super   Superblock
	from    uint64
	found   []event.FileInfo // chunk files, by number
	images  []ChunkImage     // aligned with found
	todo    []stretch        // the next one last
	tries   int              // failed tries of the operation under way
	io      event.IOID
	verdict *Recovery
}

// stretch is bytes [from, to) of one chunk file that are still to be read.
type stretch struct {
	chunk    int
	from, to int64
}

// Recover lists and reads the chunks of the ring and judges them under super. Frames below from are covered by the
// store's checkpoint: they are neither returned nor required. The verdict is at Recovery when all reads are done.
func (j *Journal) Recover(super Superblock, from uint64, out *event.Buf) {
	j.reading = &reading{super: super, from: from}
	j.reading.list(&j.cfg, out)
}

// Recovery is the verdict, once there is one. Its payloads are views of the chunks' memory.
func (j *Journal) Recovery() (*Recovery, bool) {
	if j.reading == nil || j.reading.verdict == nil {
		return nil, false
	}
	return j.reading.verdict, true
}

func (r *reading) list(cfg *Config, out *event.Buf) {
	r.io = cfg.NextIO()
	out.ListDir(r.io, event.File{Kind: event.DirJournal, Store: cfg.Store})
}

// next orders the next read, or judges when nothing is left to read.
func (r *reading) next(cfg *Config, out *event.Buf) {
	if len(r.todo) == 0 {
		r.verdict = Judge(r.super, r.from, r.images)
		r.verdict.probe(out)
		return
	}
	s := r.todo[len(r.todo)-1]
	r.io = cfg.NextIO()
	out.ReadFile(r.io, chunkFile(cfg.Store, r.found[s.chunk].File.Base), s.from, s.to-s.from)
}

// onIO takes the completion of the listing or of a read; false: it was neither.
func (r *reading) onIO(ev *event.Event, cfg *Config, out *event.Buf) bool {
	if r.verdict != nil || ev.IO != r.io {
		return false
	}
	if r.images == nil {
		r.onListed(ev, cfg, out)
	} else {
		r.onRead(ev, cfg, out)
	}
	return true
}

// onListed plans the reads. A directory that cannot be listed is lost like its chunks.
func (r *reading) onListed(ev *event.Event, cfg *Config, out *event.Buf) {
	switch {
	case ev.Status == event.StatusOK || ev.Status == event.StatusNotFound:
	case r.tries+1 < readTries:
		r.tries++
		out.Hit("journal/list-retried")
		r.list(cfg, out)
		return
	default:
		r.verdict = &Recovery{Next: max(r.super.First, r.super.Durable, r.from), Durable: r.super.Durable,
			Lost: "the journal's directory cannot be listed: " + ev.Status.String()}
		return
	}
	r.tries = 0
	for _, f := range ev.Files {
		if f.File.Kind == event.FileChunk && f.File.Base >= 0 && f.File.Base <= maxChunkNumber {
			r.found = append(r.found, f)
		}
	}
	slices.SortFunc(r.found, func(a, b event.FileInfo) int { return int(a.File.Base - b.File.Base) })
	r.images = make([]ChunkImage, len(r.found))
	for i := len(r.found) - 1; i >= 0; i-- {
		r.images[i].Number = r.found[i].File.Base
		size := min(r.found[i].Size, maxChunkSize) &^ (event.BlockSize - 1)
		for at := (size - 1) / maxRead * maxRead; at >= 0 && size > 0; at -= maxRead {
			r.todo = append(r.todo, stretch{chunk: i, from: at, to: min(at+maxRead, size)})
		}
	}
	r.next(cfg, out)
}

// onRead keeps what was read, and halves or repeats what was not.
func (r *reading) onRead(ev *event.Event, cfg *Config, out *event.Buf) {
	s := r.todo[len(r.todo)-1]
	image := &r.images[s.chunk]
	size := min(r.found[s.chunk].Size, maxChunkSize) &^ (event.BlockSize - 1)
	switch {
	case ev.Status == event.StatusOK && s.from == 0 && s.to == size && int64(len(ev.Data)) == size:
		image.Data = ev.Data
	case ev.Status == event.StatusOK || ev.Status == event.StatusShort:
		copy(image.memory(size)[s.from:s.to], ev.Data)
	case ev.Status == event.StatusIOError && s.to-s.from > event.BlockSize:
		out.Hit("journal/read-halved")
		mid := s.from + (s.to-s.from)/2&^(event.BlockSize-1)
		r.todo = append(r.todo[:len(r.todo)-1], stretch{s.chunk, mid, s.to}, stretch{s.chunk, s.from, mid})
		r.next(cfg, out)
		return
	case ev.Status == event.StatusIOError && r.tries+1 < readTries:
		r.tries++
		r.next(cfg, out)
		return
	default:
		out.Hit("journal/unreadable")
		image.memory(size)
		image.Unread = append(image.Unread, Span{From: s.from, To: s.to})
	}
	r.tries = 0
	r.todo = r.todo[:len(r.todo)-1]
	r.next(cfg, out)
}

// memory is the image's bytes, for reads that bring only a part of them.
func (c *ChunkImage) memory(size int64) []byte {
	if c.Data == nil {
		c.Data = make([]byte, size)
	}
	return c.Data
}
