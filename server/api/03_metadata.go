package api

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// Metadata (key 3), versions 0 to 13.
//
//	v0   an empty list of topics means all
//	v1   null means all, an empty list none; rack, controller, internal
//	v2   cluster id
//	v3   throttle time
//	v4   the client may forbid auto-creation
//	v5   offline replicas
//	v6   no change in layout
//	v7   leader epoch
//	v8   authorized operations (KIP-430)
//	v9   flexible
//	v10  topic ids in the reply (KIP-516)
//	v11  authorized operations of the cluster moved to DescribeCluster
//	v12  topics by id
//	v13  top-level error (KIP-1102)
//
// Authorized operations are answered as not asked for: nothing is authorized or forbidden here. Fenced brokers are not
// told to clients.
func metadata() handler {
	return handler{
		key:     kafka.KeyMetadata,
		request: func() kmsg.Request { return kmsg.NewPtrMetadataRequest() },
		decode:  decodeMetadata,
		encode:  encodeMetadata,
	}
}

func decodeMetadata(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.MetadataRequest)
	body := &event.Metadata{
		All:             req.Topics == nil || req.Version == 0 && len(req.Topics) == 0,
		AllowAutoCreate: req.AllowAutoTopicCreation || req.Version < 4,
		Topics:          make([]event.MetadataTopic, len(req.Topics)),
	}
	for i := range req.Topics {
		body.Topics[i] = nameOrID(req.Topics[i].Topic, req.Topics[i].TopicID)
	}
	return body, nil
}

// nameOrID names a topic by its id where there is one, else by its name.
func nameOrID(name *string, id event.UUID) event.MetadataTopic {
	if !id.IsZero() {
		return event.MetadataTopic{ID: id}
	}
	return event.MetadataTopic{Name: value(name)}
}

func encodeMetadata(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	r := as[*event.MetadataReply](p, reply)
	resp := response(p, kmsg.NewPtrMetadataResponse)
	resp.ClusterID = &r.ClusterID
	resp.ControllerID = int32(r.Controller)
	for i := range r.Brokers {
		if b := &r.Brokers[i]; !b.Fenced {
			to := kmsg.NewMetadataResponseBroker()
			to.NodeID, to.Host, to.Port, to.Rack = int32(b.Node), b.Host, b.Port, text(b.Rack)
			resp.Brokers = append(resp.Brokers, to)
		}
	}
	resp.Topics = make([]kmsg.MetadataResponseTopic, len(r.Topics))
	items := len(r.Brokers) + len(r.Topics)
	for i := range r.Topics {
		items += len(r.Topics[i].Partitions)
		resp.Topics[i] = describedTopic(&r.Topics[i])
	}
	return p.reply(resp, items)
}

func describedTopic(t *event.MetadataTopicReply) kmsg.MetadataResponseTopic {
	to := kmsg.NewMetadataResponseTopic()
	to.ErrorCode, to.Topic, to.TopicID, to.IsInternal = int16(t.Code), &t.Name, t.ID, t.Internal
	if t.Name == "" && !t.ID.IsZero() {
		to.Topic = nil // asked by an id that names nothing
	}
	to.Partitions = make([]kmsg.MetadataResponseTopicPartition, len(t.Partitions))
	for i := range t.Partitions {
		from, p := &t.Partitions[i], kmsg.NewMetadataResponseTopicPartition()
		p.ErrorCode, p.Partition = int16(from.Code), from.Partition
		p.Leader, p.LeaderEpoch = int32(from.Leader.Node), from.Leader.Epoch
		p.Replicas, p.ISR, p.OfflineReplicas = nodes(from.Replicas), nodes(from.ISR), nodes(from.Offline)
		to.Partitions[i] = p
	}
	return to
}

// nodes are node ids as kmsg has them.
func nodes(ids []event.NodeID) []int32 {
	out := make([]int32, len(ids))
	for i, id := range ids {
		out[i] = int32(id)
	}
	return out
}
