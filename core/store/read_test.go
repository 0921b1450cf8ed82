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

// A read that may not exceed its bytes passes over a batch that is larger than them, if that lies before what it wants. Between
// what was indexed before a restart and after it, the floor of a read may lie so far back that it meets one unfinished.
func TestRead_PassesOverALargeBatch(t *testing.T) {
	w := filled(t, 1, 1100)
	w.cfg.TailBytes = 0
	w.put(900)
	w.stop()
	w.reopen()
	w.put(800)
	w.put(20)
	w.put(800)
	w.checkpoint()
	tp := testTP(0)
	for _, b := range w.model()[tp].batches {
		d := w.readNow(Read{TP: tp, From: b.BaseOffset(), To: w.store.Get(tp).Log().End(), Bytes: 100})
		if got := len(d.Batches); d.Code != event.CodeNone || (got > 0) != (len(b) <= 100) {
			t.Errorf("from %d, where a batch of %d bytes is: code %d, %d pieces", b.BaseOffset(), len(b), d.Code, got)
		}
		d.Drop(&w.out)
	}
}
