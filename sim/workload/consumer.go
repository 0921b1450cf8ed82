package workload

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// unset is the position of a consumer that has not looked yet.
const unset = -1

// consumer reads: one request in flight, each from where the last one of its partition ended.
type consumer struct {
	metadata
	positions [][]int64 // by topic and partition
	busy      bool
	session   session
	backoff   event.Time
}

func newConsumer(h *fault.Header) *consumer {
	r := &consumer{}
	for _, t := range h.Topics {
		row := make([]int64, t.Most())
		for i := range row {
			row[i] = unset
		}
		r.positions = append(r.positions, row)
	}
	return r
}

func (r *consumer) done(c *Client) bool { return c.next == len(c.ops) && !r.busy }

func (r *consumer) due(c *Client) event.Time {
	switch {
	case r.missing(c):
		return r.metadata.due()
	case r.busy:
		return event.Never
	}
	return max(c.pauseTil, r.backoff)
}

func (r *consumer) pump(c *Client, m Moment) {
	if r.busy || c.next == len(c.ops) || !r.ready(c, m) || m.Now < r.backoff {
		return
	}
	op := c.nextOp(m)
	if op == nil {
		return
	}
	t := &c.topics[op.Topic]
	position := &r.positions[op.Topic][op.Partition]
	switch {
	case !r.has(c, op):
		c.advance(m)
	case op.Do == DoListOffsets:
		c.advance(m)
		r.list(c, m, t, op.Partition, op.Timestamp, nil)
	case *position == unset:
		r.list(c, m, t, op.Partition, event.TimestampEarliest, position)
	default:
		c.advance(m)
		r.fetch(c, m, op, c.spec.MaxWait)
	}
}

// list asks for an offset, and takes it as the position if one is given.
func (r *consumer) list(c *Client, m Moment, t *topic, partition int32, timestamp int64, position *int64) {
	op := c.begin(m, history.ListOffsets, t, partition)
	op.Timestamp = timestamp
	req := kmsg.NewPtrListOffsetsRequest()
	req.Version = 8
	req.ReplicaID = -1
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = partition, timestamp
	req.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: t.Name, Partitions: []kmsg.ListOffsetsRequestTopicPartition{p}}}
	r.busy = true
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		r.busy = false
		resp, ok := answer.(*kmsg.ListOffsetsResponse)
		if !ok {
			return
		}
		if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
			c.fail("a list-offsets answer for other partitions than asked")
			return
		}
		part := &resp.Topics[0].Partitions[0]
		op.Code = part.ErrorCode
		op.Return = m.Event
		if part.ErrorCode != 0 {
			op.Outcome = history.Fail
			r.later(c, m)
			return
		}
		op.Outcome, op.Offset = history.OK, part.Offset
		if position != nil {
			*position = part.Offset
		}
	})
}

// later waits a little before the next request, and asks for the metadata again.
func (r *consumer) later(c *Client, m Moment) {
	r.backoff = m.Now + askAgain
	r.stale = true
	if op := c.nextOp(m); op != nil && c.topics[op.Topic].Doomed {
		c.advance(m)
	}
}

// reading is one partition of a fetch under way.
type reading struct {
	spot
	op *history.Op
}

func (x reading) at() spot { return x.spot }

// fetch asks for the partitions of op that have a position.
func (r *consumer) fetch(c *Client, m Moment, plan *fault.Op, maxWait int32) *history.Op {
	var parts []reading
	for _, s := range c.spots(plan) {
		if position := r.positions[s.topic][s.partition]; position != unset {
			op := c.begin(m, history.Fetch, &c.topics[s.topic], s.partition)
			op.Offset = position
			parts = append(parts, reading{s, op})
		}
	}
	r.busy = true
	c.call(m, r.request(c, parts, plan.MaxBytes, maxWait), func(m Moment, answer kmsg.Response) {
		r.busy = false
		resp, ok := answer.(*kmsg.FetchResponse)
		if !ok {
			r.session = session{} // it ended with its connection
			return
		}
		r.fetched(c, m, parts, resp)
	})
	return parts[0].op
}

func (r *consumer) request(c *Client, parts []reading, maxBytes, maxWait int32) kmsg.Request {
	req := kmsg.NewPtrFetchRequest()
	req.Version = 12
	if c.spec.ByID {
		req.Version = 16
	}
	req.ReplicaID = -1
	req.MaxWaitMillis = maxWait
	req.MinBytes = 1
	if req.MaxBytes = maxBytes; maxBytes == 0 {
		req.MaxBytes = 1 << 20
	}
	req.SessionEpoch = -1
	if c.spec.Sessions {
		all := parts
		parts = r.session.wants(all)
		r.session.ask(c, req, all)
	}
	group(parts, reading.at, func(topic int, its []reading) {
		t := kmsg.FetchRequestTopic{Topic: c.topics[topic].Name, TopicID: c.topics[topic].id}
		for _, x := range its {
			p := kmsg.NewFetchRequestTopicPartition()
			p.Partition, p.FetchOffset, p.CurrentLeaderEpoch, p.PartitionMaxBytes = x.partition, x.op.Offset, -1, 32<<10
			t.Partitions = append(t.Partitions, p)
		}
		req.Topics = append(req.Topics, t)
	})
	return req
}

func (r *consumer) fetched(c *Client, m Moment, parts []reading, resp *kmsg.FetchResponse) {
	if resp.ErrorCode != 0 {
		r.session = session{}
		for _, x := range parts {
			x.op.Code, x.op.Return, x.op.Outcome = resp.ErrorCode, m.Event, history.Fail
		}
		r.later(c, m)
		return
	}
	news := c.spec.Sessions && r.session.answered(resp)
	told := make([]bool, len(parts))
	for i := range resp.Topics {
		for j := range resp.Topics[i].Partitions {
			part := &resp.Topics[i].Partitions[j]
			for n, x := range parts {
				if x.partition == part.Partition && names(&c.topics[x.topic], resp.Topics[i].Topic, resp.Topics[i].TopicID) {
					told[n] = true
					r.session.remember(x.spot, part)
					r.got(c, m, x, part)
				}
			}
		}
	}
	for n, x := range parts {
		switch {
		case told[n]:
		case news:
			r.silent(c, m, x)
		default:
			c.fail("a fetch answer without a partition that was asked")
		}
	}
}

// got takes the answer about one partition.
func (r *consumer) got(c *Client, m Moment, x reading, part *kmsg.FetchResponseTopicPartition) {
	op, position := x.op, &r.positions[x.topic][x.partition]
	op.Return = m.Event
	op.Code = part.ErrorCode
	op.HighWatermark, op.LogStart = part.HighWatermark, part.LogStartOffset
	if part.ErrorCode != 0 {
		op.Outcome = history.Fail
		if event.Code(part.ErrorCode) == event.CodeOffsetOutOfRange {
			*position = unset
		}
		r.later(c, m)
		return
	}
	op.Outcome = history.OK
	op.Records = parseBatches(nil, part.RecordBatches, op.Offset)
	if n := len(op.Records); n > 0 {
		*position = op.Records[n-1].Offset + 1
	} else if len(part.RecordBatches) > 0 {
		c.fail(fmt.Sprintf("a fetch from %d got %d bytes that hold nothing from there on", op.Offset, len(part.RecordBatches)))
	}
}
