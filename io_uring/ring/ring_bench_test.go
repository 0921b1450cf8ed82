package ring

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"
	"unsafe"

	"github.com/highwater-log/highwater/io_uring/sys"
	"golang.org/x/sys/unix"
)

// BenchmarkRegistered is whether files and buffers that the kernel knows beforehand pay: direct writes to a file that is written
// already, one in flight, not durable, so that the disk's flush does not drown the difference.
func BenchmarkRegistered(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20} {
		for _, registered := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dKiB/registered=%v", size>>10, registered), func(b *testing.B) { benchWrite(b, size, registered) })
		}
	}
}

func benchWrite(b *testing.B, size int, registered bool) {
	r := newRing(b, 8, sys.OpWrite, sys.OpWriteFixed)
	order, data := directWrite(b, size)
	if registered {
		files := []int32{order.FD}
		vector := unix.Iovec{Base: &data[0]}
		vector.SetLen(size)
		if err := errors.Join(sys.Register(r.fd, sys.RegisterFiles, unsafe.Pointer(&files[0]), 1),
			sys.Register(r.fd, sys.RegisterBuffers, unsafe.Pointer(&vector), 1)); err != nil {
			b.Skip(err) // the limit of locked memory
		}
		order.Opcode, order.Flags, order.FD = sys.OpWriteFixed, sys.FixedFile, 0
	}
	measure(b, size, func(at uint64) {
		e := r.Push()
		*e = order
		e.Off = at
		submit(b, r, nil)
		reap(b, r, 1, func(_ uint64, result int32) { whole(b, size, result) })
	})
}

// BenchmarkWait is what a wake-up costs: one goroutine submits, another one waits, by the eventfd in the netpoller or inside of
// io_uring_enter, on a thread of its own.
func BenchmarkWait(b *testing.B) {
	b.Run("eventfd", func(b *testing.B) { benchWait(b, func(r *Ring) error { return r.Wait() }) })
	b.Run("enter", func(b *testing.B) {
		benchWait(b, func(r *Ring) error {
			_, err := sys.Enter(r.fd, 0, 1, sys.EnterGetEvents)
			if errors.Is(err, unix.EINTR) {
				return nil
			}
			return err
		})
	})
}

func benchWait(b *testing.B, wait func(r *Ring) error) {
	const size = 4 << 10
	r := newRing(b, 8, sys.OpWrite)
	order, _ := directWrite(b, size)
	done := make(chan int32, 1)
	ended := make(chan error)
	go func() {
		for last := false; !last; {
			if err := wait(r); err != nil {
				ended <- err
				return
			}
			if _, err := r.Reap(func(id uint64, result int32) {
				if last = id == 1; !last {
					done <- result
				}
			}); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	measure(b, size, func(at uint64) {
		e := r.Push()
		*e = order
		e.Off = at
		submit(b, r, nil)
		whole(b, size, <-done)
	})
	r.Push().UserData = 1 // the last one, and no write
	submit(b, r, nil)
	if err := <-ended; err != nil {
		b.Error(err)
	}
}

// length is how many bytes of a file are written over and over.
const length = 16 << 20

// directWrite is an order to write a file of its own past the page cache.
func directWrite(b *testing.B, size int) (order sys.SQE, data []byte) {
	b.Helper()
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := unix.Munmap(data); err != nil {
			b.Error(err)
		}
	})
	fd, err := unix.Open(filepath.Join(b.TempDir(), "f"), unix.O_RDWR|unix.O_CREAT|unix.O_DIRECT|unix.O_CLOEXEC, 0o600)
	if errors.Is(err, unix.EINVAL) {
		b.Skip("no O_DIRECT in the folder for tests")
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := unix.Close(fd); err != nil {
			b.Error(err)
		}
	})
	order = sys.SQE{Opcode: sys.OpWrite, FD: int32(fd), Addr: uint64(uintptr(unsafe.Pointer(&data[0]))), Len: uint32(size)}
	return order, data
}

func whole(b *testing.B, size int, result int32) {
	if int(result) != size {
		b.Fatalf("write: %d", result)
	}
}

// measure calls write for one place after the other, first for all of them, so that every block is written.
func measure(b *testing.B, size int, write func(at uint64)) {
	at := uint64(0)
	one := func() {
		write(at)
		at = (at + uint64(size)) % length
	}
	for range length / size {
		one()
	}
	b.SetBytes(int64(size))
	before := processorTime(b)
	for b.Loop() {
		one()
	}
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(b.N)/1000, "cpu-us/op")
}

// processorTime is what the process has used, in its own code and in the kernel.
func processorTime(b *testing.B) time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
