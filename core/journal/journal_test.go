package journal

import (
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// small is a configuration in which every limit is near.
func small() Config {
	ios := uint64(0)
	return Config{
		Store: event.Home, ChunkSize: 8 * event.BlockSize, MaxChunks: 3, MaxFrame: 4 * event.BlockSize, InFlight: 2, Writing: 2,
		Reserve: 2 * event.BlockSize, SealAfter: event.Millisecond,
		Alloc:  func(n int) *event.Buffer { return event.NewBuffer(make([]byte, n), event.Machine{}) },
		NextIO: func() event.IOID { ios++; return event.NewIOID(event.Home, ios) },
	}
}

// bench is a journal with its disk, for walks.
type bench struct {
	*testing.T
	disk *disk
	out  event.Buf
	j    *Journal
}

var testSuper = Superblock{Secret: testSecret, Incarnation: 1, First: 1, Durable: 1}

func begin(t *testing.T, cfg Config) *bench {
	b := &bench{T: t, disk: newDisk(), j: New(cfg)}
	b.out.Probing = true
	b.j.Begin(0, testSuper, &b.out)
	b.disk.take(&b.out)
	return b
}

func (b *bench) finishAll() {
	for len(b.disk.pending) > 0 {
		b.finish(0, event.StatusOK)
	}
}

// finish completes operation i, with a status of the test's choice.
func (b *bench) finish(i int, s event.Status) []string {
	ev := b.disk.finish(i, 0)
	if s != event.StatusOK {
		ev.Status, ev.N = s, 0
	}
	b.j.OnIO(ev, &b.out)
	probes := slices.Clone(b.out.Probes())
	b.disk.take(&b.out)
	return probes
}

func (b *bench) endTurn() {
	b.j.EndTurn(0, &b.out)
	b.disk.take(&b.out)
}

func (b *bench) ops() string {
	names := []string{}
	for _, e := range b.disk.pending {
		names = append(names, map[event.Op]string{
			event.OpCreateFile: "create", event.OpAllocateFile: "allocate", event.OpSyncFile: "sync",
			event.OpSyncDir: "syncdir", event.OpWriteFile: "write", event.OpTruncateFile: "truncate",
			event.OpRemoveFile: "remove",
		}[e.Op])
	}
	return strings.Join(names, " ")
}

func violated(f func()) (text string) {
	defer func() {
		if v, ok := recover().(invariant.Violation); ok {
			text = v.Text
		}
	}()
	f()
	return ""
}

func TestConfig_Check(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *Config)
		ok     bool
	}{
		{"small", func(*Config) {}, true},
		{"chunk of odd size", func(c *Config) { c.ChunkSize++ }, false},
		{"chunk too large", func(c *Config) { c.ChunkSize = 2 << 30 }, false},
		{"frame above chunk", func(c *Config) { c.MaxFrame = int(c.ChunkSize) + event.BlockSize }, false},
		{"frame of the chunk's size", func(c *Config) { c.MaxFrame, c.Reserve = int(c.ChunkSize), event.BlockSize }, true},
		{"frame too small", func(c *Config) { c.MaxFrame = event.BlockSize }, false},
		{"one chunk", func(c *Config) { c.MaxChunks = 1 }, false},
		{"nothing in flight", func(c *Config) { c.InFlight = 0 }, false},
		{"too much in flight", func(c *Config) { c.InFlight = 5 }, false},
		{"no reserve", func(c *Config) { c.Reserve = 0 }, false},
		{"nothing but reserve", func(c *Config) { c.Reserve = 3 * c.ChunkSize }, false},
		{"no seal", func(c *Config) { c.SealAfter = 0 }, false},
	}
	for _, tt := range tests {
		c := small()
		tt.change(&c)
		if err := c.Check(); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestPrepare_ChunkIsDurableBeforeItIsUsed(t *testing.T) {
	b := begin(t, small())
	for _, step := range []string{"create", "allocate", "sync", "syncdir"} {
		if b.ops() != step || b.j.Ready() {
			t.Fatalf("at %q: %q, ready %t", step, b.ops(), b.j.Ready())
		}
		b.finish(0, event.StatusOK)
	}
	if !b.j.Ready() || b.ops() != "create" {
		t.Fatalf("ready %t, then %q: the next chunk is made ahead of need", b.j.Ready(), b.ops())
	}
}

func TestPrepare_FullFileSystemIsTriedAgain(t *testing.T) {
	b := begin(t, small())
	b.finish(0, event.StatusOK)
	if probes := b.finish(0, event.StatusNoSpace); !slices.Contains(probes, "journal/no-space") {
		t.Fatalf("probes %v", probes)
	}
	if failed, why := b.j.Failed(); failed || b.ops() != "" || b.j.NextDeadline() != growRetry {
		t.Fatalf("failed %q, ordered %q, next tick %d", why, b.ops(), b.j.NextDeadline())
	}
	b.j.OnTick(growRetry-1, &b.out)
	b.j.OnTick(growRetry, &b.out)
	b.disk.take(&b.out)
	if b.ops() != "allocate" {
		t.Fatalf("tried again with %q", b.ops())
	}
	b.finishAll()
	if !b.j.Ready() {
		t.Fatal("not ready after space returned")
	}
}

func TestPrepare_FoundFilesAreMadeFit(t *testing.T) {
	cfg := small()
	disk := newDisk()
	for n, size := range []int64{cfg.ChunkSize, 100, cfg.ChunkSize + 1, cfg.ChunkSize, cfg.ChunkSize} {
		disk.files[int64(n)] = &file{data: make([]byte, size)}
	}
	b := &bench{T: t, disk: disk, j: New(cfg)}
	b.j.Recover(testSuper, 0, &b.out)
	b.disk.take(&b.out)
	b.finishAll()
	if r, ok := b.j.Recovery(); !ok || r.Lost != "" || len(r.Frames) != 0 {
		t.Fatalf("%+v %t", r, ok)
	}
	super := testSuper
	super.Incarnation++
	b.j.Begin(0, super, &b.out)
	b.disk.take(&b.out)
	var ops []string
	for len(b.disk.pending) > 0 {
		ops = append(ops, b.ops())
		b.finish(0, event.StatusOK)
	}
	want := "sync syncdir allocate sync syncdir truncate sync syncdir remove syncdir remove syncdir"
	if got := strings.Join(ops, " "); got != want {
		t.Fatalf("ordered %q\nwanted %q", got, want)
	}
	for n := range int64(3) {
		if f := disk.files[n]; int64(len(f.data)) != cfg.ChunkSize || !f.entered || f.sized != len(f.data) {
			t.Fatalf("chunk %d has %d bytes, %d of them durable, entry durable %t", n, len(f.data), f.sized, f.entered)
		}
	}
	if len(disk.files) != 3 {
		t.Fatalf("files %v are left", disk.numbers())
	}
}

func TestJournal_CountsByContiguousPrefix(t *testing.T) {
	b := begin(t, small())
	b.finishAll()
	for range 2 {
		b.j.Stage(Entry{Kind: EntryRoll})
		b.endTurn()
	}
	b.j.Stage(Entry{Kind: EntryRoll})
	b.endTurn()
	if b.ops() != "write write" || b.j.Submitted() != 3 || b.j.Open() != 3 {
		t.Fatalf("%q in flight, submitted below %d, open is %d", b.ops(), b.j.Submitted(), b.j.Open())
	}
	probes := b.finish(1, event.StatusOK)
	if b.j.Durable() != 1 || !slices.Contains(probes, "journal/out-of-order-completion") {
		t.Fatalf("frame 2 alone makes those below %d durable, probes %v", b.j.Durable(), probes)
	}
	b.finish(0, event.StatusOK)
	if b.j.Durable() != 3 {
		t.Fatalf("frames below %d are durable, 1 and 2 are complete", b.j.Durable())
	}
}

func TestJournal_SealsOnceWhenIdle(t *testing.T) {
	b := begin(t, small())
	b.finishAll()
	if !b.j.Idle() || b.j.NextDeadline() != event.Never {
		t.Fatal("a journal without frames has nothing to seal")
	}
	b.j.Stage(Entry{Kind: EntryRoll})
	b.endTurn()
	if b.j.Idle() || b.j.NextDeadline() != event.Never {
		t.Fatal("a frame in flight is not sealed")
	}
	b.finish(0, event.StatusOK)
	if b.j.Idle() || b.j.NextDeadline() != event.Millisecond {
		t.Fatalf("the seal is due at %d", b.j.NextDeadline())
	}
	b.j.OnTick(event.Millisecond-1, &b.out)
	b.j.OnTick(event.Millisecond, &b.out)
	b.j.OnTick(event.Millisecond, &b.out)
	b.disk.take(&b.out)
	if b.ops() != "write" || b.j.Submitted() != 3 {
		t.Fatalf("%q, submitted below %d", b.ops(), b.j.Submitted())
	}
	b.finish(0, event.StatusOK)
	if !b.j.Idle() || b.j.NextDeadline() != event.Never {
		t.Fatal("the seal wants to be sealed")
	}
	r := Judge(testSuper, 0, []ChunkImage{{Number: 0, Data: b.disk.files[0].data}})
	if r.Durable != 2 || len(r.Frames) != 2 || r.Next != 3 {
		t.Fatalf("D is %d with %d frames, next %d: frame 1 must be below it", r.Durable, len(r.Frames), r.Next)
	}
}

func TestJournal_FailureIsLatched(t *testing.T) {
	for _, status := range []event.Status{event.StatusIOError, event.StatusNoSpace} {
		b := begin(t, small())
		b.finishAll()
		for range 2 {
			b.j.Stage(Entry{Kind: EntryRoll})
			b.endTurn()
		}
		b.finish(1, status)
		b.finish(0, event.StatusOK)
		b.j.Stage(Entry{Kind: EntryRoll})
		b.endTurn()
		failed, why := b.j.Failed()
		if !failed || !strings.Contains(why, "frame 2") || b.j.Durable() != 1 || b.ops() != "" || b.j.Idle() || b.j.Room() > 0 {
			t.Fatalf("failed %t %q, durable below %d, %q ordered, room %d", failed, why, b.j.Durable(), b.ops(), b.j.Room())
		}
	}
}

func TestJournal_FailedPreparationIsLatched(t *testing.T) {
	b := begin(t, small())
	b.finish(0, event.StatusIOError)
	if failed, _ := b.j.Failed(); !failed || b.ops() != "" {
		t.Fatalf("failed %t, then %q", failed, b.ops())
	}
}

func TestJournal_TogetherKeepsEntriesInOneFrame(t *testing.T) {
	b := begin(t, small())
	b.finishAll()
	big := make([]byte, b.j.MaxPayload()-100)
	first, _, _ := b.j.Stage(Entry{Kind: EntryAppend}, big)
	b.j.Together(2, 60+60)
	prefix, _, _ := b.j.Stage(Entry{Kind: EntryPrefix}, big[:60])
	batch, _, _ := b.j.Stage(Entry{Kind: EntryAppend}, big[:60])
	if prefix != first+1 || batch != prefix {
		t.Fatalf("frames %d, %d, %d", first, prefix, batch)
	}
	if b.j.Room() > 0 {
		t.Fatalf("room %d although a frame queues", b.j.Room())
	}
}

// A ring that is never freed takes control entries up to the reserve, then dies rather than stand still.
func TestJournal_FullRing(t *testing.T) {
	b := begin(t, small())
	b.finishAll()
	for b.j.Room() > 0 {
		b.j.Stage(Entry{Kind: EntryAppend}, make([]byte, b.j.Room()))
		b.endTurn()
		b.finishAll()
	}
	frames := 0
	text := violated(func() {
		for !b.j.staged() {
			seq, _, _ := b.j.Stage(Entry{Kind: EntryHighWater})
			b.j.Demand(seq, 0, &b.out)
			b.endTurn()
			b.finishAll()
			frames++
		}
		if !b.j.Stuck(b.j.Open() - 1) {
			t.Fatal("a frame without a place is not stuck")
		}
		for range b.j.cfg.maxEntries() * 8 {
			b.j.Stage(Entry{Kind: EntryHighWater})
			b.j.EndTurn(0, &b.out)
		}
	})
	if frames < int(b.j.cfg.Reserve/event.BlockSize) || !strings.HasPrefix(text, "J-6") {
		t.Fatalf("%d control frames fit into the reserve, then %q", frames, text)
	}
	if !slices.Contains(b.out.Probes(), "journal/full") {
		t.Fatal("journal/full was not reached")
	}
}

// Control entries that nobody waits for gather in one frame rather than spend the reserve frame by frame.
func TestJournal_ControlEntriesSpendTheReserveOnDemand(t *testing.T) {
	b := begin(t, small())
	b.finishAll()
	for b.j.Room() > 0 {
		b.j.Stage(Entry{Kind: EntryAppend}, make([]byte, b.j.Room()))
		b.endTurn()
		b.finishAll()
	}
	held := b.j.Open()
	for range 20 {
		b.j.Stage(Entry{Kind: EntryCreate})
		b.endTurn()
		b.finishAll()
	}
	if b.j.Submitted() != held || b.j.Stuck(held) {
		t.Fatalf("frames below %d were submitted, frame %d is to wait", b.j.Submitted(), held)
	}
	b.j.Demand(held, 0, &b.out)
	b.endTurn()
	b.finishAll()
	if b.j.Durable() != held+1 {
		t.Fatalf("durable below %d after frame %d was demanded", b.j.Durable(), held)
	}
	b.j.Stage(Entry{Kind: EntryCreate})
	b.endTurn()
	if b.j.Submitted() != held+1 {
		t.Fatal("a demand for one frame submitted the next")
	}
	if due := b.j.NextDeadline(); due == event.Never {
		t.Fatal("an idle journal with a held frame does not seal")
	}
	b.j.OnTick(b.j.NextDeadline(), &b.out)
	b.endTurn()
	b.finishAll()
	if b.j.Durable() != held+2 || b.j.staged() {
		t.Fatalf("durable below %d: the held frame did not serve as a seal", b.j.Durable())
	}
}

func TestJournal_WaitsForTheRingInMemory(t *testing.T) {
	b := begin(t, small())
	b.finishAll()
	for !b.j.staged() {
		b.j.Stage(Entry{Kind: EntryRoll})
		b.endTurn()
		b.finishAll()
	}
	waiting := b.j.Submitted()
	b.j.Reuse(b.j.Durable())
	b.endTurn()
	b.finishAll()
	if b.j.Durable() != waiting+1 || b.j.Oldest() != waiting {
		t.Fatalf("durable below %d, frame %d waited for the ring", b.j.Durable(), waiting)
	}
}

func TestJournal_Laws(t *testing.T) {
	tests := []struct {
		law  string
		work func(b *bench)
	}{
		{"J-4", func(b *bench) { b.j.Reuse(2) }},
		{"J-7", func(b *bench) { b.j.Stage(Entry{Kind: EntryAppend}, make([]byte, b.j.MaxPayload()+1)) }},
		{"J-7", func(b *bench) { b.j.Stage(Entry{Kind: EntryRoll}, []byte{1}) }},
		{"J-7", func(b *bench) { b.j.Begin(0, testSuper, &b.out) }},
		{"J-7", func(b *bench) { begin(b.T, small()).j.Stage(Entry{Kind: EntryRoll}) }},
		{"J-7", func(*bench) { New(Config{}) }},
		{"J-3", func(b *bench) { b.j.Together(1000, 0) }},
		{"J-8", func(b *bench) {
			j := New(small())
			j.Recover(testSuper, 0, &b.out)
			j.Begin(0, testSuper, &b.out)
		}},
	}
	for _, tt := range tests {
		b := begin(t, small())
		b.finishAll()
		if text := violated(func() { tt.work(b) }); !strings.HasPrefix(text, tt.law) {
			t.Errorf("%s: %q", tt.law, text)
		}
	}
}

func TestRecover_ReadErrors(t *testing.T) {
	b := &bench{T: t, disk: newDisk(), j: New(small())}
	b.out.Probing = true
	b.disk.files[0] = &file{data: make([]byte, 4*event.BlockSize)}
	b.disk.bad = map[int64][]Span{0: {{2 * event.BlockSize, 3 * event.BlockSize}}}
	b.j.Recover(testSuper, 0, &b.out)
	b.disk.take(&b.out)
	reads := map[int64]int{}
	for len(b.disk.pending) > 0 {
		if e := b.disk.pending[0]; e.Op == event.OpReadFile && e.Length == event.BlockSize {
			reads[e.Offset/event.BlockSize]++
		}
		b.finish(0, event.StatusOK)
	}
	if reads[2] != readTries || reads[3] != 1 {
		t.Fatalf("reads of single blocks: %v", reads)
	}
	if want := []Span{{2 * event.BlockSize, 3 * event.BlockSize}}; !slices.Equal(b.j.reading.images[0].Unread, want) {
		t.Fatalf("unread %v", b.j.reading.images[0].Unread)
	}
}

func TestRecover_ListErrors(t *testing.T) {
	b := &bench{T: t, disk: newDisk(), j: New(small())}
	b.j.Recover(testSuper, 5, &b.out)
	b.disk.take(&b.out)
	for range readTries {
		b.finish(0, event.StatusIOError)
	}
	if r, ok := b.j.Recovery(); !ok || r.Lost == "" || r.Next != 5 {
		t.Fatalf("%+v %t", r, ok)
	}
}

func TestRecover_NoDirectory(t *testing.T) {
	for _, tt := range []struct {
		from uint64
		lost bool
	}{{0, false}, {1, false}, {2, true}} {
		b := &bench{T: t, disk: newDisk(), j: New(small())}
		b.j.Recover(testSuper, tt.from, &b.out)
		b.disk.take(&b.out)
		b.finish(0, event.StatusNotFound)
		if r, ok := b.j.Recovery(); !ok || (r.Lost != "") != tt.lost || len(r.Frames) != 0 {
			t.Fatalf("from %d: %+v %t", tt.from, r, ok)
		}
	}
}

// BenchmarkJournal_Turn is one turn of the loop: 100 appends of 1 KiB to one frame, submitted and completed.
func BenchmarkJournal_Turn(b *testing.B) {
	cfg := small()
	cfg.ChunkSize, cfg.MaxChunks, cfg.MaxFrame, cfg.Reserve = 16<<20, 4, 4<<20, 1<<20
	var out event.Buf
	j := New(cfg)
	j.Begin(0, testSuper, &out)
	payload := make([]byte, 1024)
	b.SetBytes(100 * 1024)
	b.ReportAllocs()
	complete := func() {
		for out.Len() > 0 {
			e := out.Effects()[0]
			out.Reset()
			if e.Op == event.OpRelease {
				continue
			}
			j.OnIO(&event.Event{IO: e.IO, N: int64(len(e.Data))}, &out)
		}
	}
	complete()
	for b.Loop() {
		for range 100 {
			j.Stage(Entry{Kind: EntryAppend}, payload)
		}
		j.EndTurn(0, &out)
		complete()
		j.Reuse(j.Durable())
	}
}
