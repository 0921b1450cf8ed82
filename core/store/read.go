package store

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/record"
)

// Read returns the batches from the one that holds r.From on, whole ones only, up to r.Bytes and never beyond r.To. now
// is true where memory had the answer; otherwise it is among TakeReads later. A read that a truncation or deletion
// overtakes ends with an error, so do reads at or behind a damaged range.
func (s *Store) Read(r Read, out *event.Buf) (done ReadDone, now bool) {
	p := s.Get(r.TP)
	if code := s.readable(p, &r); code != event.CodeNone {
		return ReadDone{Read: r, Code: code}, true
	}
	if r.From >= r.To {
		return ReadDone{Read: r}, true
	}
	x := &reader{read: r}
	s.locate(p, r.From, func(base, pos int64, why string, out *event.Buf) {
		x.begin(s, p, base, pos, why, out)
	}, out)
	x.later = true
	return x.answer, x.finished
}

// readable checks r against the log, and bounds it by what is intact.
func (s *Store) readable(p *Partition, r *Read) event.Code {
	switch {
	case p == nil:
		return event.CodeUnknownTopicOrPartition
	case r.From < p.log.Start() || r.From > p.log.End():
		return event.CodeOffsetOutOfRange
	}
	r.To = min(r.To, p.log.End())
	if whole := p.intact(); r.To > whole {
		if r.From >= whole {
			return event.CodeKafkaStorageError
		}
		r.To = whole
	}
	return event.CodeNone
}

// TakeReads are the answers that have arrived since the last call.
func (s *Store) TakeReads() []ReadDone {
	list := s.reads
	s.reads = nil
	return list
}

// reader is one Read on its way.
type reader struct {
	read     Read
	answer   ReadDone
	bytes    int64
	finished bool
	later    bool // the caller has gone: the answer goes to TakeReads
}

func (x *reader) begin(s *Store, p *Partition, base, pos int64, why string, out *event.Buf) {
	if x.read.From < p.log.Start() {
		why = walkMoved
	}
	if why != walkEnded {
		x.finish(s, p, why, out)
		return
	}
	w := s.newWalk(p, base, pos)
	w.want = min(max(x.read.Bytes, 0)+s.cfg.IndexInterval+record.HeaderSize, s.cfg.MaxReadBytes)
	w.visit = func(b record.Batch, _, _ int64) bool { return x.visit(b, w.memory) }
	w.room, w.from = x.room, x.read.From
	w.done = func(_ *walk, why string, out *event.Buf) { x.finish(s, p, why, out) }
	w.run(out)
}

// visit takes b if it is wanted and fits, and keeps its memory.
func (x *reader) visit(b record.Batch, memory *event.Buffer) (more bool) {
	r := &x.read
	switch {
	case b.NextOffset() <= r.From:
		return true
	case b.NextOffset() > r.To || x.room(int64(len(b))) == 0:
		return false
	}
	x.bytes += int64(len(b))
	x.answer.Batches = join(x.answer.Batches, b)
	if n := len(x.answer.Held); memory != nil && (n == 0 || x.answer.Held[n-1] != memory) &&
		!invariant.Planted(invariant.CanaryReadReleased) {
		memory.Retain()
		x.answer.Held = append(x.answer.Held, memory)
	}
	return x.bytes < r.Bytes && b.NextOffset() < r.To
}

// room is how many bytes more are wanted: 0 if a batch of so many does not fit.
func (x *reader) room(next int64) int64 {
	left := x.read.Bytes - x.bytes
	if next > left && (x.bytes > 0 || !x.read.Whole) {
		return 0
	}
	return max(left, next)
}

// Drop lets go of the answer's bytes.
func (d *ReadDone) Drop(out *event.Buf) {
	for _, memory := range d.Held {
		out.Drop(memory)
	}
	d.Batches, d.Held = nil, nil
}

// join adds b to the pieces: to the last one if it lies right behind it in memory.
func join(pieces [][]byte, b record.Batch) [][]byte {
	if n := len(pieces); n > 0 {
		last := pieces[n-1]
		if k := len(last); cap(last) >= k+len(b) && &last[:k+1][k] == &b[0] {
			pieces[n-1] = last[:k+len(b)]
			return pieces
		}
	}
	return append(pieces, b)
}

func (x *reader) finish(s *Store, p *Partition, why string, out *event.Buf) {
	x.finished = true
	x.answer.Read = x.read
	switch {
	case why == walkEnded || len(x.answer.Batches) > 0 && why != walkMoved:
	case why == walkMoved && p.dead:
		x.answer.Code = event.CodeUnknownTopicOrPartition
		x.answer.Drop(out)
	case x.read.From < p.log.Start():
		out.Hit("store/read-trimmed")
		x.answer.Code = event.CodeOffsetOutOfRange
		x.answer.Drop(out)
	case why == walkMoved:
		x.answer.Code = event.CodeNotLeaderOrFollower
		x.answer.Drop(out)
	default:
		x.answer.Code = event.CodeKafkaStorageError
	}
	if x.later {
		s.reads = append(s.reads, x.answer)
	}
}
