package store

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/record"
)

const block = event.BlockSize

// Write-behind stops at a direct write, goes at once where no more can come before it, and goes on behind it.
func TestNextWrite_StopsAtDirectWrites(t *testing.T) {
	one := []*extent{{from: 4 * block, to: 6 * block}}
	for _, c := range []struct {
		name     string
		f        segfile
		from, to int64
		ok       bool
	}{
		{"nothing is durable", segfile{size: 4 * block, direct: one}, 0, 0, false},
		{"less than the threshold, and more may come", segfile{size: 7 * block, durable: 3 * block, direct: one}, 0, 0, false},
		{"all before it is there", segfile{size: 7 * block, durable: 4 * block, direct: one}, 0, 4 * block, true},
		{"all of it counts", segfile{size: 7 * block, durable: 7 * block, written: block, direct: one}, block, 4 * block, true},
		{"nothing is between", segfile{size: 7 * block, durable: 7 * block, written: 4 * block, direct: one}, 4 * block, 4 * block, false},
		{"a checkpoint wants a part of a block", segfile{size: 7 * block, durable: block + 9, target: block + 9, direct: one}, 0, block + 9, true},
		{"a checkpoint wants what is behind", segfile{size: 7 * block, durable: 7 * block, target: 7 * block, direct: one}, 0, 4 * block, true},
		{"the block before it is in the file in part", segfile{size: 7 * block, durable: 4*block - 9, written: 3*block + 9, direct: one}, 3 * block, 0, false},
		{"and is written again", segfile{size: 7 * block, durable: 5 * block, written: 3*block + 9, direct: one}, 3 * block, 4 * block, true},
		{"none", segfile{size: 9 * block, durable: 9*block - 1}, 0, 8 * block, true},
	} {
		from, to, ok := c.f.nextWrite(8 * block)
		if ok != c.ok || ok && (from != c.from || to != c.to) {
			t.Errorf("%s: [%d, %d) %t, want [%d, %d) %t", c.name, from, to, ok, c.from, c.to, c.ok)
		}
	}
}

// The books of a file of whole random histories: every byte below written is in the file, as the log has it, and no block is
// written twice unless a part of it was asked for before.
func TestExtents_BooksAreTheFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &segfile{base: 7}
		tl := &tail{}
		var logged []byte                      // what the log has
		file := make([]byte, 200*block)        // what the file has
		var flying []*extent                   // direct writes under way
		tapped := func(n int64) { f.size = n } // readable
		write := func(from, to int64) {
			copy(file[from:ceilBlock(to)], append(slices.Clone(logged[from:to]), make([]byte, ceilBlock(to)-to)...))
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1: // an append, direct if it can be
				n := rapid.IntRange(1, 4*block).Draw(t, "bytes")
				b := bytes.Repeat([]byte{byte(len(tl.list) + 1)}, n)
				pos := f.size
				logged = append(logged, b...)
				tl.push(tailBatch{base: int64(len(tl.list)), next: int64(len(tl.list) + 1), file: f, pos: pos, batch: b})
				tapped(f.size + int64(n))
				d := descriptor{pos: pos, length: int64(n)}
				if f.submitted > floorBlock(pos) {
					d.head = ceilBlock(pos) - pos
				}
				if d.to() >= d.from()+block && rapid.Bool().Draw(t, "direct") {
					flying = append(flying, f.claim(d.from(), d.to()))
				}
			case 2: // a direct write ends
				if len(flying) > 0 {
					i := rapid.IntRange(0, len(flying)-1).Draw(t, "which")
					write(flying[i].from, flying[i].to)
					flying[i].done = true
					flying = slices.Delete(flying, i, i+1)
				}
			case 3: // some of it becomes durable
				f.durable = rapid.Int64Range(f.durable, f.size).Draw(t, "durable")
			case 4: // a checkpoint
				f.target = f.size
			case 5: // write-behind, whole
				if from, to, ok := f.nextWrite(2 * block); ok {
					for _, x := range f.direct {
						if from < x.to && x.from < ceilBlock(to) {
							t.Fatalf("write-behind of [%d, %d) over a direct write of [%d, %d)", from, to, x.from, x.to)
						}
					}
					write(from, to)
					f.submitted = max(f.submitted, to)
					f.head = slices.Clone(logged[floorBlock(to):to])
					f.written = to
				}
			}
			f.pass(tl, f.durable)
			if f.written > f.durable || !bytes.Equal(file[:f.written], logged[:f.written]) {
				t.Fatalf("written %d of %d, durable %d: the file has other bytes", f.written, f.size, f.durable)
			}
			if want := logged[floorBlock(f.written):f.written]; !bytes.Equal(f.head, want) {
				t.Fatalf("head of %d bytes, want %d", len(f.head), len(want))
			}
		}
		// Everything that counts reaches the file in the end.
		for _, x := range flying {
			write(x.from, x.to)
			x.done = true
		}
		f.durable, f.target = f.size, f.size
		for f.pass(tl, f.durable); f.written < f.size; f.pass(tl, f.durable) {
			from, to, ok := f.nextWrite(2 * block)
			if !ok {
				t.Fatalf("written %d of %d, and nothing to write", f.written, f.size)
			}
			write(from, to)
			f.head, f.written = slices.Clone(logged[floorBlock(to):to]), to
		}
		if !bytes.Equal(file[:f.size], logged) {
			t.Fatal("the file has other bytes than the log")
		}
	})
}

func TestDescriptor_RoundTripsAndRefuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := descriptor{
			segment: rapid.Int64Min(0).Draw(t, "segment"), pos: rapid.Int64Range(0, 5*block).Draw(t, "pos"),
			length: rapid.Int64Range(3*block, 6*block).Draw(t, "length"),
		}
		d.headers = bytes.Repeat(rapid.SliceOfN(rapid.Byte(), record.HeaderSize, record.HeaderSize).Draw(t, "header"), rapid.IntRange(1, 150).Draw(t, "batches"))
		if rapid.Bool().Draw(t, "head inline") {
			d.head = ceilBlock(d.pos) - d.pos
		}
		batch := rapid.SliceOfN(rapid.Byte(), int(d.length), int(d.length)).Draw(t, "batch")
		seam := bytes.Repeat([]byte{9}, int(d.seamSize()))
		d.sum, d.seam = record.Checksum(batch), record.Checksum(seam)
		payload := slices.Concat(d.appendTo(nil), d.headers, batch[:d.head], batch[d.to()-d.pos:])
		got, head, tail, err := readDescriptor(d.pos, payload)
		if err != nil || !reflect.DeepEqual(got, d) {
			t.Fatalf("wrote %+v, read %+v, %v", d, got, err)
		}
		middle := append(slices.Clone(seam), batch[d.head:d.to()-d.pos]...)
		if b, ok := got.assemble(head, middle, tail); !ok || !bytes.Equal(b, batch) {
			t.Fatal("the batch is not put together")
		}
		middle[rapid.IntRange(0, len(middle)-1).Draw(t, "flipped")] ^= 0x10
		if _, ok := got.assemble(head, middle, tail); ok {
			t.Fatal("other bytes are believed")
		}
		if _, ok := got.assemble(head, middle[:len(middle)-1], tail); ok {
			t.Fatal("a short middle is believed")
		}
		cut := rapid.IntRange(0, len(payload)-1).Draw(t, "cut")
		if _, _, _, err := readDescriptor(d.pos, payload[:cut]); err == nil {
			t.Fatalf("%d of %d bytes are believed", cut, len(payload))
		}
	})
}

// laid is a ready store with one partition of n batches that went direct, each in a frame of its own, all flushed.
func laid(t testing.TB, n int, change func(*Config)) *world {
	w := newWorld(t, 3)
	w.cfg.CheckpointAge, w.cfg.CheckpointAt, w.cfg.SegmentBytes = event.Second*1000, 100, 1<<20
	w.cfg.DirectBytes, w.cfg.DirectWrites = block, 4
	change(&w.cfg)
	w.revive()
	tp := testTP(0)
	w.do(op{kind: "create", tp: tp})
	p := w.store.Get(tp)
	w.put(5000) // through the journal: the file has to be made first
	for !p.active().rooted {
		w.step()
	}
	for range n {
		before := len(p.active().direct) + int(p.active().submitted)
		w.put(9000)
		if len(p.active().direct)+int(p.active().submitted) == before {
			t.Fatal("the batch went through the journal")
		}
	}
	return w
}

// put appends a batch of about size bytes and waits until it counts.
func (w *world) put(size int) {
	tp := testTP(0)
	w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], size)})
	w.turn()
	for p := w.store.Get(tp); p.Log().Flushed() < p.Log().End(); {
		w.step()
	}
}

func segmentOf(base int64) event.File {
	return event.File{Kind: event.FileSegment, Store: event.Shard0, Topic: event.UUID{1}, Base: base}
}

// spoilBatch flips a byte in the middle of the batch number i, in the segment.
func (w *world) spoilBatch(i int) {
	b := w.model()[testTP(0)].batches[i]
	if !w.flip(event.FileSegment, b[5000:5040], 0) {
		w.fatal("batch %d is not in the segment", i)
	}
}

// A direct entry whose bytes are not what was written: below D that is damage, by name, and what follows is kept; at or above D
// it is a torn tail, with all that follows. An offline look says the same.
func TestDirect_WhatTheSegmentLacks(t *testing.T) {
	for _, c := range []struct {
		name   string
		bad    int // batch whose bytes rot
		sealed bool
		damage int // ranges
		whole  int // batches that are served
		end    int // batches below the end
	}{
		{"the last one, sealed", 3, true, 1, 3, 4},
		{"one in the middle", 2, true, 1, 2, 4},
		{"the last one, above D", 3, false, 0, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := laid(t, 3, func(*Config) {})
			if c.sealed {
				w.settleDown()
			} else {
				w.disk.kill()
				w.disk.cut(1)
			}
			w.spoilBatch(c.bad)
			in := Inspect(w.files())
			if state := w.reopen(); state != Ready {
				t.Fatalf("the store is %v: %s", state, w.store.Refusal().Text)
			}
			p := w.store.Get(testTP(0))
			batches := w.model()[testTP(0)].batches
			if len(p.Damaged()) != c.damage || p.intact() != batches[c.whole-1].NextOffset() || p.Log().End() != batches[c.end-1].NextOffset() && c.damage == 0 {
				t.Fatalf("damage %+v, intact to %d, end %d", p.Damaged(), p.intact(), p.Log().End())
			}
			if c.damage > 0 && !strings.Contains(p.Damaged()[0].Why, "do not match their checksum") {
				t.Errorf("damage %+v", p.Damaged())
			}
			if got := in.Partitions[0]; len(got.Damage) != c.damage || got.End != p.Log().End() || (len(in.Findings) > 0) != (c.damage > 0) {
				t.Errorf("an offline look sees damage %+v, end %d, findings %+v", got.Damage, got.End, in.Findings)
			}
		})
	}
}

// A read error is no torn write: it is tried again, and then damage wherever it is.
func TestDirect_UnreadableIsNeverTorn(t *testing.T) {
	const entries = 2
	for _, times := range []int{readTries - 1, entries * readTries} {
		w := laid(t, entries, func(*Config) {})
		w.disk.kill()
		w.disk.cut(1)
		w.disk.failReads = map[event.File]int{segmentOf(0): times}
		if state := w.reopen(); state != Ready {
			t.Fatalf("the store is %v: %s", state, w.store.Refusal().Text)
		}
		if n := len(w.store.Get(testTP(0)).Damaged()); (n > 0) != (times == entries*readTries) {
			t.Errorf("%d read errors: %d damaged ranges", times, n)
		}
	}
}

// What a recorded deletion or truncation took away is not missed.
func TestDirect_WhatWasTakenAwayIsExcused(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *world)
	}{
		{"deleted", func(w *world) { w.do(op{kind: "delete", tp: testTP(0)}) }},
		{"deleted and made again", func(w *world) {
			w.do(op{kind: "delete", tp: testTP(0)})
			w.do(op{kind: "create", tp: testTP(0), to: 70})
		}},
		{"truncated", func(w *world) {
			w.do(op{kind: "truncate", tp: testTP(0), to: w.model()[testTP(0)].batches[1].BaseOffset()})
		}},
		{"below the log's start", func(w *world) {
			w.do(op{kind: "trim", tp: testTP(0), to: w.store.Get(testTP(0)).Log().Flushed()})
		}},
		{"truncated to nothing, and written over", func(w *world) {
			w.do(op{kind: "truncate", tp: testTP(0)})
			for range 4 {
				w.put(9000)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := laid(t, 3, func(*Config) {})
			c.do(w)
			w.settleDown()
			if w.disk.probes["store/direct"] == 0 || bytes.Contains(w.disk.volatile[segmentOf(0)], w.base.after(w.ops[:4])[testTP(0)].batches[2][5000:5040]) {
				t.Fatal("nothing was taken away")
			}
			if state := w.reopen(); state != Ready {
				t.Fatalf("the store is %v: %s", state, w.store.Refusal().Text)
			}
			w.verify()
			if w.disk.probes["store/direct-excused"] == 0 {
				t.Error("no entry was excused")
			}
		})
	}
}

// Bytes that direct entries refer to count like the ring's: they hold produce back, and bring the checkpoint that frees them.
func TestDirect_RefersLikeTheRing(t *testing.T) {
	w := laid(t, 1, func(c *Config) { c.CheckpointAt = 100 })
	for range 60 {
		for w.store.Room() < 9100 {
			w.step()
		}
		w.put(9000)
		if used := w.store.journal.Occupied() + w.store.direct.refers; used > w.store.journal.Capacity() {
			t.Fatalf("%d bytes are referred to and occupied, the ring has %d", used, w.store.journal.Capacity())
		}
	}
	if w.disk.probes["store/checkpoint-by-occupancy"] == 0 {
		t.Error("no checkpoint came")
	}
	w.certain = len(w.ops)
	w.crash(true)
	w.revive()
	w.verify()
}

// A direct write that fails is a disk that fails: nothing of it, and nothing behind it, is acknowledged.
func TestDirect_AFailedWriteIsLatched(t *testing.T) {
	w := laid(t, 1, func(*Config) {})
	tp := testTP(0)
	flushed := w.store.Get(tp).Log().Flushed()
	for len(w.disk.flying) > 0 {
		w.step()
	}
	w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], 9000)})
	w.store.EndTurn(w.now, &w.out)
	w.disk.submit(&w.out)
	w.disk.failNext = event.OpWriteFile
	w.disk.flying = slices.DeleteFunc(w.disk.flying, func(x flyingOp) bool { return x.effect.File.Kind == event.FileChunk })
	w.step()
	if w.store.State() != Failed || w.store.Get(tp).Log().Flushed() != flushed {
		t.Fatalf("the store is %v, flushed %d, before %d", w.store.State(), w.store.Get(tp).Log().Flushed(), flushed)
	}
}

func TestDirect_Law(t *testing.T) {
	f := &segfile{submitted: 2 * block}
	defer func() {
		if v, ok := recover().(invariant.Violation); !ok || !strings.HasPrefix(v.Text, "S-14") {
			t.Errorf("%v", v)
		}
	}()
	f.claim(block, 3*block)
}

// Damage in the middle moves what follows it to a segment of its own. A crash anywhere in that recovery must not make more of it
// (J9): the bytes that the moved entries refer to stay where they are until the checkpoint has them elsewhere.
func TestDirect_ACrashInARecoveryMakesNoMoreDamage(t *testing.T) {
	moved, steps := 0, 0
	for ended := false; !ended; steps++ {
		w := laid(t, 3, func(*Config) {})
		w.settleDown()
		w.spoilBatch(2)
		w.start()
		for range steps {
			if ended = w.store.State() == Ready; ended {
				break
			}
			w.step()
		}
		w.crash(steps%2 == 0)
		if state := w.reopen(); state != Ready {
			t.Fatalf("%d steps: the store is %v: %s", steps, state, w.store.Refusal().Text)
		}
		batches := w.model()[testTP(0)].batches
		p := w.store.Get(testTP(0))
		if d := p.Damaged(); len(d) != 1 || d[0].From != batches[2].BaseOffset() || d[0].To != batches[2].NextOffset() {
			t.Fatalf("%d steps: damage %+v, want [%d, %d)", steps, d, batches[2].BaseOffset(), batches[2].NextOffset())
		}
		if p.Log().End() != batches[3].NextOffset() {
			t.Fatalf("%d steps: the log ends at %d, want %d", steps, p.Log().End(), batches[3].NextOffset())
		}
		last := p.active()
		if last.base != batches[3].BaseOffset() || !bytes.HasPrefix(w.disk.volatile[segmentOf(last.base)], batches[3]) {
			t.Fatalf("%d steps: the batch behind the damage is not in its segment", steps)
		}
		moved += w.disk.probes["store/direct-moved"]
	}
	if moved == 0 || steps < 20 {
		t.Fatalf("%d steps, %d moved: nothing was tested", steps, moved)
	}
}

// unproven is a store whose last two frames were in flight together: a direct append, and what comes behind it, which takes the
// bytes away. Both are acknowledged, and D knows of neither. InFlight is 2.
func unproven(t testing.TB, behind func(w *world)) *world {
	w := laid(t, 1, func(c *Config) { c.InFlight, c.SealAfter = 2, event.Second })
	for len(w.disk.flying) > 0 {
		w.step()
	}
	tp := testTP(0)
	w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], 9000)})
	frame := w.store.lastSeq
	w.turn()
	behind(w)
	w.turn()
	for w.store.journal.Durable() <= w.store.lastSeq {
		w.store.OnIO(w.disk.complete(w.now), &w.out)
		w.turn()
	}
	w.certain = len(w.ops)
	if w.store.journal.Proven() > frame && !invariant.Planted(invariant.CanaryCutBeforeProven) {
		t.Fatalf("frame %d is proven, proven are those below %d", frame, w.store.journal.Proven())
	}
	return w
}

// taken are ways in which the bytes of a direct entry go, with something acknowledged behind them.
func taken() map[string]func(w *world) {
	tp := testTP(0)
	return map[string]func(w *world){
		"cut": func(w *world) {
			w.do(op{kind: "truncate", tp: tp, to: w.model()[tp].batches[2].BaseOffset()})
			w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], 100)})
		},
		"emptied and written over": func(w *world) {
			w.do(op{kind: "truncate", tp: tp})
			w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], 9000)})
			w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], 9000)})
		},
		"deleted": func(w *world) {
			w.do(op{kind: "delete", tp: tp})
			w.do(op{kind: "create", tp: testTP(1)})
		},
		"deleted and made again": func(w *world) {
			w.do(op{kind: "delete", tp: tp})
			w.do(op{kind: "create", tp: tp, to: 7})
			w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], 100)})
		},
	}
}

// crashWhileTaken crashes a store after some steps of the bytes' going, while it runs or recovers.
func crashWhileTaken(t testing.TB, behind func(w *world), steps int, recovering bool) {
	w := unproven(t, behind)
	if recovering {
		w.crash(false)
		w.start()
	} else {
		w.store.beginCheckpoint(&w.out)
		w.turn()
	}
	for range steps {
		w.step()
	}
	w.crash(steps%2 == 0)
	w.revive()
	w.verify()
}

// What is acknowledged behind a direct entry whose bytes go survives a crash at any step of their going: a torn tail must not be
// made of it.
func TestDirect_WhatFollowsTakenBytesSurvives(t *testing.T) {
	for name, behind := range taken() {
		t.Run(name, func(t *testing.T) {
			for steps := range 60 {
				crashWhileTaken(t, behind, steps, false)
				crashWhileTaken(t, behind, steps, true)
			}
		})
	}
}

// The folder of a partition that was deleted and made again holds the new one's direct writes: recovery must not bury it again.
func TestDirect_TheNewFolderIsNotBuried(t *testing.T) {
	w := laid(t, 1, func(*Config) {})
	tp := testTP(0)
	w.do(op{kind: "delete", tp: tp})
	w.do(op{kind: "create", tp: tp})
	w.put(5000)
	for !w.store.Get(tp).active().rooted {
		w.step()
	}
	w.put(9000)
	if len(w.store.Get(tp).active().direct) == 0 && w.store.Get(tp).active().submitted == 0 {
		t.Fatal("the batch went through the journal")
	}
	for range 2 {
		w.settleDown()
		if state := w.reopen(); state != Ready {
			t.Fatalf("the store is %v: %s", state, w.store.Refusal().Text)
		}
		w.verify()
	}
}

// TestDirect_LargeWritesTakeSeveralPlaces: how many are under way at a time is a matter of bytes too, one of any size at least.
func TestDirect_LargeWritesTakeSeveralPlaces(t *testing.T) {
	for _, x := range []struct{ size, places, want int }{
		{9000, 4, 4}, {700 << 10, 4, 2}, {700 << 10, 5, 2}, {700 << 10, 1, 1}, {1200 << 10, 4, 1},
	} {
		w := laid(t, 1, func(c *Config) {
			c.DirectWrites, c.SegmentBytes, c.ChunkSize, c.MaxFrame, c.InFlight, c.Writing = x.places, 64<<20, 8<<20, 6<<20, 1, 1
		})
		w.put(5000) // the journal has nothing else to do then
		tp := testTP(0)
		for range 6 {
			w.do(op{kind: "append", tp: tp, batch: w.batch(w.model()[tp], x.size)})
		}
		w.turn()
		flying := func() (n int) {
			for i := range w.disk.flying {
				if e := &w.disk.flying[i].effect; e.Op == event.OpWriteFile && e.Durable && e.File.Kind == event.FileSegment {
					n++
				}
			}
			return n
		}
		if n := flying(); n != x.want {
			t.Errorf("%d bytes, %d places: %d writes under way, want %d", x.size, x.places, n, x.want)
		}
		for p := w.store.Get(tp); p.Log().Flushed() < p.Log().End(); {
			w.step()
			if n := flying(); n > x.want {
				t.Fatalf("%d bytes, %d places: %d writes under way later", x.size, x.places, n)
			}
		}
	}
}
