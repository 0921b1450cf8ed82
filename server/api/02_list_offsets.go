package api

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/net/kafka"
)

// ListOffsets (key 2), versions 1 to 11.
//
//	v1   one offset and its timestamp per partition
//	v2   isolation level; throttle time
//	v3   no change in layout
//	v4   current leader epoch; leader epoch of the record in the reply (KIP-320)
//	v5   no change in layout
//	v6   flexible
//	v7   timestamp -3: the record with the largest timestamp (KIP-734)
//	v8   timestamp -4: the earliest local record (KIP-405)
//	v9   timestamp -5: the latest tiered record (KIP-1005)
//	v10  timeout
//	v11  timestamp -6: the earliest record whose upload is pending (KIP-1023)
//
// A lookup by time is answered per record: the core finds the batch, the record in it is picked here, since the core
// does not decompress. No match is offset -1 with timestamp -1 and no error. Without transactions the isolation level
// changes nothing.
func listOffsets() handler {
	return handler{
		key:     kafka.KeyListOffsets,
		request: func() kmsg.Request { return kmsg.NewPtrListOffsetsRequest() },
		decode:  decodeListOffsets,
		encode:  encodeListOffsets,
	}
}

// sinceVersion is the version from which a special timestamp is known; 0 for the others, an impossible one for negative
// timestamps that mean nothing.
func sinceVersion(timestamp int64) int16 {
	switch {
	case timestamp >= event.TimestampEarliest:
		return 0
	case timestamp == event.TimestampMax:
		return 7
	case timestamp == event.TimestampEarliestLocal:
		return 8
	case timestamp == event.TimestampLatestTiered:
		return 9
	case timestamp == event.TimestampPendingUpload:
		return 11
	}
	return 1<<15 - 1
}

func decodeListOffsets(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.ListOffsetsRequest)
	var items []event.ListOffsetsPartition
	for i := range req.Topics {
		topic := &req.Topics[i]
		items = slices.Grow(items, len(topic.Partitions))
		for j := range topic.Partitions {
			from := &topic.Partitions[j]
			items = append(items, event.ListOffsetsPartition{
				Name: topic.Topic, Partition: from.Partition,
				CurrentEpoch: from.CurrentLeaderEpoch, Timestamp: from.Timestamp,
			})
		}
	}
	unknown := func(item event.ListOffsetsPartition) bool { return sinceVersion(item.Timestamp) > req.Version }
	if p.placeItems(len(items), func(i int) bool { return unknown(items[i]) }) == 0 {
		return nil, listedOffsets(nil, p, nil)
	}
	return &event.ListOffsets{Partitions: slices.DeleteFunc(items, unknown)}, nil
}

func encodeListOffsets(a *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	return p.reply(listedOffsets(a, p, as[*event.ListOffsetsReply](p, reply).Partitions), len(p.places))
}

func listedOffsets(a *API, p *Pending, answers []event.ListOffsetsPartitionReply) kmsg.Response {
	req := p.request.(*kmsg.ListOffsetsRequest)
	p.alignedPlaces(len(answers))
	resp := response(p, kmsg.NewPtrListOffsetsResponse)
	resp.Topics = make([]kmsg.ListOffsetsResponseTopic, len(req.Topics))
	item := 0
	for i := range req.Topics {
		from, to := &req.Topics[i], &resp.Topics[i]
		to.Topic = from.Topic
		to.Partitions = make([]kmsg.ListOffsetsResponseTopicPartition, len(from.Partitions))
		for j := range from.Partitions {
			answer := event.ListOffsetsPartitionReply{Code: event.CodeUnsupportedVersion}
			if place := p.place(item); place >= 0 {
				answer = a.pickBetter(answers[place], from.Partitions[j].Timestamp)
			}
			to.Partitions[j] = listedPartition(from.Partitions[j].Partition, answer)
			item++
		}
	}
	return resp
}

func listedPartition(number int32, r event.ListOffsetsPartitionReply) kmsg.ListOffsetsResponseTopicPartition {
	to := kmsg.NewListOffsetsResponseTopicPartition()
	to.Partition, to.ErrorCode = number, int16(r.Code)
	to.Offset, to.Timestamp, to.LeaderEpoch = r.Offset, r.Timestamp, r.Epoch
	if r.Code != event.CodeNone || r.Offset < 0 {
		to.Offset, to.Timestamp, to.LeaderEpoch = -1, -1, -1
	}
	return to
}

// pickBetter looks into the batch that the log start lies in, and into the next one where that does not hold what is
// sought, or less of it.
func (a *API) pickBetter(r event.ListOffsetsPartitionReply, timestamp int64) event.ListOffsetsPartitionReply {
	first := a.pickRecord(r, timestamp)
	if r.Code != event.CodeNone || r.Next == nil || first.Code != event.CodeNone ||
		timestamp != event.TimestampMax && first.Offset >= 0 {
		return first
	}
	r.Batch, r.Offset, r.Epoch = r.Next, -1, record.Batch(r.Next).LeaderEpoch()
	next := a.pickRecord(r, timestamp)
	if next.Code == event.CodeNone && first.Offset >= 0 && first.Timestamp >= next.Timestamp {
		return first
	}
	return next
}

// pickRecord finds the record within the batch that the core found, never below the offset that comes with it. A batch
// that cannot be read was damaged on its way back from the disk.
func (a *API) pickRecord(r event.ListOffsetsPartitionReply, timestamp int64) event.ListOffsetsPartitionReply {
	if r.Code != event.CodeNone || r.Batch == nil {
		return r
	}
	var ok bool
	var err error
	if b := record.Batch(r.Batch); timestamp == event.TimestampMax {
		r.Offset, r.Timestamp, ok, err = a.codec.FindMax(b, r.Offset)
	} else {
		r.Offset, r.Timestamp, ok, err = a.codec.FindTimestamp(b, r.Offset, timestamp)
	}
	switch {
	case err != nil:
		r.Code = event.CodeKafkaStorageError
	case !ok:
		r.Offset, r.Timestamp, r.Epoch = -1, -1, -1
	}
	return r
}
