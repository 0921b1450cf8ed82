package store

import (
	"errors"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/log"
	"github.com/highwater-log/highwater/core/record"
)

// rebuildDerived builds the state of p that is a function of its log anew, from the log's start. Batches that are appended
// meanwhile are met by the walk, because it ends where the log does.
func (s *Store) rebuildDerived(p *Partition, out *event.Buf) {
	if !p.stale || p.rebuild != nil || p.unresolved() {
		return
	}
	out.Hit("store/derived-rebuilt")
	p.derived.Reset()
	p.short = false
	w := s.newWalk(p, p.files[0].base, 0)
	p.rebuild = w
	start := p.log.Start() // of now: one that moves on meanwhile would leave a hole behind what was met already
	w.visit = func(b record.Batch, _, _ int64) bool {
		if b.NextOffset() > start {
			p.derived.Apply(b)
		}
		return true
	}
	w.done = func(w *walk, why string, out *event.Buf) {
		if p.rebuild != w {
			return // a later truncation has begun another
		}
		p.rebuild = nil
		if why == walkMoved && !p.dead {
			s.rebuildDerived(p, out)
			return
		}
		p.stale, p.short = false, why != walkEnded // where it met damage, the partition is offline and asks nobody
	}
	w.run(out)
}

// resolve finds the exact size of the segment of f, whose cut lies somewhere behind its size.
func (s *Store) resolve(p *Partition, f *segfile, out *event.Buf) {
	if f.indexing || f.busy {
		return
	}
	f.indexing = true
	out.Hit("store/cut-looked-up")
	r := &resolver{s: s, p: p, f: f, generation: p.log.Generation(), scan: log.NewScanner(s.cfg.IndexInterval), max: -1}
	r.to = p.segment(f).End
	r.fetch(s.cfg.MaxReadBytes, out)
}

// resolver walks a segment from its beginning to the batch at which it was cut. It reads what the file has, not what the
// books say of it: these are what it looks for.
type resolver struct {
	s          *Store
	p          *Partition
	f          *segfile
	generation int64
	to         int64 // the offset of the cut
	pos        int64
	max        int64 // largest timestamp before pos
	tries      int
	scan       *log.Scanner
}

func (r *resolver) fetch(want int64, out *event.Buf) {
	end := min(r.pos+want, r.f.written)
	var head []byte
	if at := floorBlock(r.f.written); len(r.f.head) > 0 && end > at {
		// The block in memory is better than the one in the file, which a crash may have torn.
		head = r.f.head[max(r.pos-at, 0) : end-at]
		end = max(at, r.pos)
	}
	if end == r.pos {
		r.take(head, "", out)
		return
	}
	r.f.hold()
	r.s.fetch(r.s.path(r.p, event.FileSegment, r.f.base), r.pos, end, func(data []byte, why string, out *event.Buf) {
		r.s.letGo(r.p, r.f)
		if r.overtaken() {
			r.f.indexing = false
			return
		}
		r.take(append(data[:len(data):len(data)], head...), why, out)
	}, out)
}

// overtaken reports whether what is looked for does not matter any more.
func (r *resolver) overtaken() bool {
	return r.p.dead || r.p.log.Generation() != r.generation || r.p.file(r.f.base) != r.f
}

func (r *resolver) take(data []byte, why string, out *event.Buf) {
	progress := false
	for why == "" {
		b, rest, err := record.Parse(data)
		if errors.Is(err, record.ErrShort) &&
			(progress || len(data) >= record.HeaderSize && r.pos+int64(record.Batch(data).Size()) <= r.f.written) {
			want := r.s.cfg.MaxReadBytes
			if !progress {
				want = int64(record.Batch(data).Size())
			}
			r.fetch(want, out)
			return
		}
		if err == nil {
			err = record.Verify(b)
		}
		if err != nil {
			why = err.Error()
			break
		}
		if b.NextOffset() > r.to {
			r.found(out)
			return
		}
		r.scan.Batch(b.BaseOffset(), r.pos, b.MaxTimestamp())
		r.max = max(r.max, b.MaxTimestamp())
		r.pos += int64(len(b))
		data, progress, r.tries = rest, true, 0
		if b.NextOffset() == r.to {
			r.found(out)
			return
		}
	}
	if r.tries++; r.tries < readTries {
		r.fetch(r.s.cfg.MaxReadBytes, out)
		return
	}
	out.Hit("store/read-damaged")
	r.p.hurt(Damage{From: r.p.segment(r.f).Base, To: r.to, Kept: true, Why: "cannot be cut: " + why})
	r.found(out)
}

// found fetches the partial block at the cut, whose bytes are kept in memory like those of any partial block.
func (r *resolver) found(out *event.Buf) {
	from := floorBlock(r.pos)
	if from == r.pos {
		r.book(nil, out)
		return
	}
	if int64(len(r.f.head)) >= r.pos-from && from == floorBlock(r.f.written) {
		r.book(r.f.head[:r.pos-from], out)
		return
	}
	r.f.hold()
	r.s.fetch(r.s.path(r.p, event.FileSegment, r.f.base), from, r.pos, func(data []byte, why string, out *event.Buf) {
		r.s.letGo(r.p, r.f)
		if r.overtaken() {
			r.f.indexing = false
			return
		}
		head := make([]byte, r.pos-from)
		if copy(head, data) < len(head) {
			r.p.hurt(Damage{From: r.p.segment(r.f).Base, To: r.to, Kept: true, Why: "cannot be cut: " + why})
		}
		r.book(head, out)
	}, out)
}

// book enters the exact size.
func (r *resolver) book(head []byte, out *event.Buf) {
	f := r.f
	was := f.written
	f.indexing, f.unresolved = false, false
	f.size, f.durable, f.written, f.target = r.pos, r.pos, r.pos, r.pos
	f.head, f.suspect = head, f.suspect && floorBlock(r.pos) == floorBlock(was) && len(head) > 0
	r.p.log.Resolve(f.base, r.pos, r.max, r.scan.Index)
	r.s.enqueue(r.p)
	r.s.rebuildDerived(r.p, out)
}

// unresolved reports whether a cut of p is not known in bytes yet.
func (p *Partition) unresolved() bool {
	for _, f := range p.busy {
		if f.unresolved {
			return true
		}
	}
	return false
}
