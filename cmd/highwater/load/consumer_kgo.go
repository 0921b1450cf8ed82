package load

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A kgoConsumer is one client of franz-go that reads some partitions.
type kgoConsumer struct {
	reading *Reading
	cl      *kgo.Client
	window  Window
	parts   map[int32]*part
	left    int // partitions that are not read to their end
	verify  *Verifier
	look    bool // at every record
	topic   string

	done atomic.Int64
	gauge
	counts, total Counts
	latency       Histogram
}

// NewKgoConsumers prepares a load of franz-go clients.
func NewKgoConsumers(plan *Plan, reading *Reading) (*Run, error) {
	r := &Run{plan: plan}
	for i := range reading.Consumers {
		_, partitions, err := plan.share(i, reading.Consumers)
		if err != nil {
			return nil, err
		}
		c := &kgoConsumer{reading: reading, parts: map[int32]*part{}, topic: plan.Topic}
		if reading.Verify {
			c.verify, c.look = NewVerifier(), true
		}
		for _, p := range partitions {
			one := &part{partition: p, end: reading.Ends[p]}
			if reading.Follow {
				one.next = one.end
			} else if one.end == 0 {
				continue
			}
			c.parts[p] = one
		}
		c.left = len(c.parts)
		c.cl, err = kgo.NewClient(kgo.SeedBrokers(plan.Seeds...), kgo.ClientID(clientID), kgo.ConsumePartitions(c.offsets()),
			kgo.FetchMaxWait(500*time.Millisecond))
		if err != nil {
			return nil, err
		}
		r.work = append(r.work, c)
	}
	return r, nil
}

// offsets are where the partitions are read next.
func (c *kgoConsumer) offsets() map[string]map[int32]kgo.Offset {
	at := map[int32]kgo.Offset{}
	for p, one := range c.parts {
		at[p] = kgo.NewOffset().At(one.next)
	}
	return map[string]map[int32]kgo.Offset{c.topic: at}
}

func (c *kgoConsumer) measure(w Window)                  { c.window = w }
func (c *kgoConsumer) progress() (bytes, records int64)  { return c.bytes.Load(), c.records.Load() }
func (c *kgoConsumer) stuck() (awaited bool, done int64) { return !c.reading.Follow, c.done.Load() }
func (c *kgoConsumer) close() error {
	c.cl.Close()
	return nil
}

func (c *kgoConsumer) collect(r *Result) {
	r.Add(c.counts)
	r.Total.Add(c.total)
	r.Latency.Merge(&c.latency)
	if c.verify != nil {
		r.Verifiers = append(r.Verifiers, c.verify)
	}
}

func (c *kgoConsumer) run(ctx context.Context) error {
	window, cancel := context.WithDeadline(ctx, time.Now().Add(time.Duration(min(c.window.End-Now(), int64(1<<62)))))
	defer cancel()
	until := ctx // all is read once
	if c.reading.Follow {
		until = window
	}
	for {
		if c.left == 0 && !c.reading.Follow {
			if !c.reading.Again || len(c.parts) == 0 || window.Err() != nil {
				return ctx.Err()
			}
			c.again()
			until = window
		}
		fetches := c.cl.PollFetches(until)
		if err := fetches.Err0(); err != nil && until.Err() != nil {
			return ctx.Err() // the end of the window is none
		}
		for _, failed := range fetches.Errors() {
			return fmt.Errorf("partition %d: %w", failed.Partition, failed.Err)
		}
		if err := c.take(&fetches); err != nil {
			return err
		}
	}
}

// again begins at the start of all partitions.
func (c *kgoConsumer) again() {
	c.look = false // one pass was enough
	c.left = len(c.parts)
	for _, p := range c.parts {
		p.next = 0
	}
	c.cl.AddConsumePartitions(c.offsets())
}

func (c *kgoConsumer) take(fetches *kgo.Fetches) error {
	now := Now()
	var one Counts
	var finished []int32
	for records := fetches.RecordIter(); !records.Done(); {
		r := records.Next()
		p := c.parts[r.Partition]
		if p == nil || !c.reading.Follow && r.Offset >= p.end {
			continue
		}
		if r.Offset != p.next {
			if !c.look || r.Offset < p.next {
				return fmt.Errorf("partition %d: offset %d, where %d is next", r.Partition, r.Offset, p.next)
			}
			c.verify.gap(r.Partition, p.next, r.Offset)
		}
		p.next = r.Offset + 1
		one.Add(Counts{Records: 1, Bytes: int64(len(r.Value)), Batches: int64(len(r.Value))})
		if v := value(r.Value); v.whole() && v.head() && v.sent() > 0 && c.window.Holds(now) {
			c.latency.Record(now - v.sent())
		}
		if c.look {
			c.verify.Record(r.Partition, r.Offset, r.Value)
		}
		if p.next == p.end && !c.reading.Follow {
			finished = append(finished, r.Partition)
		}
	}
	c.total.Add(one)
	if c.window.Holds(now) {
		c.counts.Add(one)
	}
	c.done.Add(1)
	c.bytes.Store(c.total.Bytes)
	c.records.Store(c.total.Records)
	if len(finished) > 0 {
		c.left -= len(finished)
		c.cl.RemoveConsumePartitions(map[string][]int32{c.topic: finished})
	}
	return nil
}
