package workload

import (
	"strconv"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// admin creates the topics of the run before anything else, then does the operations of the plan.
type admin struct {
	metadata
	made    bool // the run's topics exist
	busy    bool
	backoff event.Time
}

func (a *admin) done(c *Client) bool { return a.made && !a.busy && c.next == len(c.ops) }

func (a *admin) due(c *Client) event.Time {
	switch {
	case a.busy:
		return event.Never
	case !a.made:
		return a.backoff
	case a.next(c).Do == DoDeleteRecords && a.missing(c):
		return max(a.backoff, a.metadata.due())
	}
	return max(a.backoff, c.pauseTil)
}

func (a *admin) pump(c *Client, m Moment) {
	if a.busy || m.Now < a.backoff || a.done(c) {
		return
	}
	if !a.made {
		a.create(c, m, c.topics, func() { a.made = true })
		return
	}
	if a.next(c).Do == DoDeleteRecords && !a.ready(c, m) {
		return
	}
	op := c.nextOp(m)
	if op == nil {
		return
	}
	switch op.Do {
	case DoDeleteRecords:
		c.advance(m)
		a.trim(c, m, &c.topics[op.Topic], op)
	case DoCreateTopic:
		t := topic{Topic: fault.Topic{Name: "extra-" + strconv.Itoa(c.next), Partitions: max(1, op.Partition)}}
		a.create(c, m, []topic{t}, func() { c.advance(m) })
	case DoCreatePartitions:
		a.grow(c, m, op, func() { c.advance(m) })
	case DoAlterConfig:
		a.alter(c, m, op, func() { c.advance(m) })
	case DoDescribeConfig:
		a.describe(c, m, op.Topic, func() { c.advance(m) })
	default:
		a.remove(c, m, &c.topics[op.Topic], func() { c.advance(m) })
	}
}

// create makes topics. then is called once all of them exist; until then it is asked again.
func (a *admin) create(c *Client, m Moment, topics []topic, then func()) {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version = 7
	req.TimeoutMillis = 10_000
	var ops []*history.Op
	for i := range topics {
		ops = append(ops, c.begin(m, history.CreateTopic, &topics[i], 0))
		t := kmsg.NewCreateTopicsRequestTopic()
		t.Topic, t.NumPartitions, t.ReplicationFactor = topics[i].Name, topics[i].Partitions, 1
		t.Configs = configs(&topics[i].Topic)
		req.Topics = append(req.Topics, t)
	}
	a.busy = true
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		a.busy = false
		a.backoff = m.Now + askAgain
		resp, ok := answer.(*kmsg.CreateTopicsResponse)
		if !ok {
			return
		}
		exist := 0
		for i := range resp.Topics {
			code := event.Code(resp.Topics[i].ErrorCode)
			if i < len(ops) {
				end(m, ops[i], code)
			}
			if code == event.CodeNone || code == event.CodeTopicAlreadyExists {
				exist++
			}
		}
		if exist == len(topics) {
			then()
		}
	})
}

// remove deletes a topic. then is called once it is gone; until then it is asked again.
// configs are what a topic sets of its own.
func configs(t *fault.Topic) (list []kmsg.CreateTopicsRequestTopicConfig) {
	add := func(name string, value int64) {
		if value > 0 {
			text := strconv.FormatInt(value, 10)
			list = append(list, kmsg.CreateTopicsRequestTopicConfig{Name: name, Value: &text})
		}
	}
	add("segment.bytes", int64(t.Segment))
	add("segment.ms", t.SegmentMs)
	add("retention.bytes", t.RetentionBytes)
	add("retention.ms", t.RetentionMs)
	return list
}

// next is the operation that comes next; an empty one if there is none.
func (a *admin) next(c *Client) fault.Op {
	if c.next == len(c.ops) {
		return fault.Op{}
	}
	return c.ops[c.next]
}

// trim lets a log begin at its high watermark, or asks where it ends, and then lets it begin at a part of that: a damaged
// log tells no end. An operation of which nobody knows whether it took effect is not tried again: the next one comes anyway.
func (a *admin) trim(c *Client, m Moment, t *topic, op *fault.Op) {
	partition, percent := op.Partition, int64(op.Percent)
	if percent == 100 {
		a.trimTo(c, m, t, partition, event.HighWatermark)
		return
	}
	req := kmsg.NewPtrListOffsetsRequest()
	req.Version = 8
	req.ReplicaID = -1
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = partition, event.TimestampLatest
	req.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: t.Name, Partitions: []kmsg.ListOffsetsRequestTopicPartition{p}}}
	a.busy = true
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		a.busy = false
		a.backoff = m.Now + askAgain
		resp, ok := answer.(*kmsg.ListOffsetsResponse)
		if !ok || len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 || resp.Topics[0].Partitions[0].ErrorCode != 0 {
			return
		}
		target := resp.Topics[0].Partitions[0].Offset * percent / 100
		if percent > 100 {
			target += 1000
		}
		a.trimTo(c, m, t, partition, target)
	})
}

func (a *admin) trimTo(c *Client, m Moment, t *topic, partition int32, target int64) {
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Version = 2
	req.TimeoutMillis = int32(c.spec.Timeout / event.Millisecond)
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = partition, target
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: t.Name, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{p}}}
	op := c.begin(m, history.DeleteRecords, t, partition)
	op.Offset, op.LogStart = target, -1
	a.busy = true
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		a.busy = false
		a.backoff = m.Now + askAgain
		resp, ok := answer.(*kmsg.DeleteRecordsResponse)
		if !ok {
			return
		}
		if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
			c.fail("a delete-records answer for other partitions than asked")
			return
		}
		part := &resp.Topics[0].Partitions[0]
		op.Code, op.LogStart = part.ErrorCode, part.LowWatermark
		switch event.Code(op.Code) {
		case event.CodeNone:
			op.Outcome, op.Return = history.OK, m.Event
		case event.CodeOffsetOutOfRange, event.CodePolicyViolation:
			op.Outcome, op.Return = history.Fail, m.Event
		default: // it may have been staged before its leader went
			a.stale = true
		}
	})
}

func (a *admin) remove(c *Client, m Moment, t *topic, then func()) {
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.Version = 6
	req.TimeoutMillis = 10_000
	name := t.Name
	rt := kmsg.NewDeleteTopicsRequestTopic()
	rt.Topic = &name
	req.Topics = []kmsg.DeleteTopicsRequestTopic{rt}
	op := c.begin(m, history.DeleteTopic, t, 0)
	a.busy = true
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		a.busy = false
		a.backoff = m.Now + askAgain
		resp, ok := answer.(*kmsg.DeleteTopicsResponse)
		if !ok || len(resp.Topics) != 1 {
			return
		}
		code := event.Code(resp.Topics[0].ErrorCode)
		end(m, op, code)
		if code == event.CodeNone || code == event.CodeUnknownTopicOrPartition {
			then()
		}
	})
}

// end writes the outcome of an admin operation. Errors that say that the broker is not ready leave the outcome open.
func end(m Moment, op *history.Op, code event.Code) {
	op.Code, op.Return = int16(code), m.Event
	switch code {
	case event.CodeNone:
		op.Outcome = history.OK
	case event.CodeTopicAlreadyExists, event.CodeUnknownTopicOrPartition, event.CodeInvalidPartitions:
		op.Outcome = history.Fail
	default:
		op.Return = 0
	}
}
