package disk

import (
	"bytes"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

var (
	hard    = event.File{Kind: event.FileHardState, Store: event.Shard0}
	chunk   = event.File{Kind: event.FileChunk, Store: event.Shard0, Base: 3}
	segment = event.File{Kind: event.FileSegment, Store: event.Shard0, Topic: event.UUID{7}, Partition: 1, Base: 42}
)

// rig submits and completes one operation at a time.
type rig struct {
	*Disk
	t   tester
	ids uint64
	buf event.Buf
}

// tester is what a rig needs of *testing.T and *rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func newRig(t tester) *rig { return &rig{Disk: New(), t: t} }

func (r *rig) io() event.IOID {
	r.ids++
	return event.NewIOID(event.Shard0, r.ids)
}

// submit hands the last effect of the buffer to the disk and returns its id.
func (r *rig) submit() event.IOID {
	e := r.buf.Effects()[r.buf.Len()-1]
	r.Submit(&e)
	return e.IO
}

func (r *rig) complete(io event.IOID) event.Event {
	var ev event.Event
	if !r.Complete(io, &ev) {
		r.t.Fatalf("operation %x is not in flight", io)
	}
	return ev
}

func (r *rig) do() event.Event { return r.complete(r.submit()) }

func (r *rig) ok() event.Event {
	r.t.Helper()
	ev := r.do()
	if ev.Status != event.StatusOK {
		r.t.Fatalf("status %s", ev.Status)
	}
	return ev
}

func (r *rig) create(f event.File)            { r.buf.CreateFile(r.io(), f); r.ok() }
func (r *rig) truncate(f event.File, n int64) { r.buf.TruncateFile(r.io(), f, n); r.ok() }
func (r *rig) remove(f event.File)            { r.buf.RemoveFile(r.io(), f); r.ok() }
func (r *rig) rename(f, to event.File)        { r.buf.RenameFile(r.io(), f, to); r.ok() }
func (r *rig) syncFile(f event.File)          { r.buf.SyncFile(r.io(), f); r.ok() }
func (r *rig) syncDir(f event.File)           { r.buf.SyncDir(r.io(), f); r.ok() }
func (r *rig) syncFs()                        { r.buf.SyncFs(r.io()); r.ok() }
func (r *rig) write(f event.File, off int64, fill byte, durable bool) {
	r.buf.WriteFile(r.io(), f, off, block1(fill), durable)
	r.ok()
}

// made is a rig with f in place, size bytes long and durable.
func made(t tester, f event.File, fill ...byte) *rig {
	r := newRig(t)
	r.create(f)
	for i, b := range fill {
		r.write(f, int64(i)*event.BlockSize, b, false)
	}
	r.syncFs()
	return r
}

func block1(fill byte) []byte { return bytes.Repeat([]byte{fill}, event.BlockSize) }

// sketch renders a file as one character per block: the byte that fills it, . for zeros, ? for a mixture, and - for a
// file that is not there.
func sketch(d *Disk, f event.File) string {
	image, ok := d.Image(f)
	if !ok {
		return "-"
	}
	out := []byte{}
	for len(image) > 0 {
		n := min(len(image), event.BlockSize)
		c := image[0]
		if !bytes.Equal(image[:n], bytes.Repeat([]byte{c}, n)) {
			c = '?'
		} else if c == 0 {
			c = '.'
		}
		out = append(out, c)
		image = image[n:]
	}
	return string(out)
}

// The table is the specification of durability: what a power cut that keeps nothing, and one that keeps everything,
// leaves of the segment after a history.
func TestPowerCut_LeavesWhatWasSynced(t *testing.T) {
	dir := segment.Dir()
	tomb := event.File{Kind: event.DirTombstone, Store: dir.Store, Topic: dir.Topic, Partition: dir.Partition}
	for _, tc := range []struct {
		name      string
		start     []byte
		do        func(r *rig)
		none, all string
	}{
		{"a write is volatile", []byte("ab"), func(r *rig) { r.write(segment, 0, 'x', false) }, "ab", "xb"},
		{"a durable write survives", []byte("ab"), func(r *rig) { r.write(segment, 0, 'x', true) }, "xb", "xb"},
		{"a durable write makes no earlier write durable", []byte("ab"), func(r *rig) {
			r.write(segment, 0, 'x', false)
			r.write(segment, event.BlockSize, 'y', true)
		}, "ay", "xy"},
		{"a durable write takes the size along that it needs", []byte("a"), func(r *rig) {
			r.write(segment, 2*event.BlockSize, 'x', false)
			r.write(segment, event.BlockSize, 'y', true)
		}, "ay", "ayx"},
		{"a durable write behind a cut", []byte("abc"), func(r *rig) {
			r.truncate(segment, 0)
			r.write(segment, event.BlockSize, 'y', true)
		}, "ayc", ".y"},
		{"SyncFile covers content and size", []byte("a"), func(r *rig) {
			r.write(segment, event.BlockSize, 'y', false)
			r.syncFile(segment)
			r.write(segment, 0, 'x', false)
		}, "ay", "xy"},
		{"growth is volatile", []byte("a"), func(r *rig) { r.buf.AllocateFile(r.io(), segment, 3*event.BlockSize); r.ok() }, "a", "a.."},
		{"a cut is volatile", []byte("ab"), func(r *rig) { r.truncate(segment, event.BlockSize) }, "ab", "a"},
		{"a synced cut survives", []byte("ab"), func(r *rig) {
			r.truncate(segment, event.BlockSize)
			r.syncFile(segment)
			r.truncate(segment, 2*event.BlockSize)
		}, "a", "a."},
		{"a removal is volatile", []byte("a"), func(r *rig) { r.remove(segment) }, "a", "-"},
		{"a synced removal survives", []byte("a"), func(r *rig) { r.remove(segment); r.syncDir(dir) }, "-", "-"},
		{"a new file needs SyncDir", []byte("a"), func(r *rig) {
			r.remove(segment)
			r.syncDir(dir)
			r.create(segment)
			r.write(segment, 0, 'x', false)
			r.syncFile(segment)
		}, "-", "x"},
		{"SyncDir is not SyncFile", []byte("a"), func(r *rig) {
			r.remove(segment)
			r.create(segment)
			r.write(segment, 0, 'x', false)
			r.syncDir(dir)
		}, "", "x"},
		{"a durable write makes no entry durable", []byte("a"), func(r *rig) {
			r.remove(segment)
			r.syncDir(dir)
			r.create(segment)
			r.write(segment, 0, 'x', true)
		}, "-", "x"},
		{"SyncDir covers the parents", []byte("a"), func(r *rig) {
			r.remove(dir)
			r.syncFs()
			r.create(segment)
			r.syncDir(dir)
		}, "", ""},
		{"a renamed directory takes its files away", []byte("a"), func(r *rig) { r.rename(dir, tomb); r.syncDir(dir.Dir()) }, "-", "-"},
		{"a rename is volatile", []byte("a"), func(r *rig) { r.rename(dir, tomb) }, "a", "-"},
		{"SyncFs covers everything", []byte("a"), func(r *rig) {
			r.remove(segment)
			r.create(segment)
			r.write(segment, 0, 'x', false)
			r.syncFs()
		}, "x", "x"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := made(t, segment, tc.start...)
			tc.do(r)
			for keep, want := range map[Keep]string{KeepNone: tc.none, KeepAll: tc.all} {
				d := r.Clone()
				d.PowerCut(Crash{Seed: 1, Data: keep, Meta: keep})
				if got := sketch(d, segment); got != want {
					t.Errorf("keep %s: got %q, want %q", keep, got, want)
				}
				before := d.Digest()
				d.PowerCut(Crash{Seed: 2, Data: KeepNone, Meta: KeepNone})
				if d.Digest() != before {
					t.Errorf("keep %s: something was still volatile after a power cut", keep)
				}
			}
		})
	}
}

func TestSync_CoversWhatHappenedBeforeItsSubmission(t *testing.T) {
	r := made(t, segment, 'a', 'b')
	r.write(segment, 0, 'x', false)
	r.buf.SyncFile(r.io(), segment)
	sync := r.submit()
	r.write(segment, event.BlockSize, 'y', false)
	r.complete(sync)
	r.PowerCut(Crash{})
	if got := sketch(r.Disk, segment); got != "xb" {
		t.Fatalf("got %q", got)
	}
}

func TestKill_KeepsTheVolatileImageVolatile(t *testing.T) {
	r := made(t, segment, 'a')
	r.write(segment, 0, 'x', false)
	r.Kill(Crash{})
	if got := sketch(r.Disk, segment); got != "x" {
		t.Fatalf("after the kill: %q", got)
	}
	r.PowerCut(Crash{})
	if got := sketch(r.Disk, segment); got != "a" {
		t.Fatalf("after the cut: %q", got)
	}
}

func TestCrash_TearsWritesInFlightBySector(t *testing.T) {
	sawTorn, sawNone, sawAll, sawHole := false, false, false, false
	for seed := range uint64(200) {
		for _, cut := range []bool{false, true} {
			r := made(t, chunk, 'a')
			r.buf.WriteFile(r.io(), chunk, 0, block1('x'), true)
			r.submit()
			c := Crash{Seed: seed, Flight: KeepSome}
			if cut {
				r.PowerCut(c)
			} else {
				r.Kill(c)
			}
			image, _ := r.Image(chunk)
			switch sketch(r.Disk, chunk) {
			case "a":
				sawNone = true
			case "x":
				sawAll = true
			default:
				sawTorn = true
				sawHole = sawHole || image[0] == 'a' && image[event.BlockSize-1] == 'x'
			}
			for s := 0; s < len(image); s += event.SectorSize {
				if got := image[s : s+event.SectorSize]; !bytes.Equal(got, bytes.Repeat(got[:1], len(got))) {
					t.Fatalf("seed %d: sector %d is torn inside", seed, s)
				}
			}
			if r.Pending() != 0 {
				t.Fatal("operations outlived the crash")
			}
		}
	}
	if !sawTorn || !sawNone || !sawAll || !sawHole {
		t.Fatalf("torn %v none %v all %v hole %v", sawTorn, sawNone, sawAll, sawHole)
	}
}

func TestIsDurable_AgreesWithEveryCut(t *testing.T) {
	r := made(t, segment, 'a', 'b')
	if !r.IsDurable(segment, 0, 2*event.BlockSize) {
		t.Fatal("synced, but not durable")
	}
	r.write(segment, event.BlockSize, 'x', false)
	if r.IsDurable(segment, 0, 2*event.BlockSize) || !r.IsDurable(segment, 0, event.BlockSize) {
		t.Fatal("an unsynced write counts by its block")
	}
	r.write(segment, event.BlockSize, 'y', true)
	if !r.IsDurable(segment, 0, 2*event.BlockSize) {
		t.Fatal("a durable write is durable")
	}
	r.remove(segment)
	r.create(segment)
	if r.IsDurable(segment, 0, 0) {
		t.Fatal("another file under the same name")
	}
}

func TestFaults(t *testing.T) {
	r := made(t, chunk, 'a', 'b', 'c')
	readAll := func() event.Status {
		r.buf.ReadFile(r.io(), chunk, 0, 3*event.BlockSize)
		return r.do().Status
	}
	r.FailReads(chunk, event.BlockSize, 2)
	if a, b, c := readAll(), readAll(), readAll(); a != event.StatusIOError || b != event.StatusIOError || c != event.StatusOK {
		t.Fatalf("a read error that passes: %s %s %s", a, b, c)
	}
	r.FailReads(chunk, event.BlockSize, -1)
	for range 3 {
		if s := readAll(); s != event.StatusIOError {
			t.Fatalf("a latent read error: %s", s)
		}
	}
	if c := r.Clone(); !c.unreadable(c.index[chunk], 0, 3*event.BlockSize) {
		t.Fatal("a clone has the same bad blocks")
	}
	r.write(chunk, event.BlockSize, 'x', true)
	if s := readAll(); s != event.StatusOK {
		t.Fatalf("overwritten: %s", s)
	}
	if !r.Rot(chunk, 5, 0) || r.Rot(chunk, 3*event.BlockSize, 0) {
		t.Fatal("rot hits what is there, and only that")
	}
	for range 2 {
		image, _ := r.Image(chunk)
		if image[5] != 'a'^1 {
			t.Fatal("rot is stable")
		}
		r.PowerCut(Crash{})
	}
}

func TestFail_LeavesAWriteInPart(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(50) {
		r := made(t, chunk, 'a')
		r.buf.WriteFile(r.io(), chunk, 0, block1('x'), true)
		var ev event.Event
		if !r.Fail(r.submit(), event.StatusIOError, seed, &ev) || ev.Status != event.StatusIOError || ev.N != 0 {
			t.Fatalf("%+v", ev)
		}
		seen[sketch(r.Disk, chunk)] = true
	}
	if !seen["a"] || !seen["x"] || !seen["?"] {
		t.Fatalf("outcomes %v", seen)
	}
}

func TestCapacity(t *testing.T) {
	r := made(t, chunk, 'a')
	r.SetCapacity(2 * event.BlockSize)
	r.buf.AllocateFile(r.io(), chunk, 3*event.BlockSize)
	if ev := r.do(); ev.Status != event.StatusNoSpace {
		t.Fatal(ev.Status)
	}
	r.write(chunk, event.BlockSize, 'b', true)
	r.buf.WriteFile(r.io(), chunk, 2*event.BlockSize, block1('c'), true)
	if ev := r.do(); ev.Status != event.StatusNoSpace || sketch(r.Disk, chunk) != "ab" {
		t.Fatal(ev.Status)
	}
	r.remove(chunk)
	if r.Used() != 0 {
		t.Fatalf("%d bytes used by nothing", r.Used())
	}
}

func TestLaws_AreChecked(t *testing.T) {
	two := int64(2 * event.BlockSize)
	for name, submit := range map[string]func(r *rig){
		"V-1 same id":           func(r *rig) { r.buf.StatFile(7, hard); r.submit(); r.buf.StatFile(7, hard); r.submit() },
		"V-2 write over write":  func(r *rig) { inFlight(r, 0, two); inFlight(r, event.BlockSize, two) },
		"V-2 read under write":  func(r *rig) { inFlight(r, 0, two); r.buf.ReadFile(r.io(), chunk, 0, two); r.submit() },
		"V-2 write before file": func(r *rig) { r.buf.CreateFile(r.io(), chunk); r.submit(); inFlight(r, 0, two) },
		"V-2 cut under write":   func(r *rig) { inFlight(r, 0, two); r.buf.TruncateFile(r.io(), chunk, 1); r.submit() },
		"V-2 folder moves away": func(r *rig) { inFlight(r, 0, two); r.buf.RemoveFile(r.io(), chunk.Dir()); r.submit() },
		"IO-5 odd offset":       func(r *rig) { r.buf.WriteFile(r.io(), chunk, 512, block1('x'), true); r.submit() },
		"IO-5 odd length":       func(r *rig) { r.buf.ReadFile(r.io(), chunk, 0, 100); r.submit() },
		"IO-5 no disk verb":     func(r *rig) { r.buf.Halt(event.HaltClean, ""); r.submit() },
		"V-4 bytes change": func(r *rig) {
			data := block1('x')
			r.buf.WriteFile(r.io(), chunk, 0, data, true)
			io := r.submit()
			data[9] = 'y'
			r.complete(io)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := made(t, chunk, 'a', 'b', 'c', 'd')
			defer func() {
				v, ok := recover().(invariant.Violation)
				if !ok || v.Text[:3] != name[:3] {
					t.Fatalf("got %v", v)
				}
			}()
			submit(r)
			t.Fatal("no violation")
		})
	}
	r := made(t, chunk, 'a', 'b', 'c', 'd')
	inFlight(r, 0, two)
	inFlight(r, two, two)
	r.buf.TruncateFile(r.io(), chunk, 4*event.BlockSize)
	r.submit()
}

func inFlight(r *rig, off, n int64) {
	r.buf.WriteFile(r.io(), chunk, off, make([]byte, n), false)
	r.submit()
}

func BenchmarkDurableWrite(b *testing.B) {
	r := made(b, chunk, make([]byte, 16)...)
	data := make([]byte, 2*event.BlockSize)
	var ev event.Event
	b.ReportAllocs()
	for i := range b.N {
		r.buf.Reset()
		r.buf.WriteFile(event.NewIOID(event.Shard0, uint64(i)), chunk, int64(i%8)*2*event.BlockSize, data, true)
		e := &r.buf.Effects()[0]
		r.Submit(e)
		r.Complete(e.IO, &ev)
	}
}

func TestHoldsDurably_FindsWhatEveryCutLeaves(t *testing.T) {
	r := made(t, chunk, 'a', 'b', 'c')
	r.write(chunk, 0, 'x', true)
	r.write(chunk, event.BlockSize, 'y', false)
	for needle, want := range map[string]bool{"xxx": true, "aaa": false, "yyy": false, "bbb": true, "ccc": true, "xxbb": true} {
		if got := r.HoldsDurably([]byte(needle)); got != want {
			t.Errorf("%s: %v", needle, got)
		}
	}
}

// A batch that went to its segment has its head in the journal, its end, both, or neither, and may be followed there by others.
func TestHoldsInPieces_KnowsWhereBatchesMayLie(t *testing.T) {
	r := made(t, chunk, 't', 'h')
	r.create(segment)
	r.write(segment, 0, 'a', true)
	r.write(segment, event.BlockSize, 'b', true)
	r.syncFs()
	r.write(segment, 2*event.BlockSize, 'v', false)
	whole := strings.Repeat("b", event.BlockSize)
	for needle, want := range map[string]bool{
		"hh" + whole + "tt":  true,
		"aa" + whole + "tt":  true,
		"hhbbb":              true,  // others follow in the block
		"hhaaa":              true,  // and at its beginning
		"hh" + whole + "vv":  false, // what follows is volatile
		"hhvvv":              false,
		"xx" + whole + "tt":  false,
		"hhtt":               false, // nothing of it is in the segment
		"aatt":               true,
		"hh" + whole + "ttx": false,
	} {
		if got := r.HoldsInPieces([]byte(needle), event.FileSegment); got != want {
			t.Errorf("%.2s..., %d bytes, ...%s: %v", needle, len(needle), needle[len(needle)-3:], got)
		}
	}
}

func TestDurableWrite_RanksThem(t *testing.T) {
	r := made(t, chunk, 'a', 'b', 'c')
	r.create(hard)
	for i := range int64(3) {
		r.write(chunk, i*event.BlockSize, 'x', true)
		r.write(hard, 0, 'h', true)
	}
	for rank, want := range []int64{2, 1, 0} {
		if f, off, n, ok := r.DurableWrite(event.FileChunk, event.Shard0, rank); !ok || f != chunk || off != want*event.BlockSize || n != event.BlockSize {
			t.Errorf("rank %d: %s %d %d %v", rank, f, off, n, ok)
		}
	}
	if _, _, _, ok := r.DurableWrite(event.FileChunk, event.Shard0, 3); ok {
		t.Error("a write that was not")
	}
}

func TestPowerCut_ShearsOnlyWhatWasChanging(t *testing.T) {
	flight, unsynced := false, false
	for seed := range uint64(60) {
		r := made(t, segment, 'a', 'b', 'c')
		r.write(segment, event.BlockSize, 'x', false)
		r.buf.WriteFile(r.io(), segment, 2*event.BlockSize, block1('y'), true)
		r.submit()
		r.PowerCut(Crash{Seed: seed, Shorn: true})
		image, _ := r.Image(segment)
		if !bytes.Equal(image[:event.BlockSize], block1('a')) {
			t.Fatalf("seed %d: a block at rest was harmed", seed)
		}
		unsynced = unsynced || sketch(r.Disk, segment)[1] == '?'
		flight = flight || sketch(r.Disk, segment)[2] == '?'
		if !r.IsDurable(segment, 0, 3*event.BlockSize) {
			t.Fatal("something is volatile after a power cut")
		}
	}
	if !flight || !unsynced {
		t.Fatalf("in flight %v, unsynced %v", flight, unsynced)
	}
}
