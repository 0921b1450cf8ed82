package api

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// Fetch (key 1), versions 4 to 18.
//
//	v4   isolation level; last stable offset and aborted transactions in the reply
//	v5   log start offset
//	v6   no change in layout
//	v7   sessions (KIP-227); top-level error
//	v8   no change in layout
//	v9   current leader epoch (KIP-320)
//	v10  zstd allowed (KIP-110)
//	v11  rack of the client, preferred replica (KIP-392)
//	v12  flexible; last fetched epoch, leader hint (KIP-595)
//	v13  topics by id (KIP-516)
//	v14  no change in layout
//	v15  replica id becomes a tagged field (KIP-903)
//	v16  node endpoints in the reply (KIP-951)
//	v17, v18  fields that only replicas set
//
// Sessions are never granted: every request is a full one and every reply says session 0, which any client takes. Who
// goes on with a session of an earlier life is told that it is not known. Whatever a client says of being a replica, it
// is a consumer here. Without transactions every record below the high watermark is stable.
func fetch() handler {
	return handler{
		key:     kafka.KeyFetch,
		request: func() kmsg.Request { return kmsg.NewPtrFetchRequest() },
		decode:  decodeFetch,
		encode:  encodeFetch,
	}
}

func decodeFetch(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.FetchRequest)
	if req.SessionEpoch > 0 {
		resp := response(p, kmsg.NewPtrFetchResponse)
		resp.ErrorCode = int16(event.CodeFetchSessionIDNotFound)
		return nil, resp
	}
	n := 0
	for i := range req.Topics {
		n += len(req.Topics[i].Partitions)
	}
	if n == 0 {
		return nil, response(p, kmsg.NewPtrFetchResponse) // nothing to wait for
	}
	body := &event.Fetch{
		ReplicaID:  -1,
		MaxWaitMs:  max(req.MaxWaitMillis, 0),
		MinBytes:   max(req.MinBytes, 0),
		MaxBytes:   max(req.MaxBytes, 0),
		Partitions: make([]event.FetchPartition, 0, n),
	}
	for i := range req.Topics {
		topic := &req.Topics[i]
		for j := range topic.Partitions {
			from := &topic.Partitions[j]
			body.Partitions = append(body.Partitions, event.FetchPartition{
				Name: topic.Topic, ID: topic.TopicID, Partition: from.Partition,
				CurrentEpoch: from.CurrentLeaderEpoch, LastFetchedEpoch: -1,
				Offset: from.FetchOffset, MaxBytes: max(from.PartitionMaxBytes, 0),
			})
		}
	}
	return body, nil
}

func encodeFetch(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	req := p.request.(*kmsg.FetchRequest)
	r := as[*event.FetchReply](p, reply)
	n := 0
	for i := range req.Topics {
		n += len(req.Topics[i].Partitions)
	}
	p.aligned(len(r.Partitions), n)
	return kafka.EncodeFetch(p.header, req, r), false
}
