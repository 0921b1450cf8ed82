package store

import (
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/log"
	"github.com/highwater-log/highwater/core/record"
)

// checkIndexes holds every index file that a reader would believe to the batches that the log has.
func (w *world) checkIndexes() {
	w.t.Helper()
	for _, p := range w.store.Partitions() {
		for i, f := range p.files {
			g := p.log.Segments()[i]
			file := w.disk.volatile[w.store.path(p, event.FileIndex, f.base)]
			if !f.indexed || file == nil || f.unresolved {
				continue
			}
			x, err := InspectIndex(&SegmentInspection{Base: g.Base, End: g.End, Size: g.Size}, file)
			if err != nil {
				w.disk.probes["test/index-refused"]++
				continue
			}
			w.disk.probes["test/index-believed"]++
			if x.Covers < g.Size {
				w.disk.probes["test/index-of-a-prefix"]++
			}
			data := w.bytesOf(p, f)
			for pos := int64(0); len(data) > 0; {
				b, rest, err := record.Parse(data)
				if err == nil {
					err = x.Batch(b.BaseOffset(), pos, b.MaxTimestamp())
				}
				if err != nil {
					w.fatal("segment %d of partition %d, at byte %d of %d: %v", g.Base, p.tp.Partition, pos, g.Size, err)
				}
				pos, data = pos+int64(len(b)), rest
			}
		}
	}
}

// bytesOf are the bytes of f's segment: those in the file, and those in memory.
func (w *world) bytesOf(p *Partition, f *segfile) []byte {
	data := make([]byte, f.size)
	copy(data[:f.written], w.disk.volatile[w.store.path(p, event.FileSegment, f.base)])
	copy(data[floorBlock(f.written):], f.head)
	p.tail.copyTo(data[f.written:], f, f.written)
	return data
}

// A file is believed where it speaks of the segment's first bytes, or of all, and of nothing else.
func TestDecodeIndex_SpeaksOfAPrefix(t *testing.T) {
	entries := []log.IndexEntry{{Offset: 9, Pos: 1000, MaxTimestamp: 4}, {Offset: 20, Pos: 2500, MaxTimestamp: 4}}
	g := &log.Segment{Base: 5, End: 50, Size: 4000}
	for _, c := range []struct {
		name            string
		base, end, size int64
		entries         int
		good            bool
	}{
		{"the whole", 5, 50, 4000, 2, true},
		{"its beginning", 5, 30, 3000, 2, true},
		{"less of it", 5, 20, 2500, 1, true},
		{"one batch", 5, 9, 1000, 0, true},
		{"nothing", 5, 5, 0, 0, false},
		{"no offsets", 5, 5, 1000, 0, false},
		{"no bytes", 5, 9, 0, 0, false},
		{"another segment", 4, 30, 3000, 2, false},
		{"more offsets", 5, 51, 3000, 2, false},
		{"more bytes", 5, 30, 4001, 2, false},
		{"all offsets in some bytes", 5, 50, 3000, 2, false},
		{"some offsets in all bytes", 5, 30, 4000, 2, false},
		{"an entry at its end", 5, 30, 2500, 2, false},
		{"an entry with its end", 5, 20, 3000, 2, false},
	} {
		file := wrap(magicIndex, encodeIndex(&log.Segment{
			Base: c.base, End: c.end, Size: c.size, Index: log.Index{Entries: entries[:c.entries]},
		}))
		x, size, err := decodeIndex(file, g)
		if (err == nil) != c.good || c.good && (size != c.size || !slices.Equal(x.Entries, entries[:c.entries])) {
			t.Errorf("%s: %d bytes, %v, %v", c.name, size, x.Entries, err)
		}
	}
}

// indexed is a store whose one segment has an index file.
func indexed(t testing.TB, n, size int) *world {
	w := newWorld(t, 3)
	w.cfg.CheckpointAge, w.cfg.SegmentBytes, w.cfg.TailBytes = event.Second*1000, 1<<20, 1<<10
	w.revive()
	w.do(op{kind: "create", tp: testTP(0)})
	for range n {
		w.put(size)
	}
	return w
}

func indexOf(base int64) event.File {
	f := segmentOf(base)
	f.Kind = event.FileIndex
	return f
}

// consume reads everything and returns how many bytes of segments and of index files that took.
func (w *world) consume() (segments, indexes int64) {
	w.disk.watch = func(e *event.Effect) {
		if e.Op == event.OpReadFile && e.File.Kind == event.FileSegment {
			segments += e.Length
		} else if e.Op == event.OpReadFile && e.File.Kind == event.FileIndex {
			indexes += e.Length
		}
	}
	defer func() { w.disk.watch = nil }()
	p := w.store.Get(testTP(0))
	for at := p.Log().Start() + 1; at < p.Log().End(); { // the second offset: the first is found without an index
		d := w.readNow(Read{TP: p.tp, From: at, To: p.Log().End(), Bytes: 64 << 10, Whole: true})
		if d.Code != event.CodeNone || len(d.Batches) == 0 {
			w.fatal("code %d at %d", d.Code, at)
		}
		for _, b := range parsed(w.t, d.Batches) {
			at = b.NextOffset()
		}
		d.Drop(&w.out)
	}
	return segments, indexes
}

// checkLookups asks for every timestamp that there is.
func (w *world) checkLookups() {
	w.t.Helper()
	tp := testTP(0)
	p := w.store.Get(tp)
	for ts := int64(0); ts < 1000; ts += 7 {
		w.cookie++
		w.reads[w.cookie] = Read{TP: tp, From: -1, To: p.Log().End(), Bytes: ts, Cookie: w.cookie}
		w.store.FindTimestamp(tp, ts, p.Log().End(), w.cookie, &w.out)
		for w.turn(); len(w.reads) > 0; {
			w.step()
		}
	}
	w.checkIndexes()
}

// The first reader after a restart fetches what it gives, and the index file; it walks over what came behind the file, which
// is little after a clean stop, and a share of a segment after a crash.
func TestIndex_ARestartScansNothing(t *testing.T) {
	for _, end := range []string{"stop", "crash", "stop after stop", "crash after crash"} {
		w := indexed(t, 300, 1500)
		w.checkpoint()
		if end != "stop" {
			for range 40 {
				w.put(1500)
			}
			w.checkpoint() // this one is too early for another file
		}
		again := func() {
			for range 20 {
				w.put(1500)
			}
		}
		once := func() {
			if end[0] == 's' {
				w.stop()
			} else {
				w.settleDown()
			}
			if w.reopen() != Ready {
				t.Fatal(w.store.Refusal().Text)
			}
		}
		once()
		if len(end) > 5 {
			again() // nobody has read anything
			w.checkpoint()
			once()
		}
		size := w.store.Get(testTP(0)).Log().Active().Size
		walked, indexes := w.consume()
		segments, more := w.consume() // knows the index, and little is in memory
		walked -= segments
		least, most := int64(0), 3*indexWorth*w.cfg.IndexInterval // reads are small here, and each has a batch of the next
		if end[0] == 'c' {
			least, most = 40*1500, 2*w.cfg.SegmentBytes/indexShare
		}
		t.Logf("%s: %d bytes: the first reader reads %d of the segment and %d of the index beside them", end, size, walked, indexes)
		if walked < least || walked > most+2*event.BlockSize || indexes == 0 || indexes > size/20 || more > 0 {
			t.Errorf("%s: %d bytes of the segment, %d of the index, then %d", end, walked, indexes, more)
		}
		w.checkLookups()
	}
}

// Whatever becomes of the file, lookups find what is there.
func TestIndex_IsAHint(t *testing.T) {
	for name, change := range map[string]func(file []byte) []byte{
		"torn":  func(file []byte) []byte { return rot(2000, 2512)(file) },
		"cut":   func(file []byte) []byte { return file[:block] },
		"empty": func(file []byte) []byte { return nil },
		"zeros": func(file []byte) []byte { return make([]byte, len(file)) },
		"foreign": func(file []byte) []byte {
			return wrap(magicIndex, encodeIndex(&log.Segment{Base: 1, End: 9, Size: 4000}))
		},
		"more than there is": func(file []byte) []byte {
			return wrap(magicIndex, encodeIndex(&log.Segment{End: 1 << 30, Size: 1 << 40}))
		},
		"of other batches": func(file []byte) []byte {
			return wrap(magicIndex, encodeIndex(&log.Segment{End: 30, Size: 20000, Index: log.Index{Entries: []log.IndexEntry{
				{Offset: 2, Pos: 1111, MaxTimestamp: 0}, {Offset: 7, Pos: 5555, MaxTimestamp: 10},
			}}}))
		},
	} {
		w := indexed(t, 200, 1500)
		w.stop()
		w.touch(indexOf(0), change)
		if w.reopen() != Ready {
			t.Fatal(w.store.Refusal().Text)
		}
		w.consume()
		if w.disk.probes["store/index-rebuilt"] == 0 {
			t.Errorf("%s: believed", name)
		}
		w.certain = len(w.ops)
		w.verify()
		w.checkLookups()
	}
}

// A segment that a restart found half full has a whole index once it is sealed.
func TestIndex_OfASegmentThatIsSealedAfterARestart(t *testing.T) {
	w := indexed(t, 300, 1500)
	w.stop()
	w.reopen()
	p := w.store.Get(testTP(0))
	for len(p.files) < 2 {
		w.put(1500)
	}
	w.checkpoint()
	for range 100 {
		w.step()
	}
	f, g := p.files[0], &p.log.Segments()[0]
	if !f.settled() || !f.indexed || f.covers != g.Size || len(g.Index.Entries) < int(g.Size/3000) {
		t.Errorf("settled %t, indexed %t, %d bytes of %d, %d entries", f.settled(), f.indexed, f.covers, g.Size, len(g.Index.Entries))
	}
	if w.disk.probes["store/index-rebuilt"] > 0 {
		t.Error("it was walked for that")
	}
	w.checkIndexes()
}

// cutAndGoOn takes an indexed segment back to its beginning and fills it with other batches, so many steps of it.
func cutAndGoOn(w *world, steps int) (over bool) {
	tp := testTP(0)
	left := func() bool { steps--; return steps >= 0 }
	w.do(op{kind: "truncate", tp: tp, to: 0, epoch: w.store.Get(tp).Log().LastEpoch()})
	w.turn()
	for p := w.store.Get(tp); p.Rebuilding(); w.step() {
		if !left() {
			return false
		}
	}
	for range 60 {
		if !left() {
			return false
		}
		w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], 700)})
		w.turn()
		w.step()
		if w.store.ckpt.phase == checkpointIdle && w.rng.Intn(6) == 0 {
			w.store.beginCheckpoint(&w.out)
		}
		w.checkIndexes()
	}
	return true
}

// However far the bytes of a segment have been replaced when the process or the power goes: an index file from before is not
// believed any more, at once or when the segment has grown beyond what that speaks of.
func crashWhileReplaced(t testing.TB, steps int, power bool) (over bool) {
	w := indexed(t, 30, 900)
	w.stop()
	w.reopen()
	if !w.store.Get(testTP(0)).files[0].indexed {
		t.Fatal("no index file is there")
	}
	over = cutAndGoOn(w, steps)
	w.crash(power)
	w.revive()
	w.verify()
	w.checkIndexes()
	tp := testTP(0)
	if w.store.Get(tp).Log().End() > 60 {
		return over // the truncation was lost
	}
	for range 60 {
		w.put(800)
		w.checkIndexes()
	}
	w.checkLookups()
	return over
}

func TestIndex_OfReplacedBytesIsNeverBelieved(t *testing.T) {
	for _, power := range []bool{false, true} {
		steps := 0
		for !crashWhileReplaced(t, steps, power) {
			steps++
		}
		if steps < 60 {
			t.Errorf("%d steps", steps)
		}
	}
}
