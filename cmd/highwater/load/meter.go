package load

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
)

// Counts are what was acknowledged, or read.
type Counts struct {
	Requests int64 // requests that were answered; kgo tells none
	Records  int64
	Bytes    int64 // of values
	Batches  int64 // bytes of batches, as they are stored
}

// Add counts what o counts.
func (c *Counts) Add(o Counts) {
	c.Requests += o.Requests
	c.Records += o.Records
	c.Bytes += o.Bytes
	c.Batches += o.Batches
}

// Result is what was measured in the window of a run.
type Result struct {
	Counts
	Total     Counts // of the whole run, warm-up included
	Latency   Histogram
	Chains    []Chain // after a run of producers
	Seconds   float64
	Verifiers []*Verifier // after a run of consumers that verify
}

// gauge is what a connection tells of itself while it runs: bytes of values so far.
type gauge struct{ bytes, records atomic.Int64 }

// Ticker writes a line each second until ctx ends.
func Ticker(ctx context.Context, w io.Writer, what string, begin int64, read func() (bytes, records int64), each func() error) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last, at := int64(0), Now()
	for second := 1; ; second++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		bytes, records := read()
		now := Now()
		phase := ""
		if now < begin {
			phase = " (warm-up)"
		}
		_, _ = fmt.Fprintf(w, "%3ds  %s/s  %s records %s%s\n", second,
			humanize.Bytes(uint64(float64(bytes-last)/(float64(now-at)/1e9))), humanize.Comma(records), what, phase) // nobody may be listening
		last, at = bytes, now
		if err := each(); err != nil {
			return err
		}
	}
}
