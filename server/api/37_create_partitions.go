package api

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// CreatePartitions (key 37), versions 0 to 3 (KIP-195).
//
//	v0   validate only, explicit assignment of the new partitions
//	v1   no change in layout
//	v2   flexible
//	v3   may answer THROTTLING_QUOTA_EXCEEDED (KIP-599): never does
//
// A topic that is in the request twice is refused each time: which count was meant cannot be known.
func createPartitions() handler {
	return handler{
		key:     kafka.KeyCreatePartitions,
		request: func() kmsg.Request { return kmsg.NewPtrCreatePartitionsRequest() },
		decode:  decodeCreatePartitions,
		encode:  encodeCreatePartitions,
	}
}

func decodeCreatePartitions(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.CreatePartitionsRequest)
	_, shared := duplicates(len(req.Topics), func(i, j int) int {
		return strings.Compare(req.Topics[i].Topic, req.Topics[j].Topic)
	})
	n := p.placeItems(len(req.Topics), func(i int) bool { return marked(shared, i) })
	if n == 0 {
		return nil, createdPartitions(p, nil)
	}
	body := &event.CreatePartitions{
		TimeoutMs: max(req.TimeoutMillis, 0), ValidateOnly: req.ValidateOnly, Topics: make([]event.GrowTopic, 0, n),
	}
	for i := range req.Topics {
		if p.place(i) >= 0 {
			body.Topics = append(body.Topics, growTopic(&req.Topics[i]))
		}
	}
	return body, nil
}

func growTopic(t *kmsg.CreatePartitionsRequestTopic) event.GrowTopic {
	to := event.GrowTopic{Name: t.Topic, Count: t.Count}
	if t.Assignment == nil {
		return to
	}
	to.Assignment = make([][]event.NodeID, len(t.Assignment))
	for i, a := range t.Assignment {
		to.Assignment[i] = make([]event.NodeID, len(a.Replicas))
		for j, id := range a.Replicas {
			to.Assignment[i][j] = event.NodeID(id)
		}
	}
	return to
}

func encodeCreatePartitions(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	return p.reply(createdPartitions(p, as[*event.CreatePartitionsReply](p, reply).Topics), len(p.places))
}

func createdPartitions(p *Pending, answers []event.GrowTopicReply) kmsg.Response {
	req := p.request.(*kmsg.CreatePartitionsRequest)
	p.alignedPlaces(len(answers))
	resp := response(p, kmsg.NewPtrCreatePartitionsResponse)
	resp.Topics = make([]kmsg.CreatePartitionsResponseTopic, len(req.Topics))
	for i := range req.Topics {
		answer := event.GrowTopicReply{Code: event.CodeInvalidRequest, Why: "named more than once"}
		if place := p.place(i); place >= 0 {
			answer = answers[place]
		}
		to := kmsg.NewCreatePartitionsResponseTopic()
		to.Topic, to.ErrorCode, to.ErrorMessage = req.Topics[i].Topic, int16(answer.Code), text(answer.Why)
		resp.Topics[i] = to
	}
	return resp
}
