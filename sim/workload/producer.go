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
	topic     int
	partition int32
	next      int32
}

// batch is one operation under way.
type batch struct {
	op     *history.Op
	plan   *fault.Op
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
	if len(p.open) > p.flying {
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
			p.send(c, m, b)
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

// begin opens the operation and sends it for the first time.
func (p *producer) begin(c *Client, m Moment, plan *fault.Op) {
	op := c.begin(m, history.Produce, &c.topics[plan.Topic], plan.Partition)
	op.Acks = plan.Acks
	for range max(1, plan.Records) {
		op.Values = append(op.Values, history.NewValue(c.id, p.values))
		p.values++
	}
	id := identity{pid: -1, epoch: -1, sequence: -1}
	if c.spec.Idempotent {
		op.Acks = -1
		id = identity{pid: p.id.pid, epoch: p.id.epoch, sequence: p.take(plan, int32(len(op.Values)))}
	}
	op.PID, op.Epoch, op.Sequence = id.pid, id.epoch, id.sequence
	b := &batch{op: op, plan: plan}
	b.bytes = appendBatch(nil, id, c.wallMs+int64(m.Now/event.Millisecond), op.Values, plan.Bytes)
	p.open = append(p.open, b)
	p.send(c, m, b)
}

// take gives out n sequence numbers of the partition that op writes to.
func (p *producer) take(op *fault.Op, n int32) int32 {
	for i := range p.next {
		if s := &p.next[i]; s.topic == op.Topic && s.partition == op.Partition {
			first := s.next
			s.next += n
			return first
		}
	}
	p.next = append(p.next, sequence{topic: op.Topic, partition: op.Partition, next: n})
	return 0
}

func (p *producer) send(c *Client, m Moment, b *batch) {
	b.op.Attempts++
	req := produceRequest(c, b)
	if b.op.Acks == 0 {
		c.send(req)
		p.close(b)
		return
	}
	b.flying = true
	p.flying++
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		b.flying = false
		p.flying--
		resp, ok := answer.(*kmsg.ProduceResponse)
		if b.closed {
			return
		}
		if !ok {
			p.lost(c, b)
			return
		}
		p.answered(c, m, b, resp)
	})
}

func produceRequest(c *Client, b *batch) kmsg.Request {
	t := &c.topics[b.plan.Topic]
	req := kmsg.NewPtrProduceRequest()
	req.Version = 9
	if c.spec.ByID {
		req.Version = 13
	}
	req.Acks = b.op.Acks
	req.TimeoutMillis = int32(c.spec.Timeout / event.Millisecond)
	req.Topics = []kmsg.ProduceRequestTopic{{
		Topic: t.Name, TopicID: t.id,
		Partitions: []kmsg.ProduceRequestTopicPartition{{Partition: b.plan.Partition, Records: b.bytes}},
	}}
	return req
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
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		c.fail("a produce answer for other partitions than asked")
		return
	}
	part := &resp.Topics[0].Partitions[0]
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
	lame := c.topics[b.plan.Topic].Doomed || event.Code(b.op.Code) == event.CodeKafkaStorageError
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
		if o.plan.Topic == b.plan.Topic && o.plan.Partition == b.plan.Partition {
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
