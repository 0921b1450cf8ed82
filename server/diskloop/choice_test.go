package diskloop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/io_uring/ring"
	"github.com/highwater-log/highwater/server/process"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sys/unix"
)

// mustHave skips a test that needs io_uring, on a machine that has none.
func mustHave(t *testing.T) {
	t.Helper()
	r, err := ring.New(4)
	if err != nil {
		t.Skip(why(err))
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// serve starts a broker, appends and reads, and returns the line with which it greeted.
func serve(t *testing.T, path, data string, args ...string) string {
	t.Helper()
	b := process.New(t, path, data, args...)
	b.Start(t)
	roundTrip(t, b.Address)
	for range 1000 {
		if _, line, found := bytes.Cut(b.Said(), []byte("durable by ")); found {
			line, _, whole := bytes.Cut(line, []byte("\n"))
			if whole {
				b.Stop(t)
				return string(line)
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it does not say by what it is durable:\n%s", b.Said())
	return ""
}

// roundTrip appends records that need more than one write, and reads them back from the segment.
func roundTrip(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.DefaultProduceTopic("t"), kgo.ConsumeTopics("t"),
		kgo.AllowAutoTopicCreation(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	const records = 200
	value := func(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "%d,", i), 2000) }
	var sent []*kgo.Record
	for i := range records {
		sent = append(sent, kgo.SliceRecord(value(i)))
	}
	if err := cl.ProduceSync(ctx, sent...).FirstErr(); err != nil {
		t.Fatalf("produce: %v", err)
	}
	for seen := 0; seen < records; {
		fetched := cl.PollFetches(ctx)
		if err := errors.Join(ctx.Err(), fetched.Err()); err != nil {
			t.Fatalf("%d of %d records: %v", seen, records, err)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			if !bytes.Equal(r.Value, value(seen)) {
				t.Fatalf("record %d has other bytes", seen)
			}
			seen++
		})
	}
}

// DL-1: io_uring is the default.
func TestServe_TakesIoUringWhereItCan(t *testing.T) {
	mustHave(t)
	data := filepath.Join(t.TempDir(), "data")
	if by := serve(t, binary(t), data); !strings.HasPrefix(by, "io_uring, ") {
		t.Errorf("durable by %s", by)
	}
	if by := serve(t, binary(t), data, "--disk-loop", "posix"); !strings.HasPrefix(by, "pwrite, ") || strings.Contains(by, "io_uring") {
		t.Errorf("posix was asked for: durable by %s", by)
	}
	if by := serve(t, binary(t), data, "--disk-loop", "io_uring"); !strings.HasPrefix(by, "io_uring, ") {
		t.Errorf("io_uring was asked for: durable by %s", by)
	}
}

// A file system in memory has no disk behind it, and before Linux 6.6 no O_DIRECT.
func TestServe_RunsOnTmpfs(t *testing.T) {
	mustHave(t)
	data, err := os.MkdirTemp("/dev/shm", "highwater-test-") //nolint:usetesting // a file system of its own
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) }) // a leftover in memory harms no later run
	if by := serve(t, binary(t), data); !strings.HasPrefix(by, "io_uring, ") {
		t.Errorf("durable by %s", by)
	}
}

// DL-1, the other way round: sandboxes and kernels that forbid io_uring, or a part of it.
func TestServe_FallsBackAndSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name    string
		call    uintptr
		errno   unix.Errno
		because string
	}{
		{"seccomp of a container", unix.SYS_IO_URING_SETUP, unix.EPERM, "forbidden by a sandbox"},
		{"old kernel", unix.SYS_IO_URING_SETUP, unix.ENOSYS, "Linux 5.6"},
		{"small limit of locked memory on an old kernel", unix.SYS_IO_URING_SETUP, unix.ENOMEM, "no memory for its rings"},
		{"no probe", unix.SYS_IO_URING_REGISTER, unix.EINVAL, "has no probe"},
		{"setup without use", unix.SYS_IO_URING_ENTER, unix.EPERM, errNotTaken.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.call != unix.SYS_IO_URING_SETUP {
				mustHave(t)
			}
			broker := confined(t, fmt.Sprintf("deny %d %d", c.call, c.errno))
			data := filepath.Join(t.TempDir(), "data")
			by := serve(t, broker, data)
			if !strings.HasPrefix(by, "pwrite, ") || !strings.Contains(by, "no io_uring: ") || !strings.Contains(by, c.because) {
				t.Errorf("durable by %s; want pwrite, because %s", by, c.because)
			}
			wanted := process.Run(t, 20*time.Second, broker, "serve", "--data", data, "--listen", "127.0.0.1:0", "--disk-loop", "io_uring")
			if wanted.Code != 1 || !strings.Contains(wanted.Stderr, "disk.loop=io_uring cannot be had") || !strings.Contains(wanted.Stderr, c.because) {
				t.Errorf("io_uring was asked for: exit %d, %s", wanted.Code, wanted.Stderr)
			}
			if by := serve(t, broker, data, "--disk-loop", "posix"); strings.Contains(by, "io_uring") {
				t.Errorf("posix was asked for: durable by %s", by)
			}
		})
	}
}

// Kernels since 5.12 count rings into the memory of the control group, so that the limit of locked memory says nothing.
func TestServe_NeedsNoLockedMemory(t *testing.T) {
	mustHave(t)
	for _, bytes := range []int{0, 64 << 10} {
		by := serve(t, confined(t, fmt.Sprintf("memlock %d", bytes)), filepath.Join(t.TempDir(), "data"))
		fallen := strings.HasPrefix(by, "pwrite, ") && strings.Contains(by, fmt.Sprintf("%d KiB here (ulimit -l)", bytes>>10))
		if !strings.HasPrefix(by, "io_uring, ") && !fallen {
			t.Errorf("with %d bytes: durable by %s", bytes, by)
		}
	}
}
