package store

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/record"
)

// asked is one direct entry of a recovered frame, and what its segment answered.
type asked struct {
	frame, entry int // indexes in the recovery
	d            descriptor
	head, tail   []byte
	middle       []byte
	why          string // why there is no middle, or the entry makes no sense
	unread       bool   // the disk refused to give it
}

// askDirect lists the direct entries that the checkpoint does not cover.
func (s *Store) askDirect(rec *journal.Recovery) (list []asked) {
	for i := range rec.Frames {
		f := &rec.Frames[i]
		for k := range f.Entries {
			if e := &f.Entries[k]; e.Kind == journal.EntryDirect && !s.covered(rec, i, k) {
				a := asked{frame: i, entry: k}
				var err error
				if a.d, a.head, a.tail, err = readDescriptor(e.Pos, f.Payload[k]); err != nil {
					a.why = err.Error()
				}
				list = append(list, a)
			}
		}
	}
	return list
}

// covered reports whether the checkpoint's image has entry k of frame i: it has all of earlier frames, and of its own frame as
// many entries of each partition as it says. Entries that are gone count as well.
func (s *Store) covered(rec *journal.Recovery, i, k int) bool {
	f := &rec.Frames[i]
	e := &f.Entries[k]
	have := cover{}
	if n, found := s.search(e.TP); found {
		have = s.parts[n].cover
	}
	for _, g := range s.gone {
		if g.p.tp == e.TP && (g.cover.Seq > have.Seq || g.cover.Seq == have.Seq && g.cover.Count > have.Count) {
			have = g.cover
		}
	}
	if f.Seq != have.Seq {
		return f.Seq < have.Seq
	}
	n := int32(0)
	for x := range f.Entries[:k+1] {
		if f.Entries[x].TP == e.TP {
			n++
		}
	}
	for x := range rec.Damage {
		if d := &rec.Damage[x]; d.Seq == f.Seq && s.before(&d.Entry, e) {
			n++
		}
	}
	return n <= have.Count
}

// fetchDirect reads what the journal's direct entries refer to. It is bounded as the ring is (J6).
func (s *Store) fetchDirect(rec *journal.Recovery, out *event.Buf) {
	o := s.opening
	o.asked = s.askDirect(rec)
	o.refers = len(o.asked) > 0
	for i := range o.asked {
		if a := &o.asked[i]; a.why == "" {
			out.Hit("store/direct-fetched")
			o.waiting++
			s.fetchMiddle(a, rec.Frames[a.frame].Entries[a.entry].TP, 1, out)
		}
	}
}

func (s *Store) fetchMiddle(a *asked, tp event.TP, try int, out *event.Buf) {
	file := a.d.file(s.cfg.Machine, tp)
	id := s.await(func(ev *event.Event, out *event.Buf) {
		switch {
		case ev.Status == event.StatusOK || ev.Status == event.StatusShort:
			a.middle = ev.Data
		case ev.Status == event.StatusNotFound:
			a.why = "its segment is missing"
		case try < readTries:
			out.Hit("store/read-retry")
			s.fetchMiddle(a, tp, try+1, out)
			return
		default:
			a.why, a.unread = fmt.Sprintf("read %s at %d: %s", file.Path(), a.d.from(), ev.Status), true
		}
		s.opening.waiting--
	})
	out.ReadFile(id, file, a.d.from(), a.d.to()-a.d.from())
}

// file is the segment that the bytes are in.
func (d *descriptor) file(m event.Machine, tp event.TP) event.File {
	return event.File{Kind: event.FileSegment, Store: m, Topic: tp.Topic, Partition: tp.Partition, Base: d.segment}
}

// judgeDirect takes the verdict over direct entries to its end. Their frames are whole, so the line is drawn as for payloads in
// the journal (J1):
//
//	the bytes are there                            the batches are put together, behind the descriptor
//	not, and the frame is at or above D            a torn tail: cut there; but not where the disk refused to read
//	not, below D, and a later frame deletes the    excused: that frame was proven before the bytes went. The batch is
//	partition, cuts them away, or moves the        replayed with its headers alone, and goes with what follows
//	log start beyond it
//	not, below D otherwise                         damage, by name
func (s *Store) judgeDirect(rec *journal.Recovery, list []asked, out *event.Buf) {
	bad := list[:0:0]
	for i := range list {
		a := &list[i]
		f := &rec.Frames[a.frame]
		var batches []byte
		if ok := false; a.why == "" {
			if batches, ok = a.d.assemble(a.head, a.middle, a.tail); !ok {
				a.why = "its bytes in the segment do not match their checksum"
			}
		}
		if a.why != "" && f.Seq >= rec.Durable && !a.unread {
			out.Hit("store/direct-torn")
			rec.Cut(a.frame)
			break
		}
		if a.why != "" {
			bad = append(bad, *a)
			continue
		}
		f.Payload[a.entry] = append(slices.Clip(f.Payload[a.entry][:a.d.size()]), batches...)
	}
	for i := len(bad) - 1; i >= 0; i-- {
		a := &bad[i]
		f := &rec.Frames[a.frame]
		if batches, ok := a.salvage(&f.Entries[a.entry], excused(rec, a)); ok {
			out.Hit("store/direct-excused")
			f.Payload[a.entry] = append(slices.Clip(f.Payload[a.entry][:a.d.size()]), batches...)
			continue
		}
		out.Hit("store/direct-damaged")
		rec.Lose(a.frame, a.entry, a.why)
	}
}

// excused is the offset from which on what a lacks was taken away on purpose: a later frame says so.
func excused(rec *journal.Recovery, a *asked) int64 {
	e := &rec.Frames[a.frame].Entries[a.entry]
	from := e.End
	for i := a.frame; i < len(rec.Frames); i++ {
		for k := range rec.Frames[i].Entries {
			x := &rec.Frames[i].Entries[k]
			if x.TP != e.TP || i == a.frame && k <= a.entry {
				continue
			}
			switch x.Kind {
			case journal.EntryDelete:
				return e.Base
			case journal.EntryTruncate:
				from = min(from, x.Base)
			case journal.EntryLogStart:
				if x.Base >= e.End {
					return e.Base // its segment may be gone
				}
			}
		}
	}
	return from
}

// header is the header of batch i.
func (d *descriptor) header(i int) record.Batch {
	return d.headers[i*record.HeaderSize:][:record.HeaderSize]
}

// describes reports whether d's headers are those of e's batches, without a gap.
func (d *descriptor) describes(e *journal.Entry) bool {
	next, length := e.Base, int64(0)
	for i := range len(d.headers) / record.HeaderSize {
		b := d.header(i)
		if b.Size() < record.HeaderSize || b.BaseOffset() != next || b.LeaderEpoch() != e.Epoch {
			return false
		}
		next, length = b.NextOffset(), length+int64(b.Size())
	}
	return next == e.End && length == d.length
}

// salvage is the batches of an entry that is excused from an offset on: those below it as they were written, of the others the headers
// that were written, and no records. It reports false where one below it is not there, or nothing is excused.
func (a *asked) salvage(e *journal.Entry, from int64) ([]byte, bool) {
	if from >= e.End || !a.d.describes(e) {
		return nil, false
	}
	found := a.found()
	p := make([]byte, a.d.length)
	at := 0
	for i := range len(a.d.headers) / record.HeaderSize {
		header := a.d.header(i)
		to := at + header.Size()
		if header.BaseOffset() < from {
			if b := record.Batch(found[min(at, len(found)):min(to, len(found))]); !headed(b, header) {
				return nil, false
			}
			copy(p[at:to], found[at:])
		}
		copy(p[at:], header)
		at = to
	}
	return p, true
}

// found is what there is of the batches, from the first byte on.
func (a *asked) found() []byte {
	seam := int(a.d.seamSize())
	if len(a.middle) < seam || record.Checksum(a.middle[:seam]) != a.d.seam {
		return nil
	}
	found := slices.Concat(a.head, a.middle[seam:])
	if len(a.middle) == int(a.d.to()-a.d.from()) {
		found = append(found, a.tail...)
	}
	return found
}

// headed reports whether b is the whole batch with that header.
func headed(b, header record.Batch) bool {
	return len(b) == header.Size() && bytes.Equal(b[:record.HeaderSize], header) && b.ComputeCRC() == b.CRC()
}

// replayDirect takes direct batches behind the log's end. What the segment has of it is marked, so that nobody writes it again:
// until the checkpoint of this recovery is durable, a torn rewrite would take what the entry refers to.
func (s *Store) replayDirect(p *Partition, seq uint64, e *journal.Entry, payload []byte, out *event.Buf) {
	for _, g := range s.gone {
		if g.p.tp == p.tp {
			g.step = graveEmpty // its folder went before this one's first file was made: what is there now is wanted
		}
	}
	var d descriptor
	d.take(e.Pos, &fields{p: payload})
	end := p.log.End()
	s.replayAppend(p, seq, e, payload[d.size():], out)
	if p.log.End() == end || p.log.End() != e.End {
		return
	}
	f := p.active()
	if f.base == d.segment && f.size == d.pos+d.length {
		f.direct = append(f.direct, &extent{from: d.from(), to: d.to(), done: true})
		f.submitted, f.durable = max(f.submitted, d.to()), f.size
		s.pass(p, f, out)
		return
	}
	out.Hit("store/direct-moved")
	if old := p.file(d.segment); old != nil {
		old.exact = false // behind damage they moved to a segment of their own; until that is safe, its bytes stay where they are
	}
}
