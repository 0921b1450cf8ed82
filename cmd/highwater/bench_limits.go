package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/highwater-log/highwater/server/files"
	"golang.org/x/sys/unix"
)

// limiter measures the machine's limits in the very run that they are to judge: before and after the load, on the same
// file system, in short windows, by the methods of `bench disk`. The limit is the mean of both.
type limiter struct {
	dir     string
	disk    diskBench
	each    time.Duration
	reads   bool
	oneWay  bool
	request int
	said    io.Writer
	windows []load.Limits
}

// The windows' names.
const (
	limitsBefore = "before"
	limitsAfter  = "after"
)

// limitFile is the size of the file that is written.
const limitFile = 256 << 20

// newLimiter prepares a file in dir. request is the size of what is sent in a round trip.
func newLimiter(ctx context.Context, dir string, each time.Duration, reads, oneInFlight bool, request int, said io.Writer) (*limiter, error) {
	m := &limiter{dir: dir, each: each, reads: reads, oneWay: oneInFlight, request: request, said: said}
	if each == 0 {
		return m, nil
	}
	m.disk = diskBench{each: each, blocks: limitFile / largeWrite, progress: said, fd: -1}
	var err error
	if m.disk.mode, err = files.Probe(dir); err != nil {
		return m, fmt.Errorf("bench directory: %w", err)
	}
	if m.disk.fd, err = files.OpenMode(filepath.Join(dir, "limits"), m.disk.mode); err != nil {
		return m, fmt.Errorf("bench file: %w", err)
	}
	return m, m.disk.prepare(ctx)
}

// measure takes one window.
func (m *limiter) measure(ctx context.Context, when string) error {
	if m.each == 0 {
		return nil
	}
	w := load.Limits{When: when}
	for _, depth := range []int{1, 2, 4, 8} {
		rate, err := m.disk.large(ctx, depth)
		if err != nil {
			return err
		}
		w.DiskWrite = max(w.DiskWrite, rate)
	}
	line := "durable 1 MiB writes " + perSecond(w.DiskWrite)
	if m.reads {
		best := 0.0
		for _, depth := range []int{1, 2, 4, 8} {
			rate, err := m.disk.largeReads(ctx, depth)
			if err != nil {
				return err
			}
			best = max(best, rate)
		}
		w.DiskRead = &best
		line += ", 1 MiB reads " + perSecond(best)
	}
	var err error
	if w.Loopback, err = loopback(ctx, 4, m.each); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	line += ", loopback TCP " + perSecond(w.Loopback)
	if m.oneWay {
		took, err := m.disk.small(ctx)
		if err != nil {
			return err
		}
		slices.Sort(took)
		small := micros(quantile(took, 0.5))
		trip, err := roundTrip(ctx, m.each, m.request)
		if err != nil {
			return err
		}
		w.SmallWrite, w.LoopbackTrip = &small, &trip
		line += fmt.Sprintf(", durable 4 KiB write p50 %.0f us, loopback round trip p50 %.0f us", small, trip)
	}
	if when == limitsAfter && !m.reads { // its file is removed, which some disks take long for
		rate, err := m.newBlocks(ctx, w.DiskWrite)
		if err != nil {
			return err
		}
		w.NewBlocks = &rate
		line += ", durable 1 MiB writes into new blocks " + perSecond(rate)
	}
	say(m.said, "limits %s: %s", when, line)
	m.windows = append(m.windows, w)
	return nil
}

// newBlocks measures durable 1 MiB writes, 4 in flight, into blocks that the file system has just given and nobody has written: what a log
// does that grows. The file is so large that its end is not reached at the rate of written blocks.
func (m *limiter) newBlocks(ctx context.Context, written float64) (rate float64, err error) {
	size := (int64(1.5*written*m.each.Seconds())/largeWrite + 64) * largeWrite
	b := diskBench{each: m.each, mode: m.disk.mode, blocks: size / largeWrite}
	name := filepath.Join(m.dir, "new-blocks")
	if b.fd, err = files.OpenMode(name, b.mode); err != nil {
		return 0, fmt.Errorf("bench file: %w", err)
	}
	defer func() { err = errors.Join(err, unix.Close(b.fd), os.Remove(name)) }()
	if err := unix.Fallocate(b.fd, 0, 0, size); err != nil && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOSPC) {
		return 0, fmt.Errorf("reserve bench file: %w", err)
	}
	return b.large(ctx, 4)
}

// mean of what the function picks from all windows.
func (m *limiter) mean(pick func(w load.Limits) float64) float64 {
	sum := 0.0
	for _, w := range m.windows {
		sum += pick(w)
	}
	return sum / float64(len(m.windows))
}

func (m *limiter) close() error {
	if m.each == 0 || m.disk.fd < 0 {
		return nil
	}
	fd := m.disk.fd
	m.disk.fd = -1
	return unix.Close(fd)
}

// largeReads measures 1 MiB reads, past the page cache where the file system lets us, with depth of them in flight.
func (b *diskBench) largeReads(ctx context.Context, depth int) (float64, error) {
	return b.atDepth(ctx, depth, func(data []byte, at int64) error {
		n, err := files.ReadBlocks(b.fd, data, at)
		if err != nil || n < len(data) {
			return errors.Join(fmt.Errorf("read: %d of %d bytes", n, len(data)), err)
		}
		return nil
	})
}
