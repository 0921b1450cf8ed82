package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync/atomic"
	"time"

	"github.com/highwater-log/highwater/core/record"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A producer is one connection of the raw client: a goroutine that sends and one that takes the answers.
//
//	writer: stamp a template -> frame -> TCP      sent: requests written            at most InFlight apart
//	reader: TCP -> answers -> histogram           acked: requests answered, in order
type producer struct {
	plan      *Plan
	wire      *wire
	window    Window
	chains    []*Chain // one per partition
	templates []*template
	frames    []*produceFrame // one per template, which lies in it
	reply     produceReply
	id        int64 // of the idempotent producer, or -1
	epoch     int16

	sent  atomic.Int64
	acked atomic.Int64
	ended atomic.Bool   // the writer has nothing more
	wake  chan struct{} // acked has grown
	ring  []pending     // what is not answered: by number, modulo its length
	out   []byte        // small frames on their way

	gauge
	counts  Counts // in the window
	total   Counts
	latency Histogram
}

// pending is what the reader must know of a request.
type pending struct {
	sent  int64 // when it was to be sent
	chain int32
	bytes int32 // of its batch
}

// coalesce is the size up to which frames are written together, and how much.
const (
	coalesceFrame = 32 << 10
	coalesceBytes = 256 << 10
)

func newProducer(ctx context.Context, plan *Plan, number int, window Window) (_ *producer, err error) {
	p := &producer{plan: plan, window: window, wake: make(chan struct{}, 1), ring: make([]pending, plan.InFlight), id: -1, epoch: -1}
	address, partitions, err := plan.share(number, plan.Producers)
	if err != nil {
		return nil, err
	}
	if p.wire, err = dial(ctx, address, plan.Patience); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.wire.Close())
		}
	}()
	if plan.Idempotent {
		if err := p.identify(); err != nil {
			return nil, err
		}
	}
	for _, partition := range partitions {
		p.chains = append(p.chains, &Chain{Producer: uint32(number), Partition: partition})
	}
	if p.templates, err = newTemplates(plan.Shape, uint32(number), p.id, p.epoch); err != nil {
		return nil, err
	}
	for _, t := range p.templates {
		f := newProduceFrame(plan.Topic, plan.Acks, int32(plan.Patience.Milliseconds()), t.batch)
		t.batch = record.Batch(f.bytes[f.atBatch:])
		p.frames = append(p.frames, f)
	}
	p.reply = newProduceReply(plan.Topic)
	return p, nil
}

// identify asks for a producer id.
func (p *producer) identify() error {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version = 1
	resp, err := p.wire.ask(req)
	if err != nil {
		return fmt.Errorf("InitProducerId: %w", err)
	}
	got := resp.(*kmsg.InitProducerIDResponse)
	p.id, p.epoch = got.ProducerID, got.ProducerEpoch
	return kerr.ErrorForCode(got.ErrorCode)
}

// run sends until the window ends and takes all answers.
func (p *producer) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { _ = p.wire.SetDeadline(time.Unix(1, 0)) }) // wakes both goroutines
	defer stop()
	var readErr error
	read := make(chan struct{})
	go func() {
		defer close(read)
		if readErr = p.read(); readErr != nil {
			cancel(readErr)
		}
	}()
	err := p.write(ctx)
	if err == nil {
		err = p.drain(ctx)
	}
	p.ended.Store(true)
	if err != nil {
		cancel(err) // unless the reader has given the cause
		<-read
		return context.Cause(ctx)
	}
	_ = p.wire.SetReadDeadline(time.Unix(1, 0)) // a reader without anything to wait for ends
	if <-read; readErr != nil {
		return readErr
	}
	return p.wire.SetDeadline(time.Time{})
}

// write sends requests until the window ends, and one at least.
func (p *producer) write(ctx context.Context) error {
	values := p.templates[0].records * p.plan.RecordSize
	interval, due := float64(0), float64(Now())
	if p.plan.Rate > 0 {
		interval = float64(values) * float64(p.plan.Producers) / p.plan.Rate * 1e9
		due += interval * float64(p.chains[0].Producer) / float64(p.plan.Producers)
	}
	most := int64(math.MaxInt64)
	if p.plan.Most > 0 {
		most = max(1, p.plan.Most/int64(p.plan.Producers)/int64(values))
	}
	wall := time.Now().UnixMilli() - Now()/1e6
	for turn := 0; ; turn++ {
		if err := p.room(ctx); err != nil {
			return err
		}
		now := Now()
		if interval > 0 {
			if now < int64(due) {
				if err := p.flush(); err != nil {
					return err
				}
				sleepUntil(int64(due))
			}
			now, due = int64(due), due+interval
		}
		if turn > 0 && now >= p.window.End || p.sent.Load() >= most || ctx.Err() != nil {
			return p.flush()
		}
		if err := p.send(turn%len(p.chains), now, wall+now/1e6); err != nil {
			return err
		}
	}
}

// room waits until one more request may be in flight.
func (p *producer) room(ctx context.Context) error {
	for p.sent.Load()-p.acked.Load() >= int64(p.plan.InFlight) {
		if err := p.flush(); err != nil {
			return err
		}
		if p.sent.Load()-p.acked.Load() < int64(p.plan.InFlight) {
			return nil // with acks=0 there is nothing to wait for
		}
		select {
		case <-p.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// send makes the next request of a chain and writes it, or gathers it to be written.
func (p *producer) send(chain int, sent, wall int64) error {
	c := p.chains[chain]
	number := p.sent.Load()
	which := int(c.Parcels % uint64(len(p.templates)))
	t, f := p.templates[which], p.frames[which]
	t.stamp(c, sent, wall)
	f.address(int32(number), c.Partition)
	p.ring[number%int64(len(p.ring))] = pending{sent: sent, chain: int32(chain), bytes: int32(len(t.batch))}
	p.sent.Store(number + 1)
	if len(f.bytes) > coalesceFrame {
		if err := p.flush(); err != nil {
			return err
		}
		if _, err := p.wire.Write(f.bytes); err != nil {
			return err
		}
		return p.unasked()
	}
	p.out = append(p.out, f.bytes...)
	if len(p.out) >= coalesceBytes {
		return p.flush()
	}
	return nil
}

// flush writes what was gathered.
func (p *producer) flush() error {
	if len(p.out) > 0 {
		if _, err := p.wire.Write(p.out); err != nil {
			return err
		}
		p.out = p.out[:0]
	}
	return p.unasked()
}

// unasked counts, with acks=0, what is written as answered: nobody answers.
func (p *producer) unasked() error {
	if p.plan.Acks == 0 {
		p.answered(p.sent.Load(), Now())
	}
	return nil
}

// answered takes all requests below number as answered.
func (p *producer) answered(number, now int64) {
	records := int64(p.templates[0].records)
	for n := p.acked.Load(); n < number; n++ {
		r := p.ring[n%int64(len(p.ring))]
		one := Counts{Requests: 1, Records: records, Bytes: records * int64(p.plan.RecordSize), Batches: int64(r.bytes)}
		p.total.Add(one)
		if p.window.Holds(now) {
			p.counts.Add(one)
			if p.plan.Acks != 0 {
				p.latency.Record(now - r.sent)
			}
		}
	}
	p.acked.Store(number)
	p.bytes.Store(p.total.Bytes)
	p.records.Store(p.total.Records)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// drain waits until everything is answered.
func (p *producer) drain(ctx context.Context) error {
	if p.plan.Acks == 0 {
		return nil // end finds out
	}
	for p.acked.Load() < p.sent.Load() {
		select {
		case <-p.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// read takes the answers of the load, and ends when the writer has ended and everything is answered.
func (p *producer) read() error {
	if p.plan.Acks == 0 {
		return nil
	}
	buf := make([]byte, max(64<<10, 2*p.reply.size))
	have := 0
	for {
		n, err := p.wire.Read(buf[have:])
		have += n
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && p.ended.Load() {
				return nil
			}
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("the broker closed the connection: %w", io.ErrUnexpectedEOF)
			}
			return err
		}
		taken, err := p.take(buf[:have])
		if err != nil {
			return err
		}
		have = copy(buf, buf[taken:have])
	}
}

// take reads all whole answers in p and returns how many bytes they had.
func (p *producer) take(buf []byte) (taken int, err error) {
	number := p.acked.Load()
	for asked := p.sent.Load(); len(buf)-taken >= p.reply.size; {
		if number >= asked {
			return 0, errors.New("an answer to a request that was not sent")
		}
		correlation, partition, code, _, ok := p.reply.read(buf[taken:])
		sent := p.chains[p.ring[number%int64(len(p.ring))].chain].Partition
		switch {
		case !ok:
			return 0, errors.New("an answer to Produce has not the form of version 7")
		case correlation != int32(number) || partition != sent:
			return 0, fmt.Errorf("an answer to request %d of partition %d, where request %d of partition %d is due",
				correlation, partition, int32(number), sent)
		case code != 0:
			return 0, refused(partition, code)
		}
		number++
		taken += p.reply.size
	}
	p.answered(number, Now())
	return taken, nil
}

// end ends every chain: it appends how many parcels there are.
func (p *producer) end() error {
	wall := time.Now().UnixMilli()
	for _, c := range p.chains {
		req := kmsg.NewPtrProduceRequest()
		req.Version, req.TimeoutMillis, req.Acks = versionProduce, int32(p.plan.Patience.Milliseconds()), p.plan.Acks
		if req.Acks == 0 {
			req.Acks = 1 // somebody must say that all before it has arrived
		}
		partition := kmsg.NewProduceRequestTopicPartition()
		partition.Partition, partition.Records = c.Partition, endBatch(c, p.id, p.epoch, wall)
		topic := kmsg.NewProduceRequestTopic()
		topic.Topic, topic.Partitions = p.plan.Topic, []kmsg.ProduceRequestTopicPartition{partition}
		req.Topics = []kmsg.ProduceRequestTopic{topic}
		resp, err := p.wire.ask(req)
		if err != nil {
			return fmt.Errorf("end of chain: %w", err)
		}
		if code := resp.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode; code != 0 {
			return fmt.Errorf("end of chain: %w", refused(c.Partition, code))
		}
	}
	return nil
}

// arrived makes sure, with acks=0, that the broker has taken everything: answers come in order.
func (p *producer) arrived() error {
	if p.plan.Acks != 0 {
		return nil
	}
	req := kmsg.NewPtrApiVersionsRequest()
	req.Version = 0
	_, err := p.wire.ask(req)
	return err
}
