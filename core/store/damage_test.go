package store

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/record"
)

// filled is a ready store with one partition of n batches of size bytes, all flushed.
func filled(t *testing.T, n, size int) *world {
	w := newWorld(t, 3)
	w.cfg.CheckpointAge = event.Second * 1000
	w.revive()
	tp := testTP(0)
	w.do(op{kind: "create", tp: tp})
	for range n {
		for w.store.Room() < int64(size+100) {
			w.turn()
			w.step()
		}
		w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], size)})
		w.turn()
		for p := w.store.Get(tp); p.Log().Flushed() < p.Log().End(); {
			w.step()
		}
	}
	return w
}

// flip inverts one byte of the first place of text in any file of a kind, in both images.
func (w *world) flip(kind event.FileKind, text []byte, at int) bool {
	for f, data := range w.disk.volatile {
		if i := bytes.Index(data, text); f.Kind == kind && i >= 0 {
			w.touch(f, rot(i+at, i+at+1))
			return true
		}
	}
	return false
}

func (w *world) readNow(r Read) ReadDone {
	w.cookie++
	r.Cookie = w.cookie
	d, now := w.store.Read(r, &w.out)
	w.disk.submit(&w.out)
	for !now {
		w.now++
		w.store.OnIO(w.disk.complete(w.now), &w.out)
		w.disk.submit(&w.out)
		for _, x := range w.store.TakeReads() {
			if x.Cookie == r.Cookie {
				d, now = x, true
			}
		}
	}
	return d
}

func TestDamage_RottenJournalBatchIsNamedAndKept(t *testing.T) {
	w := filled(t, 12, 200)
	tp := testTP(0)
	batches := w.model()[tp].batches
	for range 50 { // the seal carries the durable bound over the last batch
		w.step()
	}
	w.crash(false)
	rotten := batches[5]
	if !w.flip(event.FileChunk, rotten, 100) {
		t.Fatal("the batch is not in the journal")
	}
	for round := range 3 {
		if state := w.reopen(); state != Ready {
			t.Fatalf("round %d: %v: %s", round, state, w.store.Refusal().Text)
		}
		p := w.store.Get(tp)
		code, why := p.Offline()
		if code != event.CodeKafkaStorageError || p.Damaged()[0].From != rotten.BaseOffset() || p.Damaged()[0].To != rotten.NextOffset() {
			t.Fatalf("round %d: offline %d: %s, %+v", round, code, why, p.Damaged())
		}
		if w.store.Stats().Wounds == 0 {
			t.Errorf("round %d: damage that was recovered counts as no change", round)
		}
		if p.Log().End() != batches[11].NextOffset() {
			t.Errorf("round %d: what follows the damage is not kept: the log ends at %d", round, p.Log().End())
		}
		d := w.readNow(Read{TP: tp, From: 0, To: p.Log().End(), Bytes: 1 << 20, Whole: true})
		if got := bytes.Join(d.Batches, nil); d.Code != event.CodeNone || !bytes.Equal(got, bytes.Join(raw(batches[:5]), nil)) {
			t.Errorf("round %d: below the damage: code %d, %d bytes", round, d.Code, len(got))
		}
		if d := w.readNow(Read{TP: tp, From: rotten.BaseOffset(), To: p.Log().End(), Bytes: 1 << 20}); d.Code != event.CodeKafkaStorageError {
			t.Errorf("round %d: at the damage: code %d", round, d.Code)
		}
		w.crash(round == 1)
	}
}

func raw(list []record.Batch) (out [][]byte) {
	for _, b := range list {
		out = append(out, b)
	}
	return out
}

func TestDamage_LostFramesHalt(t *testing.T) {
	w := filled(t, 12, 200)
	for range 50 {
		w.step()
	}
	w.crash(false)
	for f := range w.disk.volatile {
		if f.Kind == event.FileChunk {
			w.touch(f, func(p []byte) []byte {
				for at := 0; at < len(p); at += event.BlockSize {
					if at > 0 && at < 9*event.BlockSize {
						clear(p[at : at+64]) // headers of several frames in a row
					}
				}
				return p
			})
		}
	}
	if state := w.reopen(); state != Refused || w.store.Refusal().Code != event.HaltLost {
		t.Errorf("the store is %v: %s", state, w.store.Refusal().Text)
	}
}

func TestDamage_MissingSegmentIsNamed(t *testing.T) {
	w := filled(t, 60, 3000)
	w.stop()
	for f := range w.disk.volatile {
		if f.Kind == event.FileSegment && f.Base > 0 {
			delete(w.disk.volatile, f)
			delete(w.disk.durable, f)
			if state := w.reopen(); state != Ready {
				t.Fatalf("%v: %s", state, w.store.Refusal().Text)
			}
			_, why := w.store.Get(testTP(0)).Offline()
			if from := w.store.Get(testTP(0)).Damaged()[0].From; from != f.Base || !strings.Contains(why, "not in their segment") {
				t.Errorf("damage from %d, lost segment %d: %s", from, f.Base, why)
			}
			return
		}
	}
	t.Fatal("no second segment")
}

func TestRead_RottenSegmentTakesThePartitionOffline(t *testing.T) {
	w := filled(t, 60, 3000)
	w.stop()
	w.reopen()
	tp := testTP(0)
	batches := w.model()[tp].batches
	rotten := batches[10]
	if !w.flip(event.FileSegment, rotten, 2000) {
		t.Fatal("the batch is in no segment")
	}
	d := w.readNow(Read{TP: tp, From: rotten.BaseOffset(), To: batches[59].NextOffset(), Bytes: 1 << 20, Whole: true})
	if d.Code != event.CodeKafkaStorageError || len(d.Batches) > 0 {
		t.Errorf("code %d, %d pieces", d.Code, len(d.Batches))
	}
	if w.disk.probes["store/read-retry"] < readTries-1 {
		t.Error("one bad read is believed")
	}
	if d := w.readNow(Read{TP: tp, From: 0, To: batches[59].NextOffset(), Bytes: 1 << 20, Whole: true}); d.Code != event.CodeNone {
		t.Errorf("below the damage: code %d", d.Code)
	}
	if code, why := w.store.Get(tp).Offline(); code == 0 || !strings.Contains(why, "checksum") {
		t.Errorf("offline %d: %s", code, why)
	}
	if s := w.store.Stats(); s.BadReads < readTries || s.Wounds != 1 {
		t.Errorf("%d bad reads, %d changes of what is damaged", s.BadReads, s.Wounds)
	}
}

func TestRead_OneBadReadIsTriedAgain(t *testing.T) {
	w := filled(t, 60, 3000)
	w.stop()
	w.reopen()
	for range readTries - 1 {
		w.disk.failNext = event.OpReadFile
	}
	batches := w.model()[testTP(0)].batches
	d := w.readNow(Read{TP: testTP(0), From: 0, To: batches[59].NextOffset(), Bytes: 100, Whole: true})
	if d.Code != event.CodeNone || !bytes.Equal(bytes.Join(d.Batches, nil), batches[0]) {
		t.Errorf("code %d, %d pieces", d.Code, len(d.Batches))
	}
}

func TestRead_OfABatchLargerThanAReadIsWholeOrNothing(t *testing.T) {
	w := filled(t, 3, 15000)
	w.stop()
	w.reopen()
	first := w.model()[testTP(0)].batches[0]
	r := Read{TP: testTP(0), From: 0, To: first.NextOffset(), Bytes: 100}
	if d := w.readNow(r); d.Code != event.CodeNone || len(d.Batches) != 0 {
		t.Errorf("not whole: code %d, %d pieces", d.Code, len(d.Batches))
	}
	r.Whole = true
	if d := w.readNow(r); !bytes.Equal(bytes.Join(d.Batches, nil), first) {
		t.Errorf("whole: code %d, %d pieces", d.Code, len(d.Batches))
	}
}

func TestRead_NeverPassesTo(t *testing.T) {
	w := filled(t, 5, 200)
	batches := w.model()[testTP(0)].batches
	d := w.readNow(Read{TP: testTP(0), From: 0, To: batches[2].NextOffset() - 1, Bytes: 1 << 20, Whole: true})
	if want := len(batches[0]) + len(batches[1]); batches[2].LastOffsetDelta() > 0 && len(bytes.Join(d.Batches, nil)) != want {
		t.Errorf("%d bytes, want %d", len(bytes.Join(d.Batches, nil)), want)
	}
	for from, want := range map[int64]event.Code{-1: event.CodeOffsetOutOfRange, batches[4].NextOffset() + 1: event.CodeOffsetOutOfRange} {
		if d := w.readNow(Read{TP: testTP(0), From: from, To: 1 << 40, Bytes: 10}); d.Code != want {
			t.Errorf("from %d: code %d", from, d.Code)
		}
	}
	if d := w.readNow(Read{TP: testTP(9), From: 0, To: 1, Bytes: 10}); d.Code != event.CodeUnknownTopicOrPartition {
		t.Errorf("unknown partition: code %d", d.Code)
	}
}

func TestFailure_OfAWriteIsLatched(t *testing.T) {
	for _, verb := range []event.Op{event.OpWriteFile, event.OpCreateFile, event.OpSyncFs, event.OpSyncFile} {
		w := newWorld(t, 8)
		w.calm = true
		w.revive()
		w.live(30)
		w.disk.failNext = verb
		for range 5000 {
			if w.store.State() == Failed {
				break
			}
			if w.store.State() == Ready {
				w.act()
			}
			w.step()
		}
		if w.store.State() != Failed || w.store.Refusal().Code != event.HaltDisk {
			t.Errorf("operation %d failed, the store is %v", verb, w.store.State())
			continue
		}
		flushed := w.certain
		for len(w.disk.flying) > 0 {
			w.step()
		}
		if w.store.State() != Failed || w.certain != flushed || w.store.Room() != 0 {
			t.Errorf("operation %d failed, and things go on", verb)
		}
		w.crash(true)
		w.revive()
		w.verify()
	}
}

func TestHighWater_IsKnownAfterRestart(t *testing.T) {
	w := filled(t, 5, 200)
	w.store.HighWater(w.store.Get(testTP(0)), 4, &w.out)
	w.do(op{kind: "append", tp: testTP(0), batch: w.batch(w.model()[testTP(0)], 100)})
	w.turn()
	for p := w.store.Get(testTP(0)); p.Log().Flushed() < p.Log().End(); {
		w.step()
	}
	w.crash(true)
	w.revive()
	if hw := w.store.Get(testTP(0)).HighWater(); hw != 4 {
		t.Errorf("high watermark %d", hw)
	}
}

// What a power cut may tear as it is written, while a twin serves, is no damage; the copy that the hard state counts on is.
func TestInspect_ATornCopyIsNoDamage(t *testing.T) {
	spoil := func(p []byte) []byte {
		p = bytes.Clone(p)
		p[len(p)/2] ^= 1
		p[40] ^= 1
		return p
	}
	w := lived(t, 150)
	w.checkpoint()
	newest := judge(w.files().evidence(&Store{cfg: Config{Machine: event.Shard0, SegmentBytes: 1 << 62, IndexInterval: 4096}})).copy
	for name, tc := range map[string]struct {
		change func(f *Files)
		damage bool
	}{
		"the older copy":            {func(f *Files) { f.Checkpoints[1-newest] = spoil(f.Checkpoints[1-newest]) }, false},
		"the newest copy":           {func(f *Files) { f.Checkpoints[newest] = spoil(f.Checkpoints[newest]) }, true},
		"a slot of the hard state":  {func(f *Files) { f.Hard = append(spoil(f.Hard[:slotSize]), f.Hard[slotSize:]...) }, false},
		"both of the hard state":    {func(f *Files) { f.Hard = append(spoil(f.Hard[:slotSize]), spoil(f.Hard[slotSize:])...) }, true},
		"the newest and the oldest": {func(f *Files) { f.Checkpoints = [2][]byte{spoil(f.Checkpoints[0]), spoil(f.Checkpoints[1])} }, true},
	} {
		f := w.files()
		tc.change(f)
		in := Inspect(f)
		if (len(in.Findings) > 0) != tc.damage || !tc.damage && len(in.Notes) == 0 {
			t.Errorf("%s: findings %+v, notes %+v", name, in.Findings, in.Notes)
		}
	}
}

func TestInspect_SeesWhatARecoverySees(t *testing.T) {
	w := lived(t, 150)
	in := Inspect(w.files())
	if len(in.Findings) > 0 {
		t.Fatalf("findings: %+v", in.Findings)
	}
	m := w.model()
	if len(in.Partitions) != len(m) {
		t.Fatalf("%d partitions, want %d", len(in.Partitions), len(m))
	}
	for _, p := range in.Partitions {
		var got []BatchInspection
		for i := range p.Segments {
			batches, findings := InspectSegment(&p.Segments[i], w.disk.durable[p.Segments[i].File])
			if len(findings) > 0 {
				t.Errorf("partition %d: %+v", p.TP.Partition, findings)
			}
			got = append(got, batches...)
		}
		got = append(got, p.Journal...)
		want := m[p.TP].batches
		for len(want) > 0 && want[0].NextOffset() <= p.Segments[0].Base {
			want = want[1:]
		}
		if len(got) != len(want) || p.End != m[p.TP].end() || p.Start != m[p.TP].start {
			t.Fatalf("partition %d: %d batches, end %d, want %d, end %d", p.TP.Partition, len(got), p.End, len(want), m[p.TP].end())
		}
		for i, b := range got {
			if b.Base != want[i].BaseOffset() || b.Bytes != len(want[i]) {
				t.Errorf("partition %d: batch %d is %+v", p.TP.Partition, i, b)
			}
		}
		for _, b := range p.Journal {
			if b.Seq == 0 {
				t.Errorf("partition %d: [%d, %d) is in no frame", p.TP.Partition, b.Base, b.Next)
			}
		}
	}
}

// A seal says nothing but how far the journal is durable. Where the checkpoint has everything before it, its loss costs
// nothing: the store must not refuse to start for it.
func TestDamage_RottenSealBehindTheCheckpointCostsNothing(t *testing.T) {
	for _, end := range []string{"clean stop", "power cut"} {
		w := filled(t, 12, 200)
		w.now += event.Second
		for range 50 {
			w.step()
		}
		if !w.store.journal.Idle() {
			t.Fatal("the journal is not sealed")
		}
		if end == "clean stop" {
			w.stop()
		} else {
			w.checkpoint()
			w.certain = len(w.ops)
			w.crash(true)
		}
		rotted := false
		for _, f := range journal.Scan(w.cfg.Secret, w.chunks()) {
			if len(f.Entries) == 1 && f.Entries[0].Kind == journal.EntrySeal {
				w.touch(event.File{Kind: event.FileChunk, Store: w.cfg.Machine, Base: f.Chunk}, rot(int(f.Offset), int(f.Offset)+64))
				rotted = true
			}
		}
		if !rotted {
			t.Fatal("there is no seal")
		}
		if state := w.reopen(); state != Ready {
			t.Errorf("%s: the store is %v: %s", end, state, w.store.Refusal().Text)
			continue
		}
		w.verify()
	}
}

// checkpoint makes one now, and waits for its end.
func (w *world) checkpoint() {
	w.store.beginCheckpoint(&w.out)
	for w.turn(); w.store.ckpt.phase != checkpointIdle; {
		w.step()
	}
}

// files are what an offline reader finds on the disk.
func (w *world) files() *Files {
	f := &Files{Machine: event.Shard0, Hard: w.disk.durable[hardFile], Sidecar: w.disk.durable[sidecarFile]}
	for i := range 2 {
		f.Checkpoints[i] = w.disk.durable[checkpointFile(int64(i))]
	}
	for file, data := range w.disk.durable {
		if file.Kind == event.FileChunk {
			f.Chunks = append(f.Chunks, journal.ChunkImage{Number: file.Base, Data: data})
		}
	}
	f.Partitions = 1
	f.Segment = func(file event.File, at, n int64) ([]byte, error) {
		data := w.disk.durable[file]
		return data[min(at, int64(len(data))):min(at+n, int64(len(data)))], nil
	}
	return f
}

// chunks are the images of the journal's files.
func (w *world) chunks() (list []journal.ChunkImage) {
	for f, data := range w.disk.volatile {
		if f.Kind == event.FileChunk {
			list = append(list, journal.ChunkImage{Number: f.Base, Data: data})
		}
	}
	return list
}

// A journal that is wiped, or put back as it was before something that the hard state knows of, has lost what was
// acknowledged since: that the checkpoint needs none of its frames, or that there was none yet, does not make it whole (J8).
func TestDamage_AnOlderJournalIsLost(t *testing.T) {
	more := func(w *world) {
		for range 6 {
			w.do(op{kind: "append", tp: testTP(0), batch: w.batch(w.model()[testTP(0)], 100)})
			w.turn()
			for !w.store.journal.Idle() {
				w.step()
			}
		}
	}
	checkpoint := func(w *world) { more(w); w.checkpoint(); more(w) }
	restart := func(w *world) { w.crash(false); w.reopen(); more(w) }
	bound := func(w *world) {
		more(w)
		for w.now = w.store.boundAt; w.store.Hard().Super.Durable+1 < w.store.journal.Durable(); {
			w.step()
		}
	}
	for _, x := range []struct {
		name  string
		since func(*world)
		wiped bool
	}{
		{"wiped behind a checkpoint", checkpoint, true},
		{"older than a checkpoint", checkpoint, false},
		{"wiped behind a start", restart, true},
		{"older than a start", restart, false},
		{"wiped behind a saved bound", bound, true},
		{"older than a saved bound", bound, false},
	} {
		w := filled(t, 12, 200)
		before := map[event.File][]byte{}
		for f, data := range w.disk.volatile {
			before[f] = bytes.Clone(data)
		}
		x.since(w)
		w.crash(true)
		for f := range w.disk.volatile {
			if f.Kind != event.FileChunk {
				continue
			}
			w.touch(f, func(p []byte) []byte {
				if x.wiped {
					clear(p)
					return p
				}
				return bytes.Clone(before[f])
			})
		}
		if state := w.reopen(); state != Refused || w.store.Refusal().Code != event.HaltLost {
			t.Errorf("%s: the store is %v: %s", x.name, state, w.store.Refusal().Text)
		}
	}
}

// Each of the two frames that an incarnation begins with may rot, and nothing is lost: they hold nothing.
func TestDamage_ARottenProofCostsNothing(t *testing.T) {
	for i := range proofs {
		w := newWorld(t, 3)
		w.revive()
		w.crash(false)
		w.touch(event.File{Kind: event.FileChunk, Store: event.Shard0}, rot(i*event.BlockSize, i*event.BlockSize+64))
		if state := w.reopen(); state != Ready {
			t.Errorf("proof %d: the store is %v: %s", i, state, w.store.Refusal().Text)
		}
	}
}

// A block of the ring that cannot be read costs nothing where no frame could be: not at the start that meets it, nor at the next
// one, when it may lie right behind the first frames of the new incarnation.
func TestDamage_AnUnreadableBlockOfTheRingCostsOneStartAtMost(t *testing.T) {
	rewritten := 0
	for chunk := range int64(2) {
		for off := int64(0); off < smallConfig().ChunkSize; off += event.BlockSize {
			w := filled(t, 12, 200)
			w.crash(false)
			file := event.File{Kind: event.FileChunk, Store: event.Shard0, Base: chunk}
			w.disk.unread = map[spot]bool{{file, off}: true}
			if w.reopen() != Ready {
				continue // a frame could have been there
			}
			w.crash(false)
			if state := w.reopen(); state != Ready {
				t.Errorf("chunk %d at %d: the second start is %v: %s", chunk, off, state, w.store.Refusal().Text)
			}
			if len(w.disk.unread) == 0 {
				rewritten++
			}
		}
	}
	if rewritten == 0 {
		t.Error("no such block was written")
	}
}

// The partial last block is the one that is written again. Where the file has other bytes than the checkpoint saw, and the
// journal has none, the log is not continued on them.
func TestDamage_RottenPartialBlockIsNotContinued(t *testing.T) {
	w := filled(t, 3, 200)
	last := w.model()[testTP(0)].batches[2]
	w.stop()
	if !w.flip(event.FileSegment, last, 100) {
		t.Fatal("the batch is not in its segment")
	}
	if state := w.reopen(); state != Ready {
		t.Fatalf("the store is %v: %s", state, w.store.Refusal().Text)
	}
	if code, why := w.store.Get(testTP(0)).Offline(); code != event.CodeKafkaStorageError {
		t.Errorf("the partition is online: %s", why)
	}
}

// A deletion whose record never became durable has not happened: whatever checkpoint was under way, and whatever was ordered
// meanwhile, the partition is whole.
func TestDelete_ThatIsNotRecordedLeavesThePartitionWhole(t *testing.T) {
	for seed := range int64(20) {
		w := filled(t, 12, 200)
		w.disk.rng.Seed(seed)
		for !w.store.journal.Idle() {
			w.step()
		}
		if seed%2 == 0 {
			w.checkpoint() // the partition's only copy is in its files
		}
		w.store.beginCheckpoint(&w.out)
		w.turn()
		w.certain = len(w.ops)
		w.do(op{kind: "delete", tp: testTP(0)})
		w.turn()
		var record flyingOp
		for i, x := range w.disk.flying {
			if x.effect.File.Kind == event.FileChunk {
				record = x
				w.disk.flying = slices.Delete(w.disk.flying, i, i+1)
				break
			}
		}
		if record.effect.Data == nil {
			t.Fatal("the record of the deletion is not under way")
		}
		for len(w.disk.flying) > 0 {
			w.step()
		}
		w.disk.flying = nil
		w.crash(true)
		if state := w.reopen(); state != Ready {
			t.Fatalf("seed %d: the store is %v: %s", seed, state, w.store.Refusal().Text)
		}
		w.verify()
	}
}
