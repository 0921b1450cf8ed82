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
