package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/log"
	"github.com/highwater-log/highwater/core/record"
)

// Files are the bytes of a store's small files and journal, as an offline reader found them. Whoever reads a directory
// without a broker hands them in; nothing here touches a file.
type Files struct {
	Machine     event.Machine
	Hard        []byte
	Sidecar     []byte
	Checkpoints [2][]byte
	Chunks      []journal.ChunkImage
	Partitions  int  // folders in topics
	Foreign     bool // the store's own folder has entries that no store makes
	// Segment reads n bytes of a segment's file, as many as there are: what direct entries of the journal refer to.
	Segment func(file event.File, at, n int64) ([]byte, error)
}

// Inspection is what a store would recover from its files, before it has looked into any segment.
type Inspection struct {
	Hard       Hard
	Checkpoint uint64 // generation of the checkpoint used, 0 for none
	From       uint64 // first frame that the checkpoint does not cover
	Frames     int    // journal frames behind it
	Torn       bool
	Partitions []PartitionInspection
	Findings   []Finding
	// Notes are slots and copies that a power cut may have torn while they were written: their twins serve. Rot of a slot looks
	// the same.
	Notes []Finding
}

// PartitionInspection is one partition as it would be recovered.
type PartitionInspection struct {
	TP        event.TP
	Start     int64
	End       int64
	HighWater int64
	Epochs    []log.EpochEntry
	Segments  []SegmentInspection
	Journal   []BatchInspection // batches that only the journal vouches for, in offset order
	Damage    []Damage
}

// SegmentInspection is one segment: its first Written bytes are vouched for by the checkpoint and must be in File.
type SegmentInspection struct {
	File      event.File
	Base, End int64
	Size      int64
	Written   int64
	Index     bool // an index file is one of this segment; otherwise a start removes it
}

// BatchInspection is one batch and where it lies: in the journal frame Seq, or at byte Pos of its segment's file.
type BatchInspection struct {
	Base, Next int64
	Epoch      int32
	Records    int32
	Bytes      int
	Segment    int64
	Pos        int64
	Seq        uint64
}

// Finding is something wrong, and where.
type Finding struct {
	File event.File
	Pos  int64
	Text string
}

// Inspect judges and replays the files like a store that opens them.
func Inspect(f *Files) *Inspection {
	in := &Inspection{}
	s := &Store{cfg: Config{Machine: f.Machine, SegmentBytes: 1 << 62, TailBytes: 1 << 62, IndexInterval: 4096}}
	e := f.evidence(s)
	v := judge(e)
	in.small(s, e, &v)
	if v.refusal != nil {
		in.find(s.dir(event.DirStore), 0, v.refusal.Text)
		return in
	}
	in.Hard = v.hard
	if v.format {
		return in
	}
	if v.image != nil {
		in.Checkpoint, in.From = v.image.generation, v.image.seq
		s.load(v.image)
	}
	written := in.written(s)
	rec := journal.Judge(v.hard.Super, in.From, f.Chunks)
	f.direct(s, rec)
	in.Frames, in.Torn = len(rec.Frames), rec.Torn
	if rec.Lost != "" {
		in.find(s.dir(event.DirJournal), 0, rec.Lost)
	}
	for _, d := range rec.Damage {
		in.find(s.dir(event.DirJournal), 0, fmt.Sprintf("frame %d: %v of %s-%d [%d, %d): %s",
			d.Seq, d.Entry.Kind, d.Entry.TP.Topic, d.Entry.TP.Partition, d.Entry.Base, d.Entry.End, d.Why))
	}
	if why := s.replay(rec, &event.Buf{}); why != "" {
		in.find(s.dir(event.DirJournal), 0, why)
	}
	frames := places(rec)
	for _, p := range s.parts {
		in.Partitions = append(in.Partitions, s.inspect(p, frames, written))
	}
	return in
}

// direct takes the verdict over direct entries to its end, like a recovery.
func (f *Files) direct(s *Store, rec *journal.Recovery) {
	list := s.askDirect(rec)
	for i := range list {
		a := &list[i]
		if a.why != "" {
			continue
		}
		file := a.d.file(f.Machine, rec.Frames[a.frame].Entries[a.entry].TP)
		data, err := f.Segment(file, a.d.from(), a.d.to()-a.d.from())
		if a.middle = data; err != nil {
			a.why, a.unread = fmt.Sprintf("read %s at %d: %v", file.Path(), a.d.from(), err), true
		}
	}
	s.judgeDirect(rec, list, &event.Buf{})
}

// evidence decodes the small files.
func (f *Files) evidence(s *Store) *evidence {
	e := &evidence{dir: s.dir(event.DirStore).Path(), chunks: len(f.Chunks), partitions: f.Partitions, foreignHere: f.Foreign}
	for i := range 2 {
		h, c := &e.hard[i], &e.side[i]
		h.value, h.save, h.err = decodeHard(slotAt(f.Hard, i))
		c.value, c.err = decodeSidecar(slotAt(f.Sidecar, i))
		c.save = c.value.generation
		e.images[i].image, e.images[i].err = decodeImage(s.settings(), f.Checkpoints[i])
	}
	return e
}

// small tells what is wrong with the small files. A slot is written while its twin serves, and a checkpoint copy while the
// hard state counts on the other one: in a directory that is not refused, a bad slot, or a bad copy that nothing counts on, is
// what a torn write leaves.
func (in *Inspection) small(s *Store, e *evidence, v *verdict) {
	tell := func(torn bool, file event.File, slot int, err error) {
		found := Finding{File: file, Pos: int64(slot) * slotSize}
		switch {
		case err == nil:
		case torn:
			found.Text = err.Error() + ": torn as it was written, or damaged; the other one serves"
			in.Notes = append(in.Notes, found)
		default:
			found.Text = err.Error()
			in.Findings = append(in.Findings, found)
		}
	}
	served := v.refusal == nil && !v.format
	for i := range 2 {
		tell(served, s.dir(event.FileHardState), i, e.hard[i].err)
		tell(served, s.dir(event.FileSidecar), i, e.side[i].err)
		if err := e.images[i].err; !errors.Is(err, errNothing) {
			file := s.dir(event.FileCheckpoint)
			file.Base = int64(i)
			tell(served && !v.older, file, 0, err)
		}
	}
}

func (in *Inspection) find(file event.File, pos int64, text string) {
	in.Findings = append(in.Findings, Finding{File: file, Pos: pos, Text: text})
}

// vouched is how much of a segment the checkpoint vouches for.
type vouched struct {
	tp    event.TP
	base  int64
	bytes int64
}

func (v vouched) compare(w vouched) int {
	return cmp.Or(v.tp.Compare(w.tp), cmp.Compare(v.base, w.base))
}

// written lists what the checkpoint vouches for, sorted.
func (in *Inspection) written(s *Store) (list []vouched) {
	for _, p := range s.parts {
		for _, f := range p.files {
			list = append(list, vouched{p.tp, f.base, f.written})
		}
	}
	return list
}

// inspect describes p after the replay.
func (s *Store) inspect(p *Partition, frames []placed, written []vouched) PartitionInspection {
	x := PartitionInspection{
		TP: p.tp, Start: p.log.Start(), End: p.log.End(), HighWater: p.hw, Epochs: p.log.Epochs(), Damage: p.damage,
	}
	for i, f := range p.files {
		g := p.log.Segments()[i]
		n, found := slices.BinarySearchFunc(written, vouched{tp: p.tp, base: f.base}, vouched.compare)
		seg := SegmentInspection{File: s.path(p, event.FileSegment, f.base), Base: g.Base, End: g.End, Size: g.Size, Index: f.speaks()}
		if found {
			seg.Written = min(written[n].bytes, g.Size)
		}
		x.Segments = append(x.Segments, seg)
	}
	for _, b := range p.tail.live() {
		y := describe(b.batch)
		y.Segment, y.Pos, y.Seq = b.file.base, b.pos, frameOf(frames, p.tp, b.base)
		x.Journal = append(x.Journal, y)
	}
	return x
}

// placed is a batch's, or a run of batches', frame.
type placed struct {
	tp        event.TP
	base, end int64
	seq       uint64
}

// places lists what the frames hold, sorted by partition and offset, later frames first.
func places(rec *journal.Recovery) (list []placed) {
	for i := range rec.Frames {
		for _, e := range rec.Frames[i].Entries {
			if holdsBatches(e.Kind) {
				list = append(list, placed{e.TP, e.Base, e.End, rec.Frames[i].Seq})
			}
		}
	}
	slices.SortFunc(list, func(a, b placed) int {
		return cmp.Or(a.tp.Compare(b.tp), cmp.Compare(a.base, b.base), cmp.Compare(b.seq, a.seq))
	})
	return list
}

// frameOf is the frame that has the batch at base: the last one, where a truncation took an earlier one back.
func frameOf(list []placed, tp event.TP, base int64) uint64 {
	n, found := slices.BinarySearchFunc(list, base, func(x placed, base int64) int {
		return cmp.Or(x.tp.Compare(tp), cmp.Compare(x.base, base))
	})
	if !found {
		return 0
	}
	return list[n].seq
}

func describe(b record.Batch) BatchInspection {
	return BatchInspection{
		Base: b.BaseOffset(), Next: b.NextOffset(), Epoch: b.LeaderEpoch(), Records: b.Count(), Bytes: len(b),
	}
}

// InspectSegment walks the bytes that the checkpoint vouches for, at most seg.Written, verifies each batch and says where
// the first one is that is not as it should be. data are the file's bytes from its beginning. A batch that goes on behind
// seg.Written is the journal's to finish.
func InspectSegment(seg *SegmentInspection, data []byte) (batches []BatchInspection, findings []Finding) {
	if int64(len(data)) < seg.Written {
		findings = append(findings, Finding{seg.File, int64(len(data)), fmt.Sprintf("the file ends, %d bytes are missing", seg.Written-int64(len(data)))})
	}
	data = data[:min(int64(len(data)), seg.Written)]
	pos, next := int64(0), seg.Base
	for len(data) > 0 {
		b, rest, err := record.Parse(data)
		if err == nil {
			err = record.Verify(b)
		}
		if err == nil && b.BaseOffset() != next {
			err = fmt.Errorf("offset %d where %d is next", b.BaseOffset(), next)
		}
		if err != nil {
			return batches, append(findings, Finding{seg.File, pos, err.Error()})
		}
		y := describe(b)
		y.Segment, y.Pos = seg.Base, pos
		batches = append(batches, y)
		pos, next, data = pos+int64(len(b)), b.NextOffset(), rest
	}
	return batches, findings
}
