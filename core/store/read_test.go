package store

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// TestRead_FetchesLittleMoreThanItIsAskedFor catches up over a log that lies on the disk. Reading on where the next batch finds no
// room would cost each byte twice.
func TestRead_FetchesLittleMoreThanItIsAskedFor(t *testing.T) {
	w := filled(t, 120, 1500)
	w.settleDown()
	w.reopen()
	fetched := int64(0)
	w.disk.watch = func(e *event.Effect) {
		if e.Op == event.OpReadFile && e.File.Kind == event.FileSegment {
			fetched += e.Length
		}
	}
	tp, asked, reads, at := testTP(0), int64(5<<10), int64(0), int64(0)
	for end := w.store.Get(tp).Log().End(); at < end; reads++ {
		d := w.readNow(Read{TP: tp, From: at, To: end, Bytes: asked, Whole: true})
		if d.Code != event.CodeNone || len(d.Batches) == 0 {
			t.Fatalf("code %d at %d of %d", d.Code, at, end)
		}
		for _, b := range parsed(t, d.Batches) {
			at = b.NextOffset()
		}
		d.Drop(&w.out)
	}
	// The floor of the index, the header of the batch that finds no room, and blocks at both ends.
	if most := reads * (asked + w.cfg.IndexInterval + record.HeaderSize + 2*event.BlockSize); reads < 30 || fetched > most {
		t.Errorf("%d reads of %d bytes fetched %d, more than %d", reads, asked, fetched, most)
	}
}

// TestRead_PassesOverBatchesThatFindNoRoom begins behind a batch that is larger than the whole answer may be: that one is passed
// over on the way from the index, and takes no room.
func TestRead_PassesOverBatchesThatFindNoRoom(t *testing.T) {
	w := filled(t, 1, 200)
	w.cfg.IndexInterval, w.cfg.TailBytes, w.cfg.SegmentBytes, w.cfg.MaxReadBytes = 1<<20, 0, 1<<20, 4096
	w.settleDown()
	w.reopen()
	tp := testTP(0)
	for _, size := range []int{9000, 300, 300} {
		w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], size)})
		w.turn()
		for p := w.store.Get(tp); p.Log().Flushed() < p.Log().End(); {
			w.step()
		}
	}
	w.settleDown()
	w.reopen()
	log := w.store.Get(tp).Log()
	for from := log.Start(); from < log.End(); from++ {
		d := w.readNow(Read{TP: tp, From: from, To: log.End(), Bytes: 2000})
		if large := w.model()[tp].batches[1]; len(d.Batches) == 0 && from >= large.NextOffset() {
			t.Errorf("a read from %d on gets nothing", from)
		}
		d.Drop(&w.out)
	}
}
