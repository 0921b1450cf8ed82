package posix

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/server/files"
)

const block = event.BlockSize

// rig is a loop on a real directory. do orders one effect and waits for its completion.
type rig struct {
	t    *testing.T
	dir  *files.Dir
	loop *Loop
	buf  event.Buf
	next uint64

	mu   sync.Mutex
	wait map[event.IOID]chan event.Event
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := files.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: dir, wait: make(map[event.IOID]chan event.Event)}
	r.loop = New(dir, slog.New(slog.DiscardHandler), r.done)
	t.Cleanup(func() {
		r.loop.Close()
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) done(ev event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.wait[ev.IO]
	if c == nil {
		r.t.Errorf("IO-1: completion of %s, which is not in flight", ev.IO)
		return
	}
	delete(r.wait, ev.IO)
	c <- ev
}

func (r *rig) submit(order func(b *event.Buf, io event.IOID)) chan event.Event {
	r.next++
	io := event.NewIOID(event.Shard0, r.next)
	c := make(chan event.Event, 1)
	r.mu.Lock()
	r.wait[io] = c
	r.mu.Unlock()
	r.buf.Reset()
	order(&r.buf, io)
	r.loop.Submit(&r.buf.Effects()[0])
	return c
}

func (r *rig) do(order func(b *event.Buf, io event.IOID)) event.Event { return <-r.submit(order) }

func (r *rig) ok(order func(b *event.Buf, io event.IOID)) event.Event {
	r.t.Helper()
	ev := r.do(order)
	if ev.Status != event.StatusOK {
		r.t.Fatalf("%s: %s", r.buf.Effects()[0].String(), ev.Status)
	}
	if ev.Kind != event.KindIODone || ev.To != event.Shard0 {
		r.t.Fatalf("completion %v", &ev)
	}
	return ev
}

func chunk(n int64) event.File {
	return event.File{Kind: event.FileChunk, Store: event.Shard0, Base: n}
}

func pattern(seed byte, blocks int) []byte {
	p := files.Alloc(blocks * block)
	for i := range p {
		p[i] = seed + byte(i/512)
	}
	return p
}

func TestLoop_WritesAndReadsBack(t *testing.T) {
	r := newRig(t)
	f := chunk(3)
	r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, f) })
	r.ok(func(b *event.Buf, io event.IOID) { b.AllocateFile(io, f, 8*block) })
	for i, durable := range []bool{true, false} {
		want := pattern(byte(1+i), 2)
		ev := r.ok(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, int64(i)*3*block, want, durable) })
		if ev.N != int64(len(want)) {
			t.Errorf("wrote %d bytes, want %d", ev.N, len(want))
		}
		got := r.ok(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, int64(i)*3*block, 2*block) })
		if got.N != 2*block || !bytes.Equal(got.Data, want) {
			t.Errorf("durable=%v: other bytes came back", durable)
		}
	}
	if ev := r.ok(func(b *event.Buf, io event.IOID) { b.StatFile(io, f) }); ev.N != 8*block {
		t.Errorf("size %d, want %d", ev.N, 8*block)
	}
}

func TestLoop_WritesMemoryThatIsNotAligned(t *testing.T) {
	r := newRig(t)
	f := chunk(0)
	r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, f) })
	want := pattern(9, 2)[100 : 100+block]
	r.ok(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, 0, want, true) })
	got := r.ok(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, 0, block) })
	if !bytes.Equal(got.Data, want) {
		t.Error("other bytes came back")
	}
}

func TestLoop_CreateKeepsWhatIsThere(t *testing.T) {
	r := newRig(t)
	f := chunk(0)
	for range 2 {
		r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, f) })
		r.ok(func(b *event.Buf, io event.IOID) { b.AllocateFile(io, f, 2*block) })
	}
	if ev := r.ok(func(b *event.Buf, io event.IOID) { b.StatFile(io, f) }); ev.N != 2*block {
		t.Errorf("size %d, want %d", ev.N, 2*block)
	}
}

// A file that exists in its full length has been written whole: no later write meets an unwritten extent.
func TestLoop_AllocateWritesZerosFromTheEnd(t *testing.T) {
	r := newRig(t)
	f := chunk(0)
	r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, f) })
	r.ok(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, 0, pattern(1, 2), false) })
	r.ok(func(b *event.Buf, io event.IOID) { b.TruncateFile(io, f, block+100) })
	const size = 3<<20 + 5*block
	r.ok(func(b *event.Buf, io event.IOID) { b.AllocateFile(io, f, size) })
	got := r.ok(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, 0, size) })
	want := make([]byte, size)
	copy(want, pattern(1, 2)[:block+100])
	if !bytes.Equal(got.Data, want) {
		t.Error("allocation changed what was there, or left something else than zeros")
	}
	var stat syscall.Stat_t
	if err := syscall.Stat(r.dir.Path(f), &stat); err != nil {
		t.Fatal(err)
	}
	if stat.Blocks*512 < size {
		t.Errorf("%d of %d bytes are on disk: holes remain", stat.Blocks*512, size)
	}
	r.ok(func(b *event.Buf, io event.IOID) { b.AllocateFile(io, f, block) }) // shorter: nothing to do
	if ev := r.ok(func(b *event.Buf, io event.IOID) { b.StatFile(io, f) }); ev.N != size {
		t.Errorf("size %d after a shorter allocation, want %d", ev.N, size)
	}
}

func TestLoop_ReadsUpToTheEnd(t *testing.T) {
	r := newRig(t)
	f := event.File{Kind: event.FileSegment, Store: event.Shard0, Base: 7}
	r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, f) })
	r.ok(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, 0, pattern(5, 2), false) })
	r.ok(func(b *event.Buf, io event.IOID) { b.TruncateFile(io, f, block+1234) })
	r.ok(func(b *event.Buf, io event.IOID) { b.SyncFile(io, f) })
	for _, c := range []struct {
		offset, length, want int64
		status               event.Status
	}{
		{0, block, block, event.StatusOK},
		{0, 4 * block, block + 1234, event.StatusShort},
		{block, block, 1234, event.StatusShort},
		{2 * block, block, 0, event.StatusShort},
		{9 * block, block, 0, event.StatusShort},
	} {
		ev := r.do(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, c.offset, c.length) })
		if ev.Status != c.status || ev.N != c.want || int64(len(ev.Data)) != c.want {
			t.Errorf("read %d at %d: %s, %d bytes; want %s, %d", c.length, c.offset, ev.Status, ev.N, c.status, c.want)
			continue
		}
		if !bytes.Equal(ev.Data, pattern(5, 2)[min(c.offset, 2*block):][:c.want]) {
			t.Errorf("read %d at %d: other bytes", c.length, c.offset)
		}
	}
}

func TestLoop_MissingFilesAreNotFound(t *testing.T) {
	r := newRig(t)
	f, dir := chunk(1), event.File{Kind: event.DirJournal, Store: event.Shard0}
	orders := map[string]func(b *event.Buf, io event.IOID){
		"write":    func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, 0, pattern(0, 1), true) },
		"read":     func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, 0, block) },
		"allocate": func(b *event.Buf, io event.IOID) { b.AllocateFile(io, f, block) },
		"truncate": func(b *event.Buf, io event.IOID) { b.TruncateFile(io, f, 1) },
		"stat":     func(b *event.Buf, io event.IOID) { b.StatFile(io, f) },
		"sync":     func(b *event.Buf, io event.IOID) { b.SyncFile(io, f) },
		"sync-dir": func(b *event.Buf, io event.IOID) { b.SyncDir(io, dir) },
		"list":     func(b *event.Buf, io event.IOID) { b.ListDir(io, dir) },
		"rename":   func(b *event.Buf, io event.IOID) { b.RenameFile(io, f, chunk(2)) },
	}
	for name, order := range orders {
		if ev := r.do(order); ev.Status != event.StatusNotFound {
			t.Errorf("%s: %s", name, ev.Status)
		}
	}
	r.ok(func(b *event.Buf, io event.IOID) { b.RemoveFile(io, f) })
	r.ok(func(b *event.Buf, io event.IOID) { b.RemoveFile(io, dir) })
}

// The walk of a deleted partition (D10): folder renamed while its segment is open, then removed with all it holds.
func TestLoop_RenamesAndRemovesAWholeFolder(t *testing.T) {
	r := newRig(t)
	seg := event.File{Kind: event.FileSegment, Store: event.Shard0, Topic: event.UUID{1}, Partition: 4}
	tomb := seg.Dir()
	tomb.Kind = event.DirTombstone
	r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, seg) })
	r.ok(func(b *event.Buf, io event.IOID) { b.WriteFile(io, seg, 0, pattern(2, 1), false) })
	r.ok(func(b *event.Buf, io event.IOID) { b.RenameFile(io, seg.Dir(), tomb) })
	r.ok(func(b *event.Buf, io event.IOID) { b.SyncDir(io, seg.Dir().Dir()) })

	// The old name is gone, also for who had the file open; made again, it is another file.
	if ev := r.do(func(b *event.Buf, io event.IOID) { b.ReadFile(io, seg, 0, block) }); ev.Status != event.StatusNotFound {
		t.Errorf("read under the old name: %s", ev.Status)
	}
	r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, seg) })
	if ev := r.ok(func(b *event.Buf, io event.IOID) { b.StatFile(io, seg) }); ev.N != 0 {
		t.Errorf("new file has %d bytes", ev.N)
	}
	topics := event.File{Kind: event.DirTopics, Store: event.Shard0}
	list := r.ok(func(b *event.Buf, io event.IOID) { b.ListDir(io, topics) })
	if len(list.Files) != 2 || list.Files[0].File != seg.Dir() || list.Files[1].File != tomb {
		t.Errorf("folders %v", list.Files)
	}
	r.ok(func(b *event.Buf, io event.IOID) { b.RemoveFile(io, tomb) })
	r.ok(func(b *event.Buf, io event.IOID) { b.RemoveFile(io, tomb) })
	list = r.ok(func(b *event.Buf, io event.IOID) { b.ListDir(io, topics) })
	if len(list.Files) != 1 || list.Files[0].File != seg.Dir() {
		t.Errorf("folders after removal: %v", list.Files)
	}
}

func TestLoop_SyncsEverything(t *testing.T) {
	r := newRig(t)
	r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, chunk(0)) })
	r.ok(func(b *event.Buf, io event.IOID) { b.SyncFile(io, chunk(0)) })
	r.ok(func(b *event.Buf, io event.IOID) { b.SyncDir(io, chunk(0).Dir()) })
	r.ok(func(b *event.Buf, io event.IOID) { b.SyncDir(io, event.File{}) })
	r.ok(func(b *event.Buf, io event.IOID) { b.SyncFs(io) })
}

// A random history over many files in flight at once, each file in order, against a plain copy in memory.
func TestLoop_AgreesWithMemory(t *testing.T) {
	r := newRig(t)
	const filesN, steps, size = 8, 60, 16
	var group sync.WaitGroup
	var mu sync.Mutex // guards rig.submit
	do := func(order func(b *event.Buf, io event.IOID)) event.Event {
		mu.Lock()
		c := r.submit(order)
		mu.Unlock()
		return <-c
	}
	for n := range filesN {
		group.Go(func() {
			f, rng, model := chunk(int64(n)), rand.New(rand.NewPCG(1, uint64(n))), make([]byte, size*block)
			if ev := do(func(b *event.Buf, io event.IOID) { b.CreateFile(io, f) }); ev.Status != event.StatusOK {
				t.Errorf("create: %s", ev.Status)
			}
			if ev := do(func(b *event.Buf, io event.IOID) { b.AllocateFile(io, f, size*block) }); ev.Status != event.StatusOK {
				t.Errorf("allocate: %s", ev.Status)
			}
			for step := range steps {
				at := rng.IntN(size)
				length := 1 + rng.IntN(size-at)
				if rng.IntN(3) > 0 {
					p := pattern(byte(rng.Int()), length)
					copy(model[at*block:], p)
					durable := rng.IntN(4) == 0
					ev := do(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, int64(at*block), p, durable) })
					if ev.Status != event.StatusOK {
						t.Errorf("write: %s", ev.Status)
					}
					continue
				}
				ev := do(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, int64(at*block), int64(length*block)) })
				if !bytes.Equal(ev.Data, model[at*block:(at+length)*block]) {
					t.Errorf("file %d step %d: other bytes", n, step)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestLoop_CloseCompletesEverything(t *testing.T) {
	r := newRig(t)
	r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, chunk(0)) })
	var waits []chan event.Event
	for i := range 200 {
		waits = append(waits, r.submit(func(b *event.Buf, io event.IOID) {
			b.WriteFile(io, chunk(0), int64(i)*block, pattern(1, 1), i%10 == 0)
		}))
	}
	r.loop.Close()
	for i, c := range waits {
		select {
		case ev := <-c:
			if ev.Status != event.StatusOK {
				t.Errorf("write %d: %s", i, ev.Status)
			}
		default:
			t.Fatalf("IO-1: write %d did not complete", i)
		}
	}
}

func TestLoop_ErrorsOfTheDiskAreTold(t *testing.T) {
	r := newRig(t)
	// A directory where a file should be, and a file where a directory should be.
	if err := os.MkdirAll(r.dir.Path(chunk(5)), 0o750); err != nil {
		t.Fatal(err)
	}
	if ev := r.do(func(b *event.Buf, io event.IOID) { b.CreateFile(io, chunk(5)) }); ev.Status != event.StatusIOError {
		t.Errorf("create over a directory: %s", ev.Status)
	}
	if err := os.WriteFile(filepath.Join(r.dir.Root(), "home"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	home := event.File{Kind: event.FileHardState, Store: event.Home}
	if ev := r.do(func(b *event.Buf, io event.IOID) { b.CreateFile(io, home) }); ev.Status != event.StatusIOError {
		t.Errorf("create below a file: %s", ev.Status)
	}
}

func TestStatusOf_NamesWhatTheCoreDecidesBy(t *testing.T) {
	for _, c := range []struct {
		err  error
		want event.Status
	}{
		{nil, event.StatusOK},
		{syscall.ENOENT, event.StatusNotFound},
		{&os.PathError{Op: "open", Err: syscall.ENOENT}, event.StatusNotFound},
		{fmt.Errorf("write: %w", syscall.ENOSPC), event.StatusNoSpace},
		{fmt.Errorf("allocate: %w", syscall.EDQUOT), event.StatusNoSpace},
		{syscall.EIO, event.StatusIOError},
		{syscall.EROFS, event.StatusIOError},
		{errors.New("anything else"), event.StatusIOError},
	} {
		if got := StatusOf(c.err); got != c.want {
			t.Errorf("StatusOf(%v) = %s, want %s", c.err, got, c.want)
		}
	}
}

func TestLoop_RefusesOrdersOutsideTheContract(t *testing.T) {
	r := newRig(t)
	bad := map[string]func(b *event.Buf, io event.IOID){
		"odd offset":   func(b *event.Buf, io event.IOID) { b.WriteFile(io, chunk(0), 512, pattern(0, 1), true) },
		"odd length":   func(b *event.Buf, io event.IOID) { b.WriteFile(io, chunk(0), 0, make([]byte, 100), true) },
		"odd read":     func(b *event.Buf, io event.IOID) { b.ReadFile(io, chunk(0), 0, 100) },
		"odd allocate": func(b *event.Buf, io event.IOID) { b.AllocateFile(io, chunk(0), 100) },
		"remove root":  func(b *event.Buf, io event.IOID) { b.RemoveFile(io, event.File{}) },
		"no disk verb": func(b *event.Buf, _ event.IOID) { b.Halt(event.HaltClean, "") },
	}
	for name, order := range bad {
		func() {
			defer func() {
				if _, ok := recover().(invariant.Violation); !ok {
					t.Errorf("%s: accepted", name)
				}
			}()
			var b event.Buf
			order(&b, 1)
			r.loop.Submit(&b.Effects()[0])
		}()
	}
}

// IO-6: those that wait together are taken together, in their order; what comes later waits for the next one.
func TestLane_PopAllTakesWhatWaits(t *testing.T) {
	l := newLane()
	for i := range uint64(3) {
		l.push(&event.Effect{Op: event.OpSyncFs, IO: event.NewIOID(event.Shard0, i)})
	}
	all := l.popAll()
	l.push(&event.Effect{Op: event.OpSyncFs, IO: event.NewIOID(event.Shard0, 3)})
	for i := range all {
		if all[i].IO.Ordinal() != uint64(i) {
			t.Errorf("at %d: %s", i, all[i].IO)
		}
	}
	if next := l.popAll(); len(all) != 3 || len(next) != 1 || next[0].IO.Ordinal() != 3 {
		t.Errorf("took %d, then %d", len(all), len(next))
	}
	l.close()
	if rest := l.popAll(); rest != nil {
		t.Errorf("a closed lane gives %d", len(rest))
	}
}

// IO-1, IO-6: each of many syncs completes once, whichever it shares its system call with, and tells the shard that asked.
func TestLoop_SyncsTogetherCompleteEach(t *testing.T) {
	r := newRig(t)
	var waiting []chan event.Event
	for i := range 50 {
		f := chunk(int64(i))
		r.ok(func(b *event.Buf, io event.IOID) { b.CreateFile(io, f) })
		waiting = append(waiting, r.submit(func(b *event.Buf, io event.IOID) { b.SyncFs(io) }))
	}
	for _, c := range waiting {
		if ev := <-c; ev.Status != event.StatusOK || ev.To != event.Shard0 {
			t.Errorf("completion %s", &ev)
		}
	}
}
