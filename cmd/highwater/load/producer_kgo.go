package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A kgoProducer is one client of franz-go as its users use it: a record at a time, batches made by the library.
type kgoProducer struct {
	plan   *Plan
	cl     *kgo.Client
	window Window
	chains []*Chain

	sent, done atomic.Int64
	gauge

	mu      sync.Mutex    // promises are called by the client's goroutines
	free    []*kgo.Record // whose values may be stamped anew
	counts  Counts
	total   Counts
	latency Histogram
	failed  error
}

// NewKgoProducers prepares a load of franz-go clients.
func NewKgoProducers(plan *Plan) (*Run, error) {
	r := &Run{plan: plan}
	for i := range plan.Producers {
		opts := []kgo.Opt{
			kgo.SeedBrokers(plan.Seeds...), kgo.ClientID(clientID), kgo.DefaultProduceTopic(plan.Topic),
			kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(plan.Codec),
			kgo.ProducerBatchMaxBytes(int32(max(plan.BatchSize, plan.RecordSize+256))),
			kgo.RecordDeliveryTimeout(plan.Patience), kgo.MaxBufferedBytes(64 << 20), // beside the library's own 10,000 records
			kgo.RequiredAcks(map[int16]kgo.Acks{-1: kgo.AllISRAcks(), 1: kgo.LeaderAck(), 0: kgo.NoAck()}[plan.Acks]),
		}
		if !plan.Idempotent {
			opts = append(opts, kgo.DisableIdempotentWrite())
		}
		if plan.InFlight > 0 {
			opts = append(opts, kgo.MaxProduceRequestsInflightPerBroker(plan.InFlight))
		}
		cl, err := kgo.NewClient(opts...)
		if err != nil {
			return nil, err
		}
		p := &kgoProducer{plan: plan, cl: cl}
		_, partitions, err := plan.share(i, plan.Producers)
		if err != nil {
			return nil, err
		}
		for _, partition := range partitions {
			p.chains = append(p.chains, &Chain{Producer: uint32(i), Partition: partition})
		}
		r.work = append(r.work, p)
	}
	return r, nil
}

func (p *kgoProducer) measure(w Window)                 { p.window = w }
func (p *kgoProducer) progress() (bytes, records int64) { return p.bytes.Load(), p.records.Load() }
func (p *kgoProducer) stuck() (awaited bool, done int64) {
	return p.done.Load() < p.sent.Load(), p.done.Load()
}

func (p *kgoProducer) close() error {
	p.cl.Close()
	return nil
}

func (p *kgoProducer) collect(r *Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.Add(p.counts)
	r.Total.Add(p.total)
	r.Latency.Merge(&p.latency)
	for _, c := range p.chains {
		r.Chains = append(r.Chains, *c)
	}
}

// run produces until the window ends, and one record at least. It stays with a partition for about one batch, as the library's own sticky
// partitioner does.
func (p *kgoProducer) run(ctx context.Context) error {
	interval, due := float64(0), float64(Now())
	if p.plan.Rate > 0 {
		interval = float64(p.plan.RecordSize) * float64(p.plan.Producers) / p.plan.Rate * 1e9
	}
	batch := p.plan.Records()
	for n := 0; ; n++ {
		now := Now()
		if interval > 0 {
			sleepUntil(int64(due))
			now, due = int64(due), due+interval
		}
		if n > 0 && now >= p.window.End || ctx.Err() != nil || p.failure() != nil {
			break
		}
		p.sent.Add(1)
		r := p.record(p.chains[n/batch%len(p.chains)], now)
		p.cl.Produce(ctx, r, func(r *kgo.Record, err error) { p.acked(r, now, err) })
	}
	if err := p.cl.Flush(ctx); err != nil {
		return err
	}
	return p.failure()
}

// record is the next record of a chain: what lies outside of its stamp never changes, nor does its link.
func (p *kgoProducer) record(c *Chain, sent int64) *kgo.Record {
	r := p.take(c.Producer)
	v := value(r.Value)
	s := makeStamp(c.Parcels, c.hash, sent)
	copy(v[atStamp:], s[:])
	c.add(v.link())
	*r = kgo.Record{Value: v, Partition: c.Partition} // nothing of its last life
	return r
}

// take gets a record that is acknowledged, or makes one.
func (p *kgoProducer) take(producer uint32) *kgo.Record {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		r := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return r
	}
	p.mu.Unlock()
	v := make(value, p.plan.RecordSize)
	filler(v[MinRecord:], producer)
	v.put(0, 0, producer, 1, 0)
	return &kgo.Record{Value: v}
}

func (p *kgoProducer) acked(r *kgo.Record, sent int64, err error) {
	now := Now()
	size := int64(len(r.Value))
	p.done.Add(1)
	p.mu.Lock()
	if err != nil {
		if p.failed == nil {
			p.failed = fmt.Errorf("partition %d: %w", r.Partition, err)
		}
	} else {
		one := Counts{Records: 1, Bytes: size, Batches: size}
		p.total.Add(one)
		if p.window.Holds(now) {
			p.counts.Add(one)
			if p.plan.Acks != 0 {
				p.latency.Record(now - sent)
			}
		}
		p.bytes.Store(p.total.Bytes)
		p.records.Store(p.total.Records)
	}
	p.free = append(p.free, r)
	p.mu.Unlock()
}

func (p *kgoProducer) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// end ends every chain.
func (p *kgoProducer) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.plan.Patience)
	defer cancel()
	for _, c := range p.chains {
		p.cl.Produce(ctx, &kgo.Record{Value: endMark(c), Partition: c.Partition, Timestamp: time.Now()}, func(r *kgo.Record, err error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			if err != nil && p.failed == nil {
				p.failed = fmt.Errorf("end of chain: partition %d: %w", r.Partition, err)
			}
		})
	}
	if err := p.cl.Flush(ctx); err != nil {
		return err
	}
	return p.failure()
}
