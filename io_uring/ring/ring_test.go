package ring

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"unsafe"

	"github.com/highwater-log/highwater/io_uring/sys"
	"golang.org/x/sys/unix"
)

func newRing(t testing.TB, entries uint32, operations ...uint8) *Ring {
	t.Helper()
	r, err := New(entries, operations...)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// submit hands over what is pending, however many calls that takes.
func submit(t testing.TB, r *Ring, seen func(userData uint64, result int32)) {
	t.Helper()
	for r.Pending() > 0 {
		_, err := r.Submit()
		switch {
		case errors.Is(err, unix.EBUSY):
			if _, err := r.Reap(seen); err != nil {
				t.Fatal(err)
			}
		case err != nil:
			t.Fatal(err)
		}
	}
}

// reap waits until n outcomes were seen.
func reap(t testing.TB, r *Ring, n int, seen func(userData uint64, result int32)) {
	t.Helper()
	for n > 0 {
		if err := r.Wait(); err != nil {
			t.Fatal(err)
		}
		got, err := r.Reap(seen)
		if err != nil {
			t.Fatal(err)
		}
		n -= got
	}
	if n != 0 {
		t.Fatalf("%d outcomes too many", -n)
	}
}

// Rounds of every size up to the ring's, so that the indices pass its end at every place.
func TestRing_OrdersComeOutOnce(t *testing.T) {
	r := newRing(t, 8, sys.OpNop)
	next, seen := uint64(0), make(map[uint64]bool)
	for round := range 100 {
		n := 1 + round%r.Entries()
		for range n {
			r.Push().UserData = next
			next++
		}
		if taken, err := r.Submit(); err != nil || taken != n {
			t.Fatalf("round %d: the kernel took %d of %d: %v", round, taken, n, err)
		}
		reap(t, r, n, func(id uint64, result int32) {
			if seen[id] || id >= next || id < next-uint64(n) || result != 0 {
				t.Fatalf("round %d: outcome %d of order %d", round, result, id)
			}
			seen[id] = true
		})
	}
}

// UR-1: many more completions than the ring has room for, none of them reaped.
func TestRing_KeepsCompletionsThatFindItFull(t *testing.T) {
	const orders = 1000
	r := newRing(t, 4)
	seen := make(map[uint64]int)
	note := func(id uint64, _ int32) { seen[id]++ }
	for id := range uint64(orders) {
		for r.Pending() == r.Entries() {
			submit(t, r, note)
		}
		r.Push().UserData = id
	}
	submit(t, r, note)
	for len(seen) < orders {
		if err := r.Wait(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Reap(note); err != nil {
			t.Fatal(err)
		}
	}
	for id := range uint64(orders) {
		if seen[id] != 1 {
			t.Errorf("order %d came out %d times", id, seen[id])
		}
	}
}

func TestRing_IsFullWithoutSubmit(t *testing.T) {
	r := newRing(t, 4)
	for i := range r.Entries() {
		if r.Push() == nil {
			t.Fatalf("no room for order %d of %d", i, r.Entries())
		}
	}
	if r.Push() != nil {
		t.Error("an order was pushed over another one")
	}
}

func TestRing_TakesBackWhatWasNotSubmitted(t *testing.T) {
	r := newRing(t, 4)
	for id := range uint64(3) {
		r.Push().UserData = id
	}
	var back []uint64
	r.TakeBack(func(id uint64) { back = append(back, id) })
	if len(back) != 3 || back[0] != 0 || back[2] != 2 || r.Pending() != 0 {
		t.Fatalf("took back %v, %d pending", back, r.Pending())
	}
	r.Push().UserData = 9
	submit(t, r, nil)
	reap(t, r, 1, func(id uint64, _ int32) {
		if id != 9 {
			t.Errorf("order %d was executed although it was taken back", id)
		}
	})
}

func TestRing_WakesWhoWaits(t *testing.T) {
	r := newRing(t, 4)
	for range 3 {
		if err := r.Wake(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Wait(); err != nil {
		t.Fatal(err)
	}
	woken := make(chan error)
	go func() { woken <- r.Wait() }()
	if err := r.Wake(); err != nil {
		t.Fatal(err)
	}
	if err := <-woken; err != nil {
		t.Error(err)
	}
}

func TestRing_WritesReadsAndTellsErrors(t *testing.T) {
	r := newRing(t, 4, sys.OpRead, sys.OpWrite)
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	do := func(op uint8, fd int, p []byte) (result int32) {
		var pin runtime.Pinner
		pin.Pin(&p[0])
		defer pin.Unpin()
		e := r.Push()
		e.Opcode, e.FD, e.Len, e.Off = op, int32(fd), uint32(len(p)), 3
		e.Addr = uint64(uintptr(unsafe.Pointer(&p[0])))
		submit(t, r, nil)
		reap(t, r, 1, func(_ uint64, res int32) { result = res })
		return result
	}
	if n := do(sys.OpWrite, int(f.Fd()), []byte("hello")); n != 5 {
		t.Errorf("write: %d", n)
	}
	got := make([]byte, 10)
	if n := do(sys.OpRead, int(f.Fd()), got); n != 5 || string(got[:5]) != "hello" {
		t.Errorf("read: %d, %q", n, got)
	}
	if n := do(sys.OpRead, -1, got); unix.Errno(-n) != unix.EBADF {
		t.Errorf("read of no file: %d", n)
	}
}

func TestNew_SaysWhatTheKernelLacks(t *testing.T) {
	newRing(t, 1) // or skip
	var lacks *Lacks
	if _, err := New(4, sys.OpNop, 250); !errors.As(err, &lacks) {
		t.Errorf("an operation that no kernel has: %v", err)
	}
	if _, err := New(0); !errors.Is(err, unix.EINVAL) {
		t.Errorf("no entries: %v", err)
	}
}
