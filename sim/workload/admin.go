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
	op := c.nextOp(m)
	if op == nil {
		return
	}
	switch op.Do {
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
		if topics[i].Segment > 0 {
			size := strconv.Itoa(topics[i].Segment)
			t.Configs = []kmsg.CreateTopicsRequestTopicConfig{{Name: "segment.bytes", Value: &size}}
		}
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
