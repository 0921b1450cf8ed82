package api

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// CreateTopics (key 19), versions 2 to 7.
//
//	v2   validate only, error message, throttle time
//	v3   no change in layout
//	v4   -1 partitions or replicas mean the broker's default (KIP-464)
//	v5   flexible; partitions, replicas and configuration in the reply (KIP-525)
//	v6   no change in layout
//	v7   topic id in the reply
//
// A name that is in the request twice is refused each time: which of them was meant cannot be known.
func createTopics() handler {
	return handler{
		key:     kafka.KeyCreateTopics,
		request: func() kmsg.Request { return kmsg.NewPtrCreateTopicsRequest() },
		decode:  decodeCreateTopics,
		encode:  encodeCreateTopics,
	}
}

func decodeCreateTopics(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.CreateTopicsRequest)
	body := &event.CreateTopics{TimeoutMs: max(req.TimeoutMillis, 0), ValidateOnly: req.ValidateOnly}
	_, shared := duplicates(len(req.Topics), func(i, j int) int {
		return strings.Compare(req.Topics[i].Topic, req.Topics[j].Topic)
	})
	n := p.placeItems(len(req.Topics), func(i int) bool { return marked(shared, i) })
	if n == 0 {
		return nil, createdTopics(p, nil)
	}
	body.Topics = make([]event.CreateTopic, 0, n)
	for i := range req.Topics {
		if p.place(i) >= 0 {
			body.Topics = append(body.Topics, createTopic(&req.Topics[i]))
		}
	}
	return body, nil
}

func createTopic(t *kmsg.CreateTopicsRequestTopic) event.CreateTopic {
	to := event.CreateTopic{
		Name: t.Topic, Partitions: t.NumPartitions, Replicas: t.ReplicationFactor,
		Assignment: make([]event.PartitionAssignment, 0, len(t.ReplicaAssignment)),
		Configs:    make([]event.ConfigEntry, 0, len(t.Configs)),
	}
	for _, a := range t.ReplicaAssignment {
		placed := event.PartitionAssignment{Partition: a.Partition, Replicas: make([]event.NodeID, len(a.Replicas))}
		for i, id := range a.Replicas {
			placed.Replicas[i] = event.NodeID(id)
		}
		to.Assignment = append(to.Assignment, placed)
	}
	for _, c := range t.Configs {
		to.Configs = append(to.Configs, event.ConfigEntry{Key: c.Name, Value: value(c.Value), Null: c.Value == nil})
	}
	return to
}

func encodeCreateTopics(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	return p.reply(createdTopics(p, as[*event.CreateTopicsReply](p, reply).Topics), len(p.places))
}

func createdTopics(p *Pending, answers []event.CreateTopicReply) kmsg.Response {
	req := p.request.(*kmsg.CreateTopicsRequest)
	p.alignedPlaces(len(answers))
	resp := response(p, kmsg.NewPtrCreateTopicsResponse)
	resp.Topics = make([]kmsg.CreateTopicsResponseTopic, len(req.Topics))
	for i := range req.Topics {
		answer := event.CreateTopicReply{Code: event.CodeInvalidRequest, Why: "named more than once"}
		if place := p.place(i); place >= 0 {
			answer = answers[place]
		}
		answer.Name = req.Topics[i].Topic
		resp.Topics[i] = createdTopic(&answer)
	}
	return resp
}

func createdTopic(r *event.CreateTopicReply) kmsg.CreateTopicsResponseTopic {
	to := kmsg.NewCreateTopicsResponseTopic()
	to.Topic, to.ErrorCode, to.ErrorMessage = r.Name, int16(r.Code), text(r.Why)
	to.Configs = []kmsg.CreateTopicsResponseTopicConfig{}
	if r.Code != event.CodeNone {
		return to
	}
	to.TopicID, to.NumPartitions, to.ReplicationFactor = r.ID, r.Partitions, r.Replicas
	for i := range r.Configs {
		from, c := &r.Configs[i], kmsg.NewCreateTopicsResponseTopicConfig()
		c.Name, c.ReadOnly, c.Source = from.Key, from.ReadOnly, from.Source
		c.Value, c.IsSensitive = openValue(from)
		to.Configs = append(to.Configs, c)
	}
	return to
}
