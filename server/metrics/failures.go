package metrics

import (
	"sync/atomic"

	"github.com/highwater-log/highwater/core/event"
)

// codes is how many error codes are told apart: from -1 on. A larger one counts as the last.
const codes = 136

// failures counts error codes in answers, by API. They are rare, so that one place does for all connections.
type failures [apis][codes]atomic.Uint64

func (f *failures) count(api int, code event.Code) {
	if code != event.CodeNone {
		f[api][min(max(int(code)+1, 0), codes-1)].Add(1)
	}
}

// countAll counts every code in an answer of the core.
func (f *failures) countAll(api int, reply event.Body) {
	switch r := reply.(type) {
	case *event.ListOffsetsReply:
		each(f, api, r.Partitions, func(p *event.ListOffsetsPartitionReply) event.Code { return p.Code })
	case *event.MetadataReply:
		each(f, api, r.Topics, func(t *event.MetadataTopicReply) event.Code { return t.Code })
	case *event.CreateTopicsReply:
		each(f, api, r.Topics, func(t *event.CreateTopicReply) event.Code { return t.Code })
	case *event.DeleteTopicsReply:
		each(f, api, r.Topics, func(t *event.DeleteTopicReply) event.Code { return t.Code })
	case *event.CreatePartitionsReply:
		each(f, api, r.Topics, func(t *event.GrowTopicReply) event.Code { return t.Code })
	case *event.DeleteRecordsReply:
		each(f, api, r.Partitions, func(p *event.DeleteRecordsPartitionReply) event.Code { return p.Code })
	case *event.AlterConfigsReply:
		each(f, api, r.Resources, func(c *event.ConfigAlterationReply) event.Code { return c.Code })
	case *event.DescribeConfigsReply:
		each(f, api, r.Resources, func(c *event.ConfigResourceReply) event.Code { return c.Code })
	case *event.FindCoordinatorReply:
		each(f, api, r.Coordinators, func(c *event.CoordinatorReply) event.Code { return c.Code })
	case *event.InitProducerIDReply:
		f.count(api, r.Code)
	}
}

func each[T any](f *failures, api int, items []T, code func(*T) event.Code) {
	for i := range items {
		f.count(api, code(&items[i]))
	}
}
