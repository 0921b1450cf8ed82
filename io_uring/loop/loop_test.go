package loop

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"unsafe"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"golang.org/x/sys/unix"
)

// rig is a loop over real files. It is also what lies around one: the open files, and the loop for the rest, which notes what
// it is given and answers that all is well.
type rig struct {
	t    *testing.T
	loop *Loop
	mode Mode
	path string
	next uint64

	mu    sync.Mutex
	open  map[event.File]number
	held  int // handles that were given out
	wait  map[event.IOID]chan event.Event
	other []event.Effect // what the rest was given
}

func newRig(t *testing.T, m Mode) *rig {
	t.Helper()
	r := &rig{t: t, mode: m, path: t.TempDir(), open: make(map[event.File]number), wait: make(map[event.IOID]chan event.Event)}
	var err error
	r.loop, err = New(Config{
		Mode: m, Files: r, Rest: r, Alloc: alloc, Status: statusOf, Done: r.done, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.loop.Close()
		if r.held != 0 {
			t.Errorf("%d handles were not given back", r.held)
		}
		for _, fd := range r.open {
			_ = unix.Close(int(fd)) // what it reports is not this test's
		}
	})
	return r
}

// alloc gives aligned memory.
func alloc(n int) []byte {
	p := make([]byte, n+block)
	skip := block - int(uintptr(unsafe.Pointer(&p[0]))%block)
	return p[skip : skip+n : skip+n]
}

func (r *rig) Cached(f event.File) (Handle, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fd, ok := r.open[f]
	if ok {
		r.held++
	}
	return fd, ok
}

func (r *rig) Release(Handle) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held--
}

func (r *rig) Submit(e *event.Effect) {
	r.mu.Lock()
	r.other = append(r.other, *e)
	r.mu.Unlock()
	r.done(event.Event{Kind: event.KindIODone, IO: e.IO, N: e.Length})
}

func (r *rig) Close() {}

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

// submit orders one effect, without a flush.
func (r *rig) submit(order func(b *event.Buf, io event.IOID)) chan event.Event {
	c := make(chan event.Event, 1)
	r.mu.Lock()
	r.next++
	io := event.NewIOID(event.Shard0, r.next)
	r.wait[io] = c
	r.mu.Unlock()
	var b event.Buf
	order(&b, io)
	r.loop.Submit(&b.Effects()[0])
	return c
}

func (r *rig) do(order func(b *event.Buf, io event.IOID)) event.Event {
	c := r.submit(order)
	r.loop.Flush()
	return <-c
}

func (r *rig) ok(order func(b *event.Buf, io event.IOID)) event.Event {
	r.t.Helper()
	ev := r.do(order)
	if ev.Status != event.StatusOK {
		r.t.Fatalf("%s", &ev)
	}
	return ev
}

// file makes a file of size bytes and opens it as the mode says.
func (r *rig) file(n int64, size int) event.File {
	r.t.Helper()
	path := filepath.Join(r.path, strconv.FormatInt(n, 10))
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		r.t.Fatal(err)
	}
	flags := unix.O_RDWR | unix.O_CLOEXEC
	if r.mode.Direct {
		flags |= unix.O_DIRECT
	}
	return r.opened(n, path, flags)
}

func (r *rig) opened(n int64, path string, flags int) event.File {
	r.t.Helper()
	fd, err := unix.Open(path, flags, 0)
	if err != nil {
		r.t.Skipf("%s: %v", path, err) // no O_DIRECT in the folder for tests
	}
	f := event.File{Kind: event.FileChunk, Base: n}
	r.mu.Lock()
	r.open[f] = number(fd)
	r.mu.Unlock()
	return f
}

func pattern(seed byte, blocks int) []byte {
	p := alloc(blocks * block)
	for i := range p {
		p[i] = seed + byte(i/512)
	}
	return p
}

var modes = []Mode{{Direct: true, DSync: true}, {Direct: true}, {DSync: true}, {}}

func TestLoop_WritesAndReadsBackInEveryMode(t *testing.T) {
	for _, m := range modes {
		t.Run(fmt.Sprintf("%+v", m), func(t *testing.T) {
			r := newRig(t, m)
			f := r.file(1, 8*block)
			for i, durable := range []bool{true, false} {
				want := pattern(byte(1+i), 2)
				if ev := r.ok(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, int64(i)*3*block, want, durable) }); ev.N != 2*block {
					t.Errorf("wrote %d bytes", ev.N)
				}
				r.ok(func(b *event.Buf, io event.IOID) { b.SyncFile(io, f) })
				got := r.ok(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, int64(i)*3*block, 2*block) })
				if !bytes.Equal(got.Data, want) || !aligned(got.Data) {
					t.Errorf("durable=%v: other bytes came back", durable)
				}
			}
			ev := r.do(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, 7*block, 4*block) })
			if ev.Status != event.StatusShort || ev.N != block {
				t.Errorf("read over the end: %s", &ev)
			}
			if len(r.other) > 0 {
				t.Errorf("the portable loop was given %s", &r.other[0])
			}
		})
	}
}

// A read into memory that the effect brings: of the collector, or mapped beside it.
func TestLoop_ReadsIntoMemoryThatIsGiven(t *testing.T) {
	mapped, err := unix.Mmap(-1, 0, 4*block, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(mapped) }() // the process ends soon
	for _, m := range modes {
		r := newRig(t, m)
		f := r.file(1, 3*block)
		copy(mapped, pattern(4, 3))
		r.ok(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, 0, mapped[:3*block], true) })
		for name, into := range map[string][]byte{"the collector's": alloc(4 * block), "mapped": mapped} {
			clear(into)
			ev := r.do(func(b *event.Buf, io event.IOID) {
				b.ReadFile(io, f, 0, 4*block)
				b.Effects()[0].Data = into
			})
			if ev.Status != event.StatusShort || ev.N != 3*block || &ev.Data[0] != &into[0] || !bytes.Equal(into[:3*block], pattern(4, 3)) {
				t.Errorf("%+v, %s memory: %s", m, name, &ev)
			}
		}
		if len(r.other) > 0 {
			t.Errorf("the portable loop was given %s", &r.other[0])
		}
	}
}

func TestLoop_GivesTheRestAway(t *testing.T) {
	r := newRig(t, Mode{Direct: true, DSync: true})
	f := r.file(1, 8*block)
	missing := event.File{Kind: event.FileChunk, Base: 99}
	orders := []func(b *event.Buf, io event.IOID){
		func(b *event.Buf, io event.IOID) { b.WriteFile(io, missing, 0, pattern(1, 1), true) },
		func(b *event.Buf, io event.IOID) { b.ReadFile(io, missing, 0, block) },
		func(b *event.Buf, io event.IOID) { b.SyncFile(io, missing) },
		func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, 0, pattern(1, 2)[512:512+block], true) }, // not aligned
		func(b *event.Buf, io event.IOID) { // not aligned either
			b.ReadFile(io, f, 0, block)
			b.Effects()[0].Data = pattern(1, 2)[512 : 512+block]
		},
		func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, 0, nil, true) },
		func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, 0, 0) },
		func(b *event.Buf, io event.IOID) { b.CreateFile(io, f) },
		func(b *event.Buf, io event.IOID) { b.AllocateFile(io, f, block) },
		func(b *event.Buf, io event.IOID) { b.TruncateFile(io, f, 0) },
		func(b *event.Buf, io event.IOID) { b.RenameFile(io, f, missing) },
		func(b *event.Buf, io event.IOID) { b.RemoveFile(io, f) },
		func(b *event.Buf, io event.IOID) { b.ListDir(io, f.Dir()) },
		func(b *event.Buf, io event.IOID) { b.StatFile(io, f) },
		func(b *event.Buf, io event.IOID) { b.SyncDir(io, f.Dir()) },
		func(b *event.Buf, io event.IOID) { b.SyncFs(io) },
	}
	for i, order := range orders {
		<-r.submit(order) // without a flush: the rest needs none
		if len(r.other) != i+1 {
			t.Fatalf("order %d was not given to the portable loop", i)
		}
	}
}

// IO-1, with far more operations than there are places.
func TestLoop_CompletesMoreThanThereArePlaces(t *testing.T) {
	const n = 8*places + 5
	for _, m := range []Mode{{Direct: true, DSync: true}, {}} {
		r := newRig(t, m)
		f := r.file(1, 0)
		var waits []chan event.Event
		for i := range n {
			waits = append(waits, r.submit(func(b *event.Buf, io event.IOID) {
				b.WriteFile(io, f, int64(i)*block, pattern(byte(i), 1), i%100 == 0)
			}))
		}
		r.loop.Flush()
		for i, c := range waits {
			if ev := <-c; ev.Status != event.StatusOK {
				t.Fatalf("write %d: %s", i, ev.Status)
			}
		}
		waits = waits[:0]
		for i := range n {
			waits = append(waits, r.submit(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, int64(i)*block, block) }))
		}
		r.loop.Flush()
		for i, c := range waits {
			if ev := <-c; !bytes.Equal(ev.Data, pattern(byte(i), 1)) {
				t.Fatalf("read %d: %s, other bytes", i, ev.Status)
			}
		}
		if len(r.other) > 0 {
			t.Errorf("the portable loop was given %s", &r.other[0])
		}
	}
}

// UL-1: a durable write takes a place although more reads wait than there are places.
func TestLoop_KeepsPlacesForDurableWrites(t *testing.T) {
	r := newRig(t, Mode{Direct: true, DSync: true})
	f := r.file(1, 2*places*block)
	var waits []chan event.Event
	for i := range 2 * places {
		waits = append(waits, r.submit(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, int64(i)*block, block) }))
	}
	free := func() int {
		r.loop.mu.Lock()
		defer r.loop.mu.Unlock()
		return len(r.loop.free)
	}
	if n := free(); n != kept {
		t.Fatalf("%d places are free, want %d", n, kept)
	}
	for i := range kept {
		waits = append(waits, r.submit(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, int64(i)*block, pattern(1, 1), true) }))
		if n := free(); n != kept-1-i {
			t.Fatalf("durable write %d took no place: %d are free", i, n)
		}
	}
	r.loop.Flush()
	for i, c := range waits {
		if ev := <-c; ev.Status != event.StatusOK {
			t.Errorf("operation %d: %s", i, ev.Status)
		}
	}
}

// IO-1 at Close: with operations in flight, others that wait for a place, and no flush.
func TestLoop_CloseCompletesEverything(t *testing.T) {
	r := newRig(t, Mode{Direct: true, DSync: true})
	f := r.file(1, 0)
	var mu sync.Mutex
	var waits []chan event.Event
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 100 {
				c := r.submit(func(b *event.Buf, io event.IOID) {
					b.WriteFile(io, f, int64(g*100+i)*block, pattern(1, 1), i%10 == 0)
				})
				if i%7 == 0 {
					r.loop.Flush()
				}
				mu.Lock()
				waits = append(waits, c)
				mu.Unlock()
			}
		})
	}
	group.Wait()
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

// The kernel cancels what a thread that ends has submitted and what was not begun: it is begun again.
func TestLoop_OutlivesTheThreadThatSubmitted(t *testing.T) {
	for _, m := range []Mode{{Direct: true, DSync: true}, {}} {
		r := newRig(t, m)
		f := r.file(1, 0)
		var waits []chan event.Event
		for round := range 20 {
			submitted := make(chan bool)
			go func() {
				runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
				for i := range places {
					waits = append(waits, r.submit(func(b *event.Buf, io event.IOID) {
						b.WriteFile(io, f, int64(round*places+i)*block, pattern(byte(i), 1), i%2 == 0)
					}))
				}
				r.loop.Flush()
				close(submitted)
			}()
			<-submitted
		}
		for i, c := range waits {
			if ev := <-c; ev.Status != event.StatusOK {
				t.Fatalf("%+v, write %d: %s", m, i, ev.Status)
			}
		}
		for i := range 20 * places {
			if ev := r.ok(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, int64(i)*block, block) }); !bytes.Equal(ev.Data, pattern(byte(i%places), 1)) {
				t.Fatalf("%+v, write %d: other bytes", m, i)
			}
		}
	}
}

// UL-4: the ring's descriptor becomes something that takes no orders, while operations are in flight.
func TestLoop_HandsOnWhatTheKernelRefuses(t *testing.T) {
	r := newRig(t, Mode{Direct: true, DSync: true})
	f := r.file(1, 4*places*block)
	var before, after []chan event.Event
	for i := range places / 2 {
		before = append(before, r.submit(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, int64(i)*block, pattern(3, 1), false) }))
	}
	r.loop.Flush()
	spoil(t)
	for i := range 2 * places {
		after = append(after, r.submit(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, int64(i)*block, block) }))
	}
	r.loop.Flush()
	for i, c := range before {
		if ev := <-c; ev.Status != event.StatusOK || ev.To != event.Shard0 {
			t.Errorf("operation %d, in flight before: %s", i, &ev)
		}
	}
	for _, c := range after {
		<-c
	}
	if len(r.other) != 2*places {
		t.Errorf("the portable loop was given %d effects, want %d", len(r.other), 2*places)
	}
	<-r.submit(func(b *event.Buf, io event.IOID) { b.SyncFile(io, f) })
	if len(r.other) != 2*places+1 {
		t.Error("a later effect was kept from the portable loop")
	}
}

// An order that the kernel did not begin is offered again, to the portable loop if the ring has broken meanwhile.
func TestLoop_OffersAgainWhatWasNotBegun(t *testing.T) {
	for _, broken := range []bool{false, true} {
		r := newRig(t, Mode{Direct: true, DSync: true})
		f := r.file(1, block)
		c := r.submit(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, 0, pattern(1, 1), true) })
		r.loop.mu.Lock()
		r.loop.ring.TakeBack(func(place uint64) { r.loop.completed(place, -int32(unix.EAGAIN)) })
		r.loop.broken = broken
		r.loop.mu.Unlock()
		if ev := <-c; ev.Status != event.StatusOK || ev.N != block {
			t.Errorf("broken=%v: %s", broken, &ev)
		}
		if (len(r.other) > 0) != broken {
			t.Errorf("broken=%v: the portable loop was given %d effects", broken, len(r.other))
		}
	}
}

// spoil puts another file in the place of the descriptor of every ring of the process.
func spoil(t *testing.T) {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	spoiled := 0
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err != nil || target != "anon_inode:[io_uring]" {
			continue
		}
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Dup3(int(null.Fd()), fd, unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		spoiled++
	}
	if spoiled != 1 {
		t.Fatalf("%d rings were found", spoiled)
	}
}

func TestLoop_TellsErrorsOfTheKernel(t *testing.T) {
	r := newRig(t, Mode{})
	full := r.opened(1, "/dev/full", unix.O_RDWR)
	if ev := r.do(func(b *event.Buf, io event.IOID) { b.WriteFile(io, full, 0, pattern(1, 1), true) }); ev.Status != event.StatusNoSpace {
		t.Errorf("write to a full disk: %s", ev.Status)
	}
	r.file(2, block)
	readOnly := r.opened(3, filepath.Join(r.path, "2"), unix.O_RDONLY)
	if ev := r.do(func(b *event.Buf, io event.IOID) { b.WriteFile(io, readOnly, 0, pattern(1, 1), true) }); ev.Status != event.StatusIOError {
		t.Errorf("write to a file opened for reading: %s", ev.Status)
	}
}

func TestLoop_RefusesWhatIsOutsideTheContract(t *testing.T) {
	r := newRig(t, Mode{})
	f := r.file(1, block)
	for name, broken := range map[string]func(){
		"IO-5: odd offset": func() {
			r.submit(func(b *event.Buf, io event.IOID) { b.WriteFile(io, f, 512, pattern(0, 1), true) })
		},
		"IO-5: odd read": func() {
			r.submit(func(b *event.Buf, io event.IOID) { b.ReadFile(io, f, 0, 100) })
		},
		"IO-5: other length": func() {
			r.submit(func(b *event.Buf, io event.IOID) {
				b.ReadFile(io, f, 0, block)
				b.Effects()[0].Data = pattern(1, 2)
			})
		},
		"UL-2: nothing in flight": func() { r.loop.completed(5, 0) },
		"UL-2: no such place":     func() { r.loop.completed(places, 0) },
	} {
		func() {
			defer func() {
				v, ok := recover().(invariant.Violation)
				if !ok || v.Text[:4] != name[:4] {
					t.Errorf("%s: %q", name, v.Text)
				}
			}()
			broken()
		}()
	}
	clear(r.wait)
}
