package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/highwater-log/highwater/core/record"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Reading says how a load of consumers reads.
type Reading struct {
	Consumers int
	Verify    bool // look at every record; else at the frames of batches only
	Follow    bool // wait for more at the end; the run ends with its window
	Again     bool // begin again at the end, until the window ends and all was read once
	// Ends are where the partitions end. Without Follow and Again, reading ends there.
	Ends map[int32]int64
}

// A consumer is one connection that fetches some partitions, one request after the other.
type consumer struct {
	plan    *Plan
	reading *Reading
	wire    *wire
	window  Window
	parts   []*part // that are still read
	all     []*part
	frame   *fetchFrame
	buf     []byte
	verify  *Verifier
	look    bool // at every record
	inflate kgo.Decompressor
	number  int32

	asked, answers atomic.Int64
	gauge
	counts  Counts
	total   Counts
	latency Histogram // from the intended send time to here, of batches that tell it
}

// part is one partition as its consumer sees it.
type part struct {
	partition int32
	next, end int64
}

// What one fetch may bring, in bytes.
const (
	fetchBytes     = 8 << 20
	partitionBytes = 1 << 20
)

// NewConsumers prepares a load of the raw client.
func NewConsumers(ctx context.Context, plan *Plan, reading *Reading) (*Run, error) {
	r := &Run{plan: plan}
	for i := range reading.Consumers {
		c, err := newConsumer(ctx, plan, reading, i)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.work = append(r.work, c)
	}
	return r, nil
}

func newConsumer(ctx context.Context, plan *Plan, reading *Reading, number int) (*consumer, error) {
	address, partitions, err := plan.share(number, reading.Consumers)
	if err != nil {
		return nil, err
	}
	c := &consumer{plan: plan, reading: reading, inflate: kgo.DefaultDecompressor(), buf: make([]byte, fetchBytes+(1<<20))}
	if reading.Verify {
		c.verify, c.look = NewVerifier(), true
	}
	for _, p := range partitions {
		one := &part{partition: p, end: reading.Ends[p]}
		if reading.Follow {
			one.next = one.end
		}
		c.all = append(c.all, one)
	}
	c.begin()
	c.wire, err = dial(ctx, address, plan.Patience)
	return c, err
}

// begin reads all partitions, from where they are now.
func (c *consumer) begin() {
	c.parts = slices.DeleteFunc(slices.Clone(c.all), func(p *part) bool { return !c.reading.Follow && p.next >= p.end })
	c.encode()
}

// encode makes the request for the partitions that are still read.
func (c *consumer) encode() {
	partitions := make([]int32, len(c.parts))
	for i, p := range c.parts {
		partitions[i] = p.partition
	}
	c.frame = newFetchFrame(c.plan.Topic, partitions, 500, 1, fetchBytes, partitionBytes)
}

func (c *consumer) measure(w Window)                 { c.window = w }
func (c *consumer) progress() (bytes, records int64) { return c.bytes.Load(), c.records.Load() }
func (c *consumer) stuck() (awaited bool, done int64) {
	return c.asked.Load() > c.answers.Load(), c.answers.Load()
}
func (c *consumer) close() error { return c.wire.Close() }
func (c *consumer) collect(r *Result) {
	r.Add(c.counts)
	r.Total.Add(c.total)
	r.Latency.Merge(&c.latency)
	if c.verify != nil {
		r.Verifiers = append(r.Verifiers, c.verify)
	}
}

// run fetches until all is read, or until the window ends where it follows or begins again.
func (c *consumer) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = c.wire.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	for passes := 0; Now() < c.window.End || !c.reading.Follow && (!c.reading.Again || passes == 0); {
		if len(c.parts) == 0 {
			if !c.reading.Again {
				return nil
			}
			for _, p := range c.all {
				p.next = 0
			}
			c.look = false // one pass was enough
			passes++
			if c.begin(); len(c.parts) == 0 {
				return errors.New("there is nothing to read")
			}
		}
		if err := c.fetch(); err != nil {
			return first(context.Cause(ctx), err)
		}
	}
	return nil
}

// fetch asks once and takes what comes.
func (c *consumer) fetch() error {
	c.number++
	binary.BigEndian.PutUint32(c.frame.bytes[atCorrelation:], uint32(c.number))
	for i, p := range c.parts {
		c.frame.from(i, p.next)
	}
	c.asked.Add(1)
	if _, err := c.wire.Write(c.frame.bytes); err != nil {
		return err
	}
	if _, err := io.ReadFull(c.wire, c.buf[:4]); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	size := int(binary.BigEndian.Uint32(c.buf))
	if size > mostReply || size < 8 {
		return fmt.Errorf("fetch: an answer of %d bytes", size)
	}
	if size > len(c.buf) {
		c.buf = make([]byte, size)
	}
	if _, err := io.ReadFull(c.wire, c.buf[:size]); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	c.answers.Add(1)
	before := c.total
	now := Now()
	if err := c.take(c.buf[:size], now); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	c.total.Requests++
	if c.window.Holds(now) {
		c.counts.Add(Counts{1, c.total.Records - before.Records, c.total.Bytes - before.Bytes, c.total.Batches - before.Batches})
	}
	c.bytes.Store(c.total.Bytes)
	c.records.Store(c.total.Records)
	if n := len(c.parts); !c.reading.Follow {
		if c.parts = slices.DeleteFunc(c.parts, func(p *part) bool { return p.next >= p.end }); len(c.parts) < n {
			c.encode()
		}
	}
	return nil
}

// take reads an answer to Fetch of version 11.
func (c *consumer) take(p []byte, now int64) error {
	r := &replyReader{rest: p}
	if number := r.int32(); number != c.number {
		return fmt.Errorf("an answer to request %d, not %d", number, c.number)
	}
	r.int32() // throttle
	if code := r.int16(); code != 0 {
		return kerr.ErrorForCode(code)
	}
	r.int32() // session
	for range r.int32() {
		r.take(int(r.int16())) // the topic
		for i := range int(r.int32()) {
			partition, code := r.int32(), r.int16()
			r.take(8 + 8 + 8) // high watermark, last stable offset, log start
			if aborted := r.int32(); aborted > 0 {
				r.take(int(aborted) * 16)
			}
			r.int32() // preferred replica
			records := r.take(int(max(0, r.int32())))
			if r.short {
				return io.ErrUnexpectedEOF
			}
			if code != 0 {
				return refused(partition, code)
			}
			if len(records) == 0 {
				continue
			}
			at := c.find(i, partition)
			if at == nil {
				return fmt.Errorf("partition %d, which was not asked for", partition)
			}
			if err := c.batches(at, records, now); err != nil {
				return fmt.Errorf("partition %d: %w", partition, err)
			}
		}
	}
	if r.short {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// find is the partition of an answer: usually the i-th that was asked for.
func (c *consumer) find(i int, partition int32) *part {
	if i < len(c.parts) && c.parts[i].partition == partition {
		return c.parts[i]
	}
	for _, p := range c.parts {
		if p.partition == partition {
			return p
		}
	}
	return nil
}

// batches takes all whole batches of a partition.
func (c *consumer) batches(at *part, p []byte, now int64) error {
	for len(p) > 0 {
		b, rest, err := record.Parse(p)
		if errors.Is(err, record.ErrShort) {
			return nil // a broker may cut the last one off
		}
		if err != nil {
			return fmt.Errorf("offset %d: %w", at.next, err)
		}
		p = rest
		if b.NextOffset() <= at.next {
			continue
		}
		if b.BaseOffset() > at.next {
			if !c.look {
				return fmt.Errorf("offset %d was asked for, and the next batch begins at %d", at.next, b.BaseOffset())
			}
			c.verify.gap(at.partition, at.next, b.BaseOffset())
		}
		if err := c.batch(at, b, now); err != nil {
			return fmt.Errorf("offset %d: %w", b.BaseOffset(), err)
		}
		at.next = b.NextOffset()
	}
	return nil
}

func (c *consumer) batch(at *part, b record.Batch, now int64) error {
	c.total.Records += int64(b.Count())
	c.total.Batches += int64(len(b))
	if !c.look && b.Codec() == record.CodecNone {
		return c.glance(b, now)
	}
	if c.look {
		if err := record.Verify(b); err != nil {
			c.verify.found(&c.verify.Altered, 1, "altered: partition %d, offset %d: %s", at.partition, b.BaseOffset(), err)
		}
	}
	err := c.walk(at, b, now)
	if err != nil && c.look {
		c.verify.found(&c.verify.Altered, 1, "altered: partition %d, offset %d: the batch cannot be read: %s", at.partition, b.BaseOffset(), err)
		return nil
	}
	return err
}

// walk looks at every record of a batch.
func (c *consumer) walk(at *part, b record.Batch, now int64) error {
	records := b.Records()
	if b.Codec() != record.CodecNone {
		var err error
		if records, err = c.inflate.Decompress(records, kgo.CompressionCodecType(b.Codec())); err != nil {
			return err
		}
	}
	return record.Walk(records, b.Count(), func(r *record.Record) error {
		c.total.Bytes += int64(len(r.Value))
		if v := value(r.Value); v.whole() && v.head() && v.sent() > 0 && c.window.Holds(now) {
			c.latency.Record(now - v.sent())
		}
		if c.look {
			c.verify.Record(at.partition, b.BaseOffset()+int64(r.Index), r.Value)
		}
		return nil
	})
}

// glance looks at the first record of a batch only, and takes all others to be as long.
func (c *consumer) glance(b record.Batch, now int64) error {
	p := b.Records()
	length, n := binary.Varint(p)
	if n <= 0 || int(length) > len(p)-n {
		return errors.New("a malformed record")
	}
	p = p[n : n+int(length)]
	at := min(len(p), 3)
	for range 2 { // key, value
		size, n := binary.Varint(p[at:])
		if at += n; n <= 0 || size > int64(len(p)-at) {
			return errors.New("a malformed record")
		}
		p, at = p[at:], int(max(0, size))
		length = size
	}
	c.total.Bytes += max(0, length) * int64(b.Count())
	if v := value(p[:max(0, length)]); v.whole() && v.head() && v.sent() > 0 && c.window.Holds(now) {
		c.latency.Record(now - v.sent())
	}
	return nil
}

// replyReader takes an answer apart. Behind its end everything is zero, and short is set.
type replyReader struct {
	rest  []byte
	short bool
}

func (r *replyReader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.short, r.rest = true, nil
		return nil
	}
	p := r.rest[:n]
	r.rest = r.rest[n:]
	return p
}

func (r *replyReader) int16() int16 {
	if p := r.take(2); p != nil {
		return int16(binary.BigEndian.Uint16(p))
	}
	return 0
}

func (r *replyReader) int32() int32 {
	if p := r.take(4); p != nil {
		return int32(binary.BigEndian.Uint32(p))
	}
	return 0
}
