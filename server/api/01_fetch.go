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
// Sessions are the core's: a request of one names what changed, and its reply what is new. Whatever a client says of being a replica, it
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
	n := 0
	for i := range req.Topics {
		n += len(req.Topics[i].Partitions)
	}
	session := fetchSession(p.Version(), req)
	if n == 0 && session.Step != event.SessionNext && session.ID == 0 {
		return nil, response(p, kmsg.NewPtrFetchResponse) // nothing to wait for
	}
	body := &event.Fetch{
		ReplicaID:  -1,
		MaxWaitMs:  max(req.MaxWaitMillis, 0),
		MinBytes:   max(req.MinBytes, 0),
		MaxBytes:   max(req.MaxBytes, 0),
		Partitions: make([]event.FetchPartition, 0, n),
		Session:    session,
		ByID:       p.Version() >= 13,
	}
	if n := len(req.ForgottenTopics); n > 0 && session.Step == event.SessionNext {
		body.Forgotten = make([]event.FetchForgotten, 0, n)
	}
	for i := range cap(body.Forgotten) {
		topic := &req.ForgottenTopics[i]
		body.Forgotten = append(body.Forgotten, event.FetchForgotten{
			Name: topic.Topic, ID: topic.TopicID, Partitions: topic.Partitions,
		})
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

// fetchSession is the step of a session that a request is. Kafka's epoch -1 ends one, 0 begins one, and others go on.
func fetchSession(version int16, req *kmsg.FetchRequest) event.FetchSession {
	s := event.FetchSession{ID: req.SessionID}
	switch {
	case version < 7:
		return event.FetchSession{}
	case req.SessionEpoch == 0:
		s.Step = event.SessionNew
	case req.SessionEpoch > 0:
		s.Step, s.Epoch = event.SessionNext, req.SessionEpoch
	}
	return s
}

func encodeFetch(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	req := p.request.(*kmsg.FetchRequest)
	r := as[*event.FetchReply](p, reply)
	n := len(r.Named)
	if r.Named == nil {
		for i := range req.Topics {
			n += len(req.Topics[i].Partitions)
		}
	}
	p.aligned(len(r.Partitions), n)
	return kafka.EncodeFetch(p.header, req, r), false
}
