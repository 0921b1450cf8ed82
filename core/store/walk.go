package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// walk goes over a partition's batches in order, from disk or memory, and shows each to visit. It is what reads, lookups,
// index scans and rebuilds have in common. A truncation or deletion ends it (the generation changes).
//
//	from disk, verified:   [0 .. readable)      the partial block behind: head      the rest: tail
type walk struct {
	s          *Store
	p          *Partition
	generation int64
	base       int64         // segment that is being walked
	pos        int64         // byte of the next batch in it
	offset     int64         // the next batch begins here, or behind it where hinted
	hinted     bool          // pos is what an index says, and no batch was found there yet
	want       int64         // bytes of the next read
	only       bool          // end with this segment
	tries      int           // of the read under way
	memory     *event.Buffer // that the batch being shown lies in; nil for the collector's
	visit      func(b record.Batch, base, pos int64) (more bool)
	room       func(next int64) int64 // bytes to read where a batch of at least next bytes comes, 0 to end; nil for all there is
	from       int64                  // batches that end at or below it are passed over, and need no room
	done       func(w *walk, why string, out *event.Buf)
}

// Reasons for which a walk ends early, beside damage.
const (
	walkEnded = ""
	walkMoved = "the log was truncated, trimmed or deleted"
)

// newWalk begins at byte pos of the segment base, where a batch begins.
func (s *Store) newWalk(p *Partition, base, pos int64) *walk {
	return &walk{
		s: s, p: p, generation: p.log.Generation(), base: base, pos: pos, offset: base, hinted: pos > 0, want: s.cfg.MaxReadBytes,
	}
}

// run goes on until the walk is done or waits for the disk.
func (w *walk) run(out *event.Buf) {
	for {
		if w.p.dead || w.p.log.Generation() != w.generation {
			w.done(w, walkMoved, out)
			return
		}
		f := w.p.file(w.base)
		if f == nil || f.unresolved {
			w.done(w, walkMoved, out)
			return
		}
		if w.pos >= f.size {
			if !w.next() {
				w.done(w, walkEnded, out)
				return
			}
			continue
		}
		if b := w.p.tail.at(w.base, w.pos); b != nil && b.file == f && b.pos == w.pos {
			w.memory = b.memory
			if !w.show(b.batch) {
				w.done(w, walkEnded, out)
				return
			}
			continue
		}
		w.read(f, out)
		return
	}
}

// next goes to the next segment, if there is one.
func (w *walk) next() bool {
	if w.only {
		return false
	}
	i := slices.IndexFunc(w.p.files, func(f *segfile) bool { return f.base > w.base })
	if i < 0 {
		return false
	}
	w.base, w.pos = w.p.files[i].base, 0
	w.offset = w.base
	return true
}

// show passes the batch at pos on.
func (w *walk) show(b record.Batch) (more bool) {
	pos := w.pos
	w.pos += int64(len(b))
	w.offset, w.hinted = b.NextOffset(), false
	return w.visit(b, w.base, pos)
}

// read fetches what the disk has from pos on; the bytes of the partial last block are taken from memory as they are now.
func (w *walk) read(f *segfile, out *event.Buf) {
	s := w.s
	end := min(w.p.tail.begins(f, f.size), w.pos+max(w.want, record.HeaderSize))
	disk := max(min(end, f.readable()), w.pos)
	var head []byte
	if low := max(disk, floorBlock(f.written)); end > disk && len(f.head) > 0 {
		head = slices.Clone(f.head[low-floorBlock(f.written) : min(end-floorBlock(f.written), int64(len(f.head)))])
	}
	if disk+int64(len(head)) < end && f.busy {
		f.parked = append(f.parked, w)
		return
	}
	if disk == w.pos {
		w.memory = nil
		w.take(head, f, out)
		return
	}
	out.Hit("store/read-disk")
	f.hold()
	low := floorBlock(w.pos)
	memory := s.cfg.Alloc(int(max(ceilBlock(disk), disk+int64(len(head))) - low))
	s.fetchInto(memory.Bytes, s.path(w.p, event.FileSegment, f.base), w.pos, disk, func(data []byte, why string, out *event.Buf) {
		defer out.Drop(memory)
		s.letGo(w.p, f)
		if w.p.dead || w.p.log.Generation() != w.generation || w.p.file(f.base) != f {
			w.done(w, walkMoved, out)
			return
		}
		if why == "" && int64(len(data)) < disk-w.pos {
			why = fmt.Sprintf("%d of %d bytes", len(data), disk-w.pos)
		}
		if why != "" {
			w.bad(why, out)
			return
		}
		w.memory = memory
		data = memory.Bytes[w.pos-low : disk-low+int64(copy(memory.Bytes[disk-low:], head))]
		w.take(data, f, out)
	}, out)
}

// take shows the whole batches of what was read. The partial one at its end is read again, with more behind it.
func (w *walk) take(data []byte, f *segfile, out *event.Buf) {
	progress := false
	for len(data) > 0 {
		b, _, err := record.Parse(data)
		if errors.Is(err, record.ErrShort) {
			break
		}
		if err == nil {
			err = record.Verify(b)
		}
		if err == nil && (b.BaseOffset() < w.offset || b.BaseOffset() > w.offset && !w.hinted || b.NextOffset() > w.p.segment(f).End) {
			err = fmt.Errorf("offsets [%d, %d) where %d is next", b.BaseOffset(), b.NextOffset(), w.offset)
		}
		if err != nil {
			w.bad(err.Error(), out)
			return
		}
		w.tries, progress = 0, true
		data = data[len(b):]
		if !w.show(b) {
			w.done(w, walkEnded, out)
			return
		}
	}
	need := int64(record.HeaderSize)
	if len(data) >= record.HeaderSize {
		need = int64(record.Batch(data).Size())
	}
	if progress {
		w.goOn(need, len(data) >= record.HeaderSize && record.Batch(data).NextOffset() <= w.from, out)
		return
	}
	if need <= int64(len(data)) || need > f.size-w.pos || need <= w.want && int64(len(data)) < w.want {
		w.bad(fmt.Sprintf("a batch of %d bytes has %d", need, len(data)), out)
		return
	}
	w.want = need
	w.run(out)
}

// goOn reads more, where a batch of at least next bytes comes. passed: that one is passed over.
func (w *walk) goOn(next int64, passed bool, out *event.Buf) {
	w.want = w.s.cfg.MaxReadBytes
	if passed {
		w.want = max(w.want, next)
	} else if w.room != nil {
		room := w.room(next)
		if room == 0 {
			w.done(w, walkEnded, out)
			return
		}
		w.want = min(w.want, max(room, next))
	}
	w.run(out)
}

// bad tries the read again, and marks the offsets from here on as damaged when that did not help.
func (w *walk) bad(why string, out *event.Buf) {
	w.tries++
	if w.tries < readTries {
		out.Hit("store/read-retry")
		w.run(out)
		return
	}
	if w.hinted {
		out.Hit("store/index-misled")
		w.pos, w.offset, w.hinted, w.tries, w.want = 0, w.base, false, 0, w.s.cfg.MaxReadBytes
		w.run(out)
		return
	}
	out.Hit("store/read-damaged")
	at := max(w.offset, w.p.log.Start())
	to := min(at+1, w.p.log.End())
	if n := w.p.file(w.base); n != nil {
		to = max(w.p.segment(n).End, to)
	}
	w.p.hurt(Damage{From: at, To: to, Why: fmt.Sprintf("cannot be read: %s at byte %d: %s",
		w.s.path(w.p, event.FileSegment, w.base).Path(), w.pos, why)})
	w.done(w, why, out)
}
