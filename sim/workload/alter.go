package workload

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// grow gives a topic more partitions. then is called once it has them; until then it is asked again.
func (a *admin) grow(c *Client, m Moment, plan *fault.Op, then func()) {
	t := &c.topics[plan.Topic]
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.Version = 3
	req.TimeoutMillis = 10_000
	rt := kmsg.NewCreatePartitionsRequestTopic()
	rt.Topic, rt.Count = t.Name, plan.Partition
	req.Topics = []kmsg.CreatePartitionsRequestTopic{rt}
	op := c.begin(m, history.CreatePartitions, t, plan.Partition)
	a.ask(c, m, req, func(m Moment, answer kmsg.Response) {
		resp := answer.(*kmsg.CreatePartitionsResponse)
		if len(resp.Topics) != 1 {
			c.fail("a create-partitions answer for other topics than asked")
			return
		}
		code := event.Code(resp.Topics[0].ErrorCode)
		end(m, op, code)
		if code == event.CodeNone || code == event.CodeInvalidPartitions { // it has them, from an attempt whose answer was lost
			then()
		}
	})
}

// ask sends a request; then gets its answer, and is not called if there is none.
func (a *admin) ask(c *Client, m Moment, req kmsg.Request, then func(m Moment, answer kmsg.Response)) {
	a.busy = true
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		a.busy = false
		a.backoff = m.Now + askAgain
		if answer != nil {
			then(m, answer)
		}
	})
}

// resource is what a topic of the header is called as a resource with configurations; -1 is all brokers.
func (c *Client) resource(n int) (kmsg.ConfigResourceType, *topic) {
	if n < 0 {
		return kmsg.ConfigResourceTypeBroker, &topic{}
	}
	return kmsg.ConfigResourceTypeTopic, &c.topics[n]
}

// alter changes one configuration. then is called once it is changed; until then it is asked again.
func (a *admin) alter(c *Client, m Moment, plan *fault.Op, then func()) {
	kind, t := c.resource(plan.Topic)
	change := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	change.Name, change.Op, change.Value = plan.Key, kmsg.IncrementalAlterConfigOpSet, &plan.Value
	if plan.Value == "" {
		change.Op, change.Value = kmsg.IncrementalAlterConfigOpDelete, nil
	}
	r := kmsg.NewIncrementalAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kind, t.Name
	r.Configs = []kmsg.IncrementalAlterConfigsRequestResourceConfig{change}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Version = 1
	req.Resources = []kmsg.IncrementalAlterConfigsRequestResource{r}
	op := c.begin(m, history.AlterConfig, t, -1)
	op.Key, op.Setting = plan.Key, plan.Value
	a.ask(c, m, req, func(m Moment, answer kmsg.Response) {
		resp := answer.(*kmsg.IncrementalAlterConfigsResponse)
		if len(resp.Resources) != 1 {
			c.fail("an alter-configs answer for other resources than asked")
			return
		}
		code := event.Code(resp.Resources[0].ErrorCode)
		end(m, op, code)
		switch code {
		case event.CodeNone:
			then()
		case event.CodeInvalidConfig, event.CodeInvalidRequest:
			c.fail("a sound configuration, " + plan.Key + "=" + plan.Value + ", is refused")
		}
	})
}

// describe asks what is configured: the judges look at the answer.
func (a *admin) describe(c *Client, m Moment, n int, then func()) {
	op := describeConfigs(c, m, n)
	a.ask(c, m, op.req, func(m Moment, answer kmsg.Response) {
		if op.answered(c, m, answer) {
			then()
		}
	})
}

// description is a describe-config under way.
type description struct {
	req kmsg.Request
	op  *history.Op
}

func describeConfigs(c *Client, m Moment, n int) description {
	kind, t := c.resource(n)
	r := kmsg.NewDescribeConfigsRequestResource()
	r.ResourceType, r.ResourceName = kind, t.Name
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Version = 4
	req.IncludeSynonyms = true
	req.Resources = []kmsg.DescribeConfigsRequestResource{r}
	return description{req, c.begin(m, history.DescribeConfig, t, -1)}
}

// answered ends the operation, and reports whether the broker described anything.
func (d description) answered(c *Client, m Moment, answer kmsg.Response) bool {
	resp := answer.(*kmsg.DescribeConfigsResponse)
	if len(resp.Resources) != 1 {
		c.fail("a describe-configs answer for other resources than asked")
		return false
	}
	code := event.Code(resp.Resources[0].ErrorCode)
	end(m, d.op, code)
	return code == event.CodeNone
}
