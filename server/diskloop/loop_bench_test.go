package diskloop

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/files"
	"golang.org/x/sys/unix"
)

// benchFile is written once before anything is measured, so that no write meets an unwritten extent.
const benchFile = 64 << 20

// BenchmarkDisk is what each loop gets through on the disk of the folder for tests, with so many operations in flight, and what
// processor time the process spends on each.
func BenchmarkDisk(b *testing.B) {
	for _, c := range []struct {
		name  string
		size  int
		depth int
		read  bool
	}{
		{"write-4KiB-durable/1-in-flight", 4 << 10, 1, false},
		{"write-1MiB-durable/1-in-flight", 1 << 20, 1, false},
		{"write-1MiB-durable/4-in-flight", 1 << 20, 4, false},
		{"read-128KiB/8-in-flight", 128 << 10, 8, true},
	} {
		for _, choice := range []string{config.LoopPosix, config.LoopUring} {
			b.Run(c.name+"/"+choice, func(b *testing.B) { benchDisk(b, choice, c.size, c.depth, c.read) })
		}
	}
}

func benchDisk(b *testing.B, choice string, size, depth int, read bool) {
	dir, err := files.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := dir.Close(); err != nil {
			b.Error(err)
		}
	}()
	done := make(chan event.Event, depth)
	l, err := Open(choice, dir, slog.New(slog.DiscardHandler), func(ev event.Event) { done <- ev })
	if err != nil {
		b.Skip(err)
	}
	defer l.Close()
	var buf event.Buf
	begin := func(order func()) {
		buf.Reset()
		order()
		l.Submit(&buf.Effects()[0])
		l.Flush()
	}
	await := func() {
		if ev := <-done; ev.Status != event.StatusOK {
			b.Fatal(ev.Status)
		}
	}
	f := event.File{Kind: event.FileChunk, Store: event.Shard0}
	for _, order := range []func(){
		func() { buf.CreateFile(0, f) },
		func() { buf.AllocateFile(0, f, benchFile) },
		func() { buf.SyncFile(0, f) },
		func() { buf.SyncDir(0, f.Dir()) },
	} {
		begin(order)
		await()
	}
	data := make([][]byte, depth)
	for i := range data {
		data[i] = fmt.Append(files.Alloc(size)[:0], "bench")[:size]
	}
	next := 0
	order := func() {
		at := int64(next) * int64(size) % benchFile
		if read {
			buf.ReadFile(0, f, at, int64(size))
		} else {
			buf.WriteFile(0, f, at, data[next%depth], true)
		}
		next++
	}
	b.SetBytes(int64(size))
	for range depth - 1 {
		begin(order)
	}
	before := processorTime(b)
	for b.Loop() {
		begin(order)
		await()
	}
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-us/op")
	for range depth - 1 {
		await()
	}
}

// processorTime is what the process has used, in its own code and in the kernel.
func processorTime(b *testing.B) time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
