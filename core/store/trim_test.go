package store

import (
	"bytes"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// trimming is a store whose log has several segments on the disk, and is to begin in the last but one.
func trimming(t *testing.T) (w *world, to int64) {
	w = filled(t, 40, 3000)
	w.settleDown()
	w.revive()
	w.verify()
	segments := w.store.Get(testTP(0)).Log().Segments()
	if len(segments) < 5 {
		t.Fatalf("%d segments", len(segments))
	}
	return w, segments[len(segments)-2].Base + 1
}

// left counts the files of segments that begin below base and that end below to: those that have to go.
func (w *world) left(to int64) (n int) {
	for f := range w.disk.volatile {
		if (f.Kind == event.FileSegment || f.Kind == event.FileIndex) && f.Base < to-1 {
			n++
		}
	}
	return n
}

// However many steps were made when a process or the power goes: the start is the old one or the new one, the new one
// once it was told, no record at or above it is missing, and in the end the files below it are gone.
func TestTrim_CrashAtEveryStep(t *testing.T) {
	moved, kept := 0, 0
	for _, power := range []bool{false, true} {
		for step := 0; ; step++ {
			w, to := trimming(t)
			w.do(op{kind: "trim", tp: testTP(0), to: to})
			w.turn()
			for range step {
				w.step()
			}
			told := w.store.Get(testTP(0)).Log().Start()
			if told == 0 && w.left(to) < 4 {
				t.Fatalf("after %d steps, files are gone and the log begins at 0", step)
			}
			over := told == to && w.left(to) == 0
			w.crash(power)
			w.revive()
			start := w.store.Get(testTP(0)).Log().Start()
			if start < told {
				t.Fatalf("after %d steps the start %d was told, and is %d after the crash", step, told, start)
			}
			w.verify()
			if moved++; start == 0 {
				moved, kept = moved-1, kept+1
			}
			for range 300 {
				w.step()
			}
			if n := w.left(to); start == to && n > 0 {
				t.Fatalf("crash after %d steps: %d files stay", step, n)
			}
			if over {
				break
			}
		}
	}
	if moved < 4 || kept < 1 {
		t.Errorf("%d crashes behind the record, %d before it: that proves little", moved, kept)
	}
}

// A checkpoint that is taken while the record is on its way covers it: it must speak of the log as it will be.
func TestTrim_IsInTheCheckpointThatCoversIt(t *testing.T) {
	w, to := trimming(t)
	w.do(op{kind: "trim", tp: testTP(0), to: to})
	w.store.beginCheckpoint(&w.out)
	if w.store.ckpt.phase != checkpointWriting {
		t.Fatal("no checkpoint began")
	}
	w.turn()
	for w.store.ckpt.phase != checkpointIdle {
		w.step()
	}
	if start := w.store.Get(testTP(0)).Log().Start(); start != to {
		t.Fatalf("the log begins at %d", start)
	}
	w.crash(true)
	if state := w.reopen(); state != Ready {
		t.Fatal(w.store.Refusal().Text)
	}
	if start := w.store.Get(testTP(0)).Log().Start(); start != to {
		t.Errorf("after the crash, the log begins at %d, want %d", start, to)
	}
	w.certain = len(w.ops)
	w.verify()
}

// trimTo moves the start and waits until it is told.
func (w *world) trimTo(to int64) {
	p := w.store.Get(testTP(0))
	w.store.Trim(p, to, &w.out)
	w.turn()
	for p.Log().Start() < to {
		w.step()
	}
}

// appendOne appends a batch behind the log's end, and waits for it.
func (w *world) appendOne() record.Batch {
	p := w.store.Get(testTP(0))
	b := w.batch(&modelLog{base: p.Log().End()}, 100)
	b.Stamp(p.Log().End(), max(p.Log().LastEpoch(), 0))
	w.store.Append(p, b, &w.out)
	w.turn()
	for p.Log().Flushed() < p.Log().End() {
		w.step()
	}
	return b
}

func TestTrim_BehindTheDamageHealsThePartition(t *testing.T) {
	w := filled(t, 60, 3000)
	w.stop()
	lost := w.store.Get(testTP(0)).Log().Segments()[1]
	name := event.File{Kind: event.FileSegment, Store: event.Shard0, Topic: testTP(0).Topic, Base: lost.Base}
	delete(w.disk.volatile, name)
	delete(w.disk.durable, name)
	if state := w.reopen(); state != Ready {
		t.Fatal(w.store.Refusal().Text)
	}
	p := w.store.Get(testTP(0))
	w.trimTo(lost.End - 1)
	if d := p.Damaged(); len(d) != 1 || d[0].From != lost.End-1 || d[0].To != lost.End {
		t.Fatalf("damage after a start inside it: %+v", d)
	}
	w.trimTo(lost.End)
	if code, why := p.Offline(); code != event.CodeNone {
		t.Fatalf("still offline: %s", why)
	}
	b := w.appendOne()
	w.crash(true)
	if state := w.reopen(); state != Ready {
		t.Fatal(w.store.Refusal().Text)
	}
	if code, why := w.store.Get(testTP(0)).Offline(); code != event.CodeNone {
		t.Fatalf("offline again after a crash: %s", why)
	}
	d := w.readNow(Read{TP: testTP(0), From: b.BaseOffset(), To: b.NextOffset(), Bytes: 1 << 20, Whole: true})
	if !bytes.Equal(bytes.Join(d.Batches, nil), b) {
		t.Errorf("the batch behind the damage: code %d, %d bytes", d.Code, len(d.Batches))
	}
}

// What was lost at the end of a log was promised: no start moves over it unless somebody asks for that, and then the log
// goes on behind it, so that no offset is given twice.
func TestTrim_GivesUpALostEnd(t *testing.T) {
	for _, crash := range []string{"at once", "after an append"} {
		w := filled(t, 12, 200)
		batches := w.model()[testTP(0)].batches
		for range 50 {
			w.step()
		}
		w.crash(false)
		last := batches[11]
		if !w.flip(event.FileChunk, last, 100) {
			t.Fatal("the batch is not in the journal")
		}
		if state := w.reopen(); state != Ready {
			t.Fatal(w.store.Refusal().Text)
		}
		p := w.store.Get(testTP(0))
		if p.Log().End() != last.BaseOffset() || p.Promised() != last.NextOffset() {
			t.Fatalf("the log ends at %d, promised is %d", p.Log().End(), p.Promised())
		}
		w.trimTo(last.NextOffset())
		if code, why := p.Offline(); code != event.CodeNone || p.Log().End() != last.NextOffset() {
			t.Fatalf("the log ends at %d: %s", p.Log().End(), why)
		}
		end := last.NextOffset()
		if crash == "after an append" {
			end = w.appendOne().NextOffset()
		}
		for round := range 2 {
			w.crash(round == 0)
			if state := w.reopen(); state != Ready {
				t.Fatal(w.store.Refusal().Text)
			}
			p = w.store.Get(testTP(0))
			if code, why := p.Offline(); code != event.CodeNone || p.Log().Start() != last.NextOffset() || p.Log().End() != end {
				t.Fatalf("%s, round %d: the log is [%d, %d): %s", crash, round, p.Log().Start(), p.Log().End(), why)
			}
		}
		w.appendOne()
	}
}
