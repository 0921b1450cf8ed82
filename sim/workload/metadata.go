package workload

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// metadata is what roles need to know before they work: the topics' ids, and how many partitions they have. A doomed topic
// may be gone already.
type metadata struct {
	asking bool
	askAt  event.Time
	stale  bool // an answer said that what is known is out of date
}

// missing reports whether the role must ask before it goes on.
func (md *metadata) missing(c *Client) bool {
	missing := md.stale
	for i := range c.topics {
		missing = missing || !c.topics[i].known && !c.topics[i].Doomed
	}
	return missing
}

// ready reports whether enough is known; if not, it asks.
func (md *metadata) ready(c *Client, m Moment) bool {
	if !md.missing(c) {
		return true
	}
	if !md.asking && m.Now >= md.askAt {
		md.ask(c, m)
	}
	return false
}

// has reports whether the partition of op is known to be there; if not, metadata is asked for again.
func (md *metadata) has(c *Client, op *fault.Op) bool {
	t := &c.topics[op.Topic]
	if !t.known || op.Partition < t.count {
		return t.known
	}
	md.stale = true
	return false
}

// due is when ready should be called again although nothing happens.
func (md *metadata) due() event.Time {
	if md.asking {
		return event.Never
	}
	return md.askAt
}

func (md *metadata) ask(c *Client, m Moment) {
	md.asking = true
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 12
	for i := range c.topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &c.topics[i].Name
		req.Topics = append(req.Topics, t)
	}
	c.call(m, req, func(m Moment, answer kmsg.Response) {
		md.asking = false
		md.askAt = m.Now + askAgain
		resp, ok := answer.(*kmsg.MetadataResponse)
		if !ok {
			return
		}
		md.stale = false
		for i := range resp.Topics {
			t := &resp.Topics[i]
			for j := range c.topics {
				if t.Topic != nil && *t.Topic == c.topics[j].Name && t.ErrorCode == 0 {
					c.topics[j].id, c.topics[j].known, c.topics[j].count = t.TopicID, true, int32(len(t.Partitions))
				}
			}
		}
	})
}
