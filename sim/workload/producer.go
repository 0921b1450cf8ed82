package workload

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// attempts is how often a batch is sent before its producer gives up; hopeless how often to a partition that answers
// what seldom passes.
const (
	attempts = 100
	hopeless = 4
)

// producer appends the batches of the plan.
//
//	ops --begin--> open batches, oldest first: [sent][sent][to be sent][to be sent]
//	                    |  answered: OK, Fail                |  connection lost, or "again"
//	                    v                                    +--> sent again, under the same sequence number
//	                 history
type producer struct {
	metadata
	id      identity // pid -1 until InitProducerId is answered; sequence unused
	askedID bool
	idAt    event.Time
	open    []*batch
	flying  int
	backoff event.Time
	values  uint64 // written so far
	next    []sequence
}

// sequence is the next sequence number of one partition under the producer's id.
type sequence struct {
	spot
	next int32
}

// batch is one operation under way.
type batch struct {
	op   *history.Op
	plan *fault.Op
	spot
	bytes  []byte
	flying bool
	doubt  bool // an attempt may have been appended
	closed bool // its outcome is written; answers no longer matter
}

func newProducer() *producer { return &producer{id: identity{pid: -1, epoch: -1}} }

func (p *producer) done(c *Client) bool { return c.next == len(c.ops) && len(p.open) == 0 }

func (p *producer) due(c *Client) event.Time {
	if p.missing(c) {
		return p.metadata.due()
	}
	if c.spec.Idempotent && p.id.pid < 0 {
		if p.askedID {
			return event.Never
		}
		return p.idAt
	}
	at := event.Never
	if len(p.open) > p.flying && p.flying < c.spec.InFlight {
		at = p.backoff
	}
	if c.next < len(c.ops) && len(p.open) < c.spec.InFlight {
		at = min(at, max(c.pauseTil, p.backoff))
	}
	return at
}

func (p *producer) pump(c *Client, m Moment) {
	if p.done(c) || !p.ready(c, m) || c.spec.Idempotent && !p.identified(c, m) || m.Now < p.backoff {
		return
	}
	for _, b := range p.open {
		if !b.flying && p.flying < c.spec.InFlight {
			p.send(c, m, []*batch{b})
		}
	}
	for len(p.open) < c.spec.InFlight {
		op := c.nextOp(m)
		if op == nil {
			return
		}
		c.advance(m)
		if p.has(c, op) {
			p.begin(c, m, op)
		}
	}
}

// identified reports whether the producer has an id; if not, it asks for one.
func (p *producer) identified(c *Client, m Moment) bool {
	if p.id.pid >= 0 {
		return true
	}
	if p.askedID || m.Now < p.idAt {
		return false
	}
	p.askedID = true
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version = 4
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		p.askedID = false
		p.idAt = m.Now + askAgain
		if resp, ok := answer.(*kmsg.InitProducerIDResponse); ok && resp.ErrorCode == 0 {
			p.id = identity{pid: resp.ProducerID, epoch: resp.ProducerEpoch}
			p.next = p.next[:0]
		}
	})
	return false
}

// begin opens the operation, a batch for each partition that it spans, and sends it for the first time. What is to be sent
// again later goes batch by batch.
func (p *producer) begin(c *Client, m Moment, plan *fault.Op) {
	var batches []*batch
	for _, s := range c.spots(plan) {
		batches = append(batches, p.fill(c, m, plan, s))
	}
	p.open = append(p.open, batches...)
	p.send(c, m, batches)
}

// fill makes a batch for one partition.
func (p *producer) fill(c *Client, m Moment, plan *fault.Op, s spot) *batch {
	op := c.begin(m, history.Produce, &c.topics[s.topic], s.partition)
	op.Acks = plan.Acks
	for range max(1, plan.Records) {
		op.Values = append(op.Values, history.NewValue(c.id, p.values))
		p.values++
	}
	id := identity{pid: -1, epoch: -1, sequence: -1}
	if c.spec.Idempotent {
		op.Acks = -1
		id = identity{pid: p.id.pid, epoch: p.id.epoch, sequence: p.take(s, int32(len(op.Values)))}
	}
	op.PID, op.Epoch, op.Sequence = id.pid, id.epoch, id.sequence
	b := &batch{op: op, plan: plan, spot: s}
	b.bytes = appendBatch(nil, id, c.wallMs+int64(m.Now/event.Millisecond), op.Values, plan.Bytes)
	return b
}

// take gives out n sequence numbers of a partition.
func (p *producer) take(at spot, n int32) int32 {
	for i := range p.next {
		if s := &p.next[i]; s.spot == at {
			first := s.next
			s.next += n
			return first
		}
	}
	p.next = append(p.next, sequence{spot: at, next: n})
	return 0
}

// send sends batches of different partitions in one request.
func (p *producer) send(c *Client, m Moment, batches []*batch) {
	req := produceRequest(c, batches)
	if batches[0].op.Acks == 0 {
		c.send(req)
		for _, b := range batches {
			b.op.Attempts++
			p.close(b)
		}
		return
	}
	for _, b := range batches {
		b.op.Attempts++
		b.flying = true
		p.flying++
	}
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		resp, ok := answer.(*kmsg.ProduceResponse)
		for _, b := range batches {
			b.flying = false
			p.flying--
		}
		for _, b := range batches {
			switch {
			case b.closed:
			case !ok:
				p.lost(c, b)
			default:
				p.answered(c, m, b, resp)
			}
		}
		if ok && answers(resp) != len(batches) {
			c.fail("a produce answer for other partitions than asked")
		}
	})
}

func (b *batch) at() spot { return b.spot }

func produceRequest(c *Client, batches []*batch) kmsg.Request {
	req := kmsg.NewPtrProduceRequest()
	req.Version = 9
	if c.spec.ByID {
		req.Version = 13
	}
	req.Acks = batches[0].op.Acks
	req.TimeoutMillis = int32(c.spec.Timeout / event.Millisecond)
	group(batches, (*batch).at, func(topic int, its []*batch) {
		t := kmsg.ProduceRequestTopic{Topic: c.topics[topic].Name, TopicID: c.topics[topic].id}
		for _, b := range its {
			t.Partitions = append(t.Partitions, kmsg.ProduceRequestTopicPartition{Partition: b.partition, Records: b.bytes})
		}
		req.Topics = append(req.Topics, t)
	})
	return req
}

// answers counts the partitions of an answer.
func answers(resp *kmsg.ProduceResponse) int {
	n := 0
	for i := range resp.Topics {
		n += len(resp.Topics[i].Partitions)
	}
	return n
}

// about is what an answer says of the partition of b: nil if nothing.
func about(c *Client, b *batch, resp *kmsg.ProduceResponse) *kmsg.ProduceResponseTopicPartition {
	for i := range resp.Topics {
		t := &resp.Topics[i]
		for j := range t.Partitions {
			if t.Partitions[j].Partition == b.partition && names(&c.topics[b.topic], t.Topic, t.TopicID) {
				return &t.Partitions[j]
			}
		}
	}
	return nil
}

// lost is the end of an attempt without an answer. An idempotent producer asks again; another one must not.
func (p *producer) lost(c *Client, b *batch) {
	b.doubt = true
	if !c.spec.Idempotent {
		p.close(b)
	} else if b.op.Attempts >= attempts {
		p.abandon()
	}
}

func (p *producer) answered(c *Client, m Moment, b *batch, resp *kmsg.ProduceResponse) {
	part := about(c, b, resp)
	if part == nil {
		c.fail("a produce answer for other partitions than asked")
		return
	}
	b.op.Code = part.ErrorCode
	code := event.Code(part.ErrorCode)
	v, expected := judge(code)
	if !expected {
		c.fail(fmt.Sprintf("produce of a sound batch answered with code %d", code))
	}
	b.doubt = b.doubt || undecided(code)
	switch {
	case v == accepted:
		b.op.Outcome, b.op.Return, b.op.Offset = history.OK, m.Event, part.BaseOffset
		p.close(b)
	case v == again || v == broken && p.hasEarlier(b):
		p.retry(c, m, b)
	case v == refused:
		p.refuse(m, b)
		if c.spec.Idempotent {
			p.abandon()
		}
	default:
		p.refuse(m, b)
		p.abandon()
	}
}

// refuse ends an operation that this answer says was not appended: definite, unless an earlier attempt may have been.
func (p *producer) refuse(m Moment, b *batch) {
	if !b.doubt {
		b.op.Outcome, b.op.Return = history.Fail, m.Event
	}
	p.close(b)
}

// retry sends the batch again later. A producer without sequence numbers gives up where the batch may be there.
func (p *producer) retry(c *Client, m Moment, b *batch) {
	p.stale = true
	p.backoff = m.Now + askAgain
	lame := c.topics[b.topic].Doomed || event.Code(b.op.Code) == event.CodeKafkaStorageError
	switch {
	case !c.spec.Idempotent && b.doubt:
		p.close(b)
	case b.op.Attempts >= attempts || lame && b.op.Attempts >= hopeless:
		p.refuse(m, b)
		if c.spec.Idempotent {
			p.abandon()
		}
	}
}

// hasEarlier reports whether an older batch of the same partition is still open: then a broken sequence is its matter.
func (p *producer) hasEarlier(b *batch) bool {
	for _, o := range p.open {
		if o == b {
			return false
		}
		if o.spot == b.spot {
			return true
		}
	}
	return false
}

// abandon leaves the producer id behind: every open batch that was sent may be there or not, for ever.
func (p *producer) abandon() {
	for len(p.open) > 0 {
		p.close(p.open[0])
	}
	p.id.pid = -1
}

// close takes b off the open batches. Its outcome stands as it is.
func (p *producer) close(b *batch) {
	b.closed = true
	for i, o := range p.open {
		if o == b {
			p.open = append(p.open[:i], p.open[i+1:]...)
			return
		}
	}
}
