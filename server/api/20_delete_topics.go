package api

import (
	"cmp"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// DeleteTopics (key 20), versions 1 to 6.
//
//	v1   throttle time
//	v2, v3  no change in layout
//	v4   flexible
//	v5   error message in the reply (KIP-599)
//	v6   topics by name or by id (KIP-516)
//
// A topic that is in the request twice, or that has both a name and an id, or neither, is refused.
func deleteTopics() handler {
	return handler{
		key:     kafka.KeyDeleteTopics,
		request: func() kmsg.Request { return kmsg.NewPtrDeleteTopicsRequest() },
		decode:  decodeDeleteTopics,
		encode:  encodeDeleteTopics,
	}
}

// deletions counts the topics of the request, deletion is one of them: versions before 6 have names only.
func deletions(req *kmsg.DeleteTopicsRequest) int {
	if req.Version >= 6 {
		return len(req.Topics)
	}
	return len(req.TopicNames)
}

func deletion(req *kmsg.DeleteTopicsRequest, i int) (name *string, id event.UUID) {
	if req.Version >= 6 {
		return req.Topics[i].Topic, req.Topics[i].TopicID
	}
	return &req.TopicNames[i], event.UUID{}
}

func decodeDeleteTopics(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.DeleteTopicsRequest)
	topic := func(i int) event.MetadataTopic { return nameOrID(deletion(req, i)) }
	_, shared := duplicates(deletions(req), func(i, j int) int {
		a, b := topic(i), topic(j)
		return cmp.Or(a.ID.Compare(b.ID), strings.Compare(a.Name, b.Name))
	})
	n := p.placeItems(deletions(req), func(i int) bool {
		name, id := deletion(req, i)
		return marked(shared, i) || (name != nil) == !id.IsZero()
	})
	if n == 0 {
		return nil, deletedTopics(p, nil)
	}
	body := &event.DeleteTopics{TimeoutMs: max(req.TimeoutMillis, 0), Topics: make([]event.MetadataTopic, 0, n)}
	for i := range p.places {
		if p.place(i) >= 0 {
			body.Topics = append(body.Topics, topic(i))
		}
	}
	return body, nil
}

func encodeDeleteTopics(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	return p.reply(deletedTopics(p, as[*event.DeleteTopicsReply](p, reply).Topics), len(p.places))
}

func deletedTopics(p *Pending, answers []event.DeleteTopicReply) kmsg.Response {
	req := p.request.(*kmsg.DeleteTopicsRequest)
	p.alignedPlaces(len(answers))
	resp := response(p, kmsg.NewPtrDeleteTopicsResponse)
	resp.Topics = make([]kmsg.DeleteTopicsResponseTopic, deletions(req))
	refusal := text("named more than once, or not by either name or id")
	for i := range resp.Topics {
		to := kmsg.NewDeleteTopicsResponseTopic()
		to.Topic, to.TopicID = deletion(req, i)
		if place := p.place(i); place < 0 {
			to.ErrorCode, to.ErrorMessage = int16(event.CodeInvalidRequest), refusal
		} else {
			r := &answers[place]
			to.ErrorCode, to.ErrorMessage = int16(r.Code), text(r.Why)
			if r.Name != "" {
				to.Topic = &r.Name
			}
			if !r.ID.IsZero() {
				to.TopicID = r.ID
			}
		}
		resp.Topics[i] = to
	}
	return resp
}
