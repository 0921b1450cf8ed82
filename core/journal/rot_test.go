package journal

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

// ofIncarnation are the frames that a verdict from w.from on is about.
func (w *world) ofIncarnation() []Found {
	return slices.DeleteFunc(Scan(w.super.Secret, w.images()), func(f Found) bool {
		return f.Incarnation != w.super.Incarnation || f.Seq < max(w.super.First, w.from)
	})
}

// provenBy is D without the claims of frame but.
func provenBy(super Superblock, frames []Found, but uint64) uint64 {
	d := super.Durable
	for i := range frames {
		if frames[i].Seq != but {
			d = max(d, frames[i].Durable)
		}
	}
	return d
}

// history is a world after a random run, at rest or crashed in the middle.
func history(t *rapid.T) *world {
	w := newWorld(t)
	w.run(80)
	if rapid.Bool().Draw(t, "at rest") {
		w.drain()
	}
	w.disk.crash(t)
	return w
}

// want is what the verdict before must become when the payload k of frame seq is gone; k < 0 is all of them.
func want(before *Recovery, seq uint64, k int, why string) (frames []Frame, damage []Damage) {
	for _, f := range before.Frames {
		if f.Seq != seq {
			frames = append(frames, f)
			continue
		}
		kept := Frame{Seq: seq}
		for i, e := range f.Entries {
			if (k < 0 && e.Kind.HasPayload()) || k == i {
				damage = append(damage, Damage{Seq: seq, Entry: e, Why: why})
				continue
			}
			kept.Entries = append(kept.Entries, e)
			kept.Payload = append(kept.Payload, f.Payload[i])
		}
		frames = append(frames, kept)
	}
	return frames, damage
}

func sameFrames(a, b []Frame) bool {
	return slices.EqualFunc(a, b, func(a, b Frame) bool {
		return a.Seq == b.Seq && slices.Equal(a.Entries, b.Entries) && slices.EqualFunc(a.Payload, b.Payload, slices.Equal)
	})
}

// entryAt is the entry whose payload holds byte at of the body.
func entryAt(f *Found, at int) int {
	for i, e := range f.Entries {
		if at < int(e.Len) {
			return i
		}
		at -= int(e.Len)
	}
	return -1
}

func TestJudge_OneFlippedBitBelowDurable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := history(t)
		before := w.recover()
		w.checkClean(before)
		all := w.ofIncarnation()
		frames := slices.DeleteFunc(slices.Clone(all), func(f Found) bool {
			return f.Seq >= provenBy(w.super, all, f.Seq)
		})
		if len(frames) == 0 {
			return
		}
		f := rapid.SampledFrom(frames).Draw(t, "frame")
		at := rapid.IntRange(0, f.HeaderLen-1).Draw(t, "byte")
		k, why := -1, WhyHeader
		if f.BodyLen > 0 && rapid.Bool().Draw(t, "payload") {
			in := rapid.IntRange(0, f.BodyLen-1).Draw(t, "body byte")
			at, k, why = f.HeaderLen+in, entryAt(&f, in), WhyPayload
		}
		w.disk.files[f.Chunk].data[int(f.Offset)+at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		after := w.recover()

		frame, damage := want(before, f.Seq, k, why)
		next := slices.ContainsFunc(all, func(g Found) bool { return g.Seq == f.Seq+1 })
		if why == WhyHeader && !next { // torn while it was in flight: no copy
			if after.Lost == "" {
				t.Fatalf("frame %d is gone without a copy, and nobody says so", f.Seq)
			}
			return
		}
		if !sameFrames(after.Frames, frame) || !slices.Equal(after.Damage, damage) || after.Lost != "" {
			t.Fatalf("frame %d byte %d flipped:\n got %+v %q\nwant %+v", f.Seq, at, after.Damage, after.Lost, damage)
		}
		if after.Next != before.Next {
			t.Fatalf("next moved from %d to %d", before.Next, after.Next)
		}
	})
}

// accounted fails unless every entry of the frames below bound is recovered or named, or a loss is admitted.
func (w *world) accounted(r *Recovery, bound uint64) {
	if r.Lost != "" {
		return
	}
	for seq := max(w.super.First, w.from); seq < bound; seq++ {
		n := 0
		for _, f := range r.Frames {
			if f.Seq == seq {
				n += len(f.Entries)
			}
		}
		for _, d := range r.Damage {
			if d.Seq == seq {
				n++
			}
		}
		if n != max(1, len(w.staged[seq])) {
			w.t.Fatalf("frame %d below %d: %d of %d entries are accounted for", seq, bound, n, len(w.staged[seq]))
		}
	}
}

func TestJudge_ManyFlippedBitsBelowDurable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := history(t)
		for range rapid.IntRange(1, 12).Draw(t, "flips") {
			n := rapid.SampledFrom(w.disk.numbers()).Draw(t, "chunk")
			data := w.disk.files[n].data
			if len(data) > 0 {
				data[rapid.IntRange(0, len(data)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			}
		}
		r := w.recover()
		w.accounted(r, r.Durable)
		if again := Judge(w.super, w.from, w.images()); !reflect.DeepEqual(r, again) {
			t.Fatalf("judged twice: %+v then %+v", r, again)
		}
	})
}

// A block that cannot be read is never taken for a torn tail: acknowledged frames above D are accounted for as well.
func TestJournal_UnreadableBlocksAreCorruptionWhereverTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := history(t)
		w.disk.bad = map[int64][]Span{}
		for range rapid.IntRange(1, 4).Draw(t, "bad blocks") {
			n := rapid.SampledFrom(w.disk.numbers()).Draw(t, "chunk")
			at := int64(rapid.IntRange(0, int(w.cfg.ChunkSize/event.BlockSize)-1).Draw(t, "block")) * event.BlockSize
			w.disk.bad[n] = append(w.disk.bad[n], Span{at, at + event.BlockSize})
		}
		r := w.recover()
		w.accounted(r, w.acked)
	})
}

func TestJudge_MissingChunkOfTheMiddleIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for len(w.disk.files) < 3 {
			w.append()
			w.endTurn()
			w.settle()
		}
		delete(w.disk.files, int64(rapid.IntRange(0, 1).Draw(t, "chunk")))
		if r := w.recover(); r.Lost == "" {
			t.Fatalf("a chunk is gone and nobody says so: %+v", r)
		}
	})
}

func TestJudge_StaleSuperblockIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		old := w.super
		w.append()
		w.drain()
		w.restart(w.recover())
		w.append()
		w.drain()
		if r := Judge(old, old.First, w.images()); r.Lost == "" || r.Next < w.acked {
			t.Fatalf("an old superblock hides incarnation %d: %+v", w.super.Incarnation, r)
		}
	})
}

func TestJudge_OtherSecretFindsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.append()
		w.drain()
		foreign := w.super
		foreign.Secret[15]++
		if found := Scan(foreign.Secret, w.images()); len(found) != 0 {
			t.Fatalf("%d frames of a foreign directory", len(found))
		}
		moved := w.images()
		for i := range moved {
			moved[i].Number += 7
		}
		if found := Scan(w.super.Secret, moved); len(found) != 0 {
			t.Fatalf("%d frames in chunks that they were not written for", len(found))
		}
	})
}

func ExampleEntryKind_String() {
	fmt.Println(EntryAppend, EntryTruncate, EntryKind(99))
	// Output: append truncate kind-99
}

// Two timelines of one incarnation, as a restored copy of the volume would make them: frames that are whole, each in
// its place, but do not follow one another.
func TestJudge_FramesOfTwoTimelinesDoNotChain(t *testing.T) {
	line := func(payload string) []byte {
		b := begin(t, small())
		b.finishAll()
		for range 2 {
			b.j.Stage(Entry{Kind: EntryAppend}, []byte(payload))
			b.endTurn()
		}
		b.finishAll()
		return b.disk.files[0].data
	}
	mixed := line("one")
	copy(mixed[2*event.BlockSize:], line("two")[2*event.BlockSize:])
	for _, tt := range []struct {
		durable uint64
		frames  int
		torn    bool
		lost    bool
	}{{1, 1, true, false}, {3, 2, false, true}} {
		super := testSuper
		super.Durable = tt.durable
		r := Judge(super, 0, []ChunkImage{{Number: 0, Data: mixed}})
		if len(r.Frames) != tt.frames || r.Torn != tt.torn || (r.Lost != "") != tt.lost {
			t.Errorf("D %d: %d frames, torn %t, lost %q", tt.durable, len(r.Frames), r.Torn, r.Lost)
		}
	}
}
