package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/highwater-log/highwater/server/files"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// limits are what the machine can do at best: what every figure of a broker is to be held against. Names carry units.
type limits struct {
	Mode             string          `json:"mode"`
	DurableWrite     float64         `json:"durable_write_1mib_bytes_per_s"` // the best of the depths
	DurableWriteAt   []depthLimit    `json:"durable_write_1mib_by_depth"`
	SmallWriteP50    float64         `json:"durable_write_4kib_p50_us"`
	SmallWriteP99    float64         `json:"durable_write_4kib_p99_us"`
	SmallWrites      float64         `json:"durable_write_4kib_per_s"`
	Loopback         float64         `json:"loopback_tcp_4_streams_bytes_per_s"`
	BestDurableBytes float64         `json:"limit_bytes_per_s"` // the smaller of disk and loopback
	Seconds          decimalDuration `json:"seconds"`
}

// depthLimit is the rate with that many writes in flight.
type depthLimit struct {
	Depth int     `json:"depth"`
	Rate  float64 `json:"bytes_per_s"`
}

// decimalDuration prints as seconds.
type decimalDuration time.Duration

// MarshalJSON renders d as a decimal number of seconds.
func (d decimalDuration) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(d).Seconds()), nil
}

// diskBench is one run of the command.
type diskBench struct {
	output
	dir      string
	size     string
	each     time.Duration
	progress io.Writer

	fd     int
	mode   files.Mode
	blocks int64 // of largeWrite bytes
}

const (
	largeWrite = 1 << 20
	smallWrite = 4 << 10
)

func newBenchDisk() *cobra.Command {
	b := &diskBench{}
	cmd := &cobra.Command{
		Use:   "disk",
		Short: "Measure the limits of disk and loopback that a broker runs into",
		Long: `It writes a temporary file once, then overwrites it as a journal is written: durably, 1 MiB at a time with 1 to 8
writes in flight, and 4 KiB at a time with one. Then it measures TCP over loopback. Nothing remains.`,
		Example: `  highwater bench disk
  highwater bench disk --dir /var/lib/highwater --for 5s --output json`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b.progress = cmd.ErrOrStderr()
			found, err := b.run(cmd.Context())
			if err != nil {
				return err
			}
			return b.print(cmd.OutOrStdout(), found, func(w io.Writer) { printLimits(w, found) })
		},
	}
	b.flag(cmd)
	cmd.Flags().StringVar(&b.dir, "dir", ".", "a directory on the file system to measure")
	cmd.Flags().StringVar(&b.size, "size", "256MiB", "size of the temporary file")
	cmd.Flags().DurationVar(&b.each, "for", time.Second, "how long each measurement takes")
	return cmd
}

func (b *diskBench) run(ctx context.Context) (found limits, err error) {
	begun := time.Now()
	size, err := humanize.ParseBytes(b.size)
	if err != nil || size < 16*largeWrite {
		return found, usage("--size must be at least 16MiB, such as 256MiB: %q", b.size)
	}
	b.blocks = int64(size) / largeWrite
	temp, err := os.MkdirTemp(b.dir, "highwater-bench-")
	if err != nil {
		return found, fmt.Errorf("bench directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if b.mode, err = files.Probe(temp); err != nil {
		return found, fmt.Errorf("bench directory: %w", err)
	}
	found.Mode = b.mode.String()
	if b.fd, err = files.OpenMode(filepath.Join(temp, "file"), b.mode); err != nil {
		return found, fmt.Errorf("bench file: %w", err)
	}
	defer func() { err = errors.Join(err, unix.Close(b.fd)) }()
	err = b.measure(ctx, &found)
	found.Seconds = decimalDuration(time.Since(begun))
	return found, err
}

func (b *diskBench) measure(ctx context.Context, found *limits) error {
	say(b.progress, "writing %s once (%s)", humanize.IBytes(uint64(b.blocks*largeWrite)), b.mode)
	if err := b.prepare(ctx); err != nil {
		return err
	}
	for _, depth := range []int{1, 2, 4, 8} {
		rate, err := b.large(ctx, depth)
		if err != nil {
			return err
		}
		say(b.progress, "durable 1 MiB writes, %d in flight: %s", depth, perSecond(rate))
		found.DurableWriteAt = append(found.DurableWriteAt, depthLimit{Depth: depth, Rate: rate})
		found.DurableWrite = max(found.DurableWrite, rate)
	}
	took, err := b.small(ctx)
	if err != nil {
		return err
	}
	slices.Sort(took)
	found.SmallWriteP50, found.SmallWriteP99 = micros(quantile(took, 0.5)), micros(quantile(took, 0.99))
	found.SmallWrites = float64(len(took)) / b.each.Seconds()
	say(b.progress, "durable 4 KiB writes, one in flight: p50 %.0f us, p99 %.0f us", found.SmallWriteP50, found.SmallWriteP99)
	if found.Loopback, err = loopback(ctx, 4, b.each); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	say(b.progress, "loopback TCP, 4 streams: %s", perSecond(found.Loopback))
	found.BestDurableBytes = min(found.DurableWrite, found.Loopback)
	return nil
}

// prepare writes the file once, so that no measured write meets an unwritten extent.
func (b *diskBench) prepare(ctx context.Context) error {
	data := filled(largeWrite)
	for i := range b.blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := files.WriteBlocks(b.fd, data, i*largeWrite, false, b.mode); err != nil {
			return fmt.Errorf("write bench file: %w", err)
		}
	}
	return files.Fsync(b.fd)
}

// large measures durable 1 MiB writes with depth of them in flight, in bytes per second.
func (b *diskBench) large(ctx context.Context, depth int) (float64, error) {
	return b.atDepth(ctx, depth, func(data []byte, at int64) error {
		if err := files.WriteBlocks(b.fd, data, at, true, b.mode); err != nil {
			return fmt.Errorf("durable write: %w", err)
		}
		return nil
	})
}

// atDepth measures an operation of 1 MiB with depth of them in flight, in bytes per second. Each place does it once at least.
func (b *diskBench) atDepth(ctx context.Context, depth int, do func(data []byte, at int64) error) (float64, error) {
	var next, moved atomic.Int64
	var group sync.WaitGroup
	failed := make([]error, depth+1)
	begun := time.Now()
	until := begun.Add(b.each)
	for i := range depth {
		group.Go(func() {
			data := filled(largeWrite)
			for first := true; ctx.Err() == nil && (first || time.Now().Before(until)); first = false {
				if failed[i] = do(data, next.Add(1)%b.blocks*largeWrite); failed[i] != nil {
					return
				}
				moved.Add(largeWrite)
			}
		})
	}
	group.Wait()
	failed[depth] = ctx.Err()
	return float64(moved.Load()) / time.Since(begun).Seconds(), errors.Join(failed...)
}

// small measures durable 4 KiB writes one after the other, one at least: how long each took.
func (b *diskBench) small(ctx context.Context) ([]time.Duration, error) {
	data := filled(smallWrite)
	var took []time.Duration
	until := time.Now().Add(b.each)
	for at := int64(0); ctx.Err() == nil; at = (at + smallWrite) % (b.blocks * largeWrite) {
		begun := time.Now()
		if len(took) > 0 && begun.After(until) {
			return took, nil
		}
		if err := files.WriteBlocks(b.fd, data, at, true, b.mode); err != nil {
			return nil, fmt.Errorf("durable write: %w", err)
		}
		took = append(took, time.Since(begun))
	}
	return nil, ctx.Err()
}

// filled is aligned memory that does not compress to nothing: some devices are quick with zeros.
func filled(size int) []byte {
	p := files.Alloc(size)
	x := uint32(1)
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
	}
	return p
}

// quantile of sorted; 0 if there is nothing.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))]
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func perSecond(rate float64) string { return humanize.Bytes(uint64(rate)) + "/s" }

func printLimits(w io.Writer, l limits) {
	table(w, func(row func(cells ...any)) {
		row("mode", l.Mode)
		for _, d := range l.DurableWriteAt {
			row(fmt.Sprintf("durable 1 MiB writes, %d in flight", d.Depth), perSecond(d.Rate))
		}
		row("durable 4 KiB write", fmt.Sprintf("p50 %.0f us, p99 %.0f us", l.SmallWriteP50, l.SmallWriteP99))
		row("loopback TCP, 4 streams", perSecond(l.Loopback))
		row("limit for durable bytes", perSecond(l.BestDurableBytes))
	})
}
