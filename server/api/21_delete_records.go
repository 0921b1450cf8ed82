package api

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// DeleteRecords (key 21), versions 0 to 2.
//
//	v0   a new log start per partition; -1 for the high watermark
//	v1   no change in layout
//	v2   flexible
//
// The low watermark of the answer is where the log begins from now on, also after a crash; -1 with an error.
func deleteRecords() handler {
	return handler{
		key:     kafka.KeyDeleteRecords,
		request: func() kmsg.Request { return kmsg.NewPtrDeleteRecordsRequest() },
		decode:  decodeDeleteRecords,
		encode:  encodeDeleteRecords,
	}
}

func decodeDeleteRecords(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.DeleteRecordsRequest)
	body := &event.DeleteRecords{TimeoutMs: max(req.TimeoutMillis, 0)}
	for i := range req.Topics {
		topic := &req.Topics[i]
		body.Partitions = slices.Grow(body.Partitions, len(topic.Partitions))
		for j := range topic.Partitions {
			body.Partitions = append(body.Partitions, event.DeleteRecordsPartition{
				Name: topic.Topic, Partition: topic.Partitions[j].Partition, Offset: topic.Partitions[j].Offset,
			})
		}
	}
	return body, nil
}

func encodeDeleteRecords(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	req := p.request.(*kmsg.DeleteRecordsRequest)
	answers := as[*event.DeleteRecordsReply](p, reply).Partitions
	resp := response(p, kmsg.NewPtrDeleteRecordsResponse)
	resp.Topics = make([]kmsg.DeleteRecordsResponseTopic, len(req.Topics))
	items := 0
	for i := range req.Topics {
		items += len(req.Topics[i].Partitions)
	}
	p.aligned(len(answers), items)
	for i := range req.Topics {
		from, to := &req.Topics[i], &resp.Topics[i]
		to.Topic = from.Topic
		to.Partitions = make([]kmsg.DeleteRecordsResponseTopicPartition, len(from.Partitions))
		for j := range from.Partitions {
			r := &answers[0]
			answers = answers[1:]
			part := kmsg.NewDeleteRecordsResponseTopicPartition()
			part.Partition, part.ErrorCode, part.LowWatermark = from.Partitions[j].Partition, int16(r.Code), r.LowWatermark
			if r.Code != event.CodeNone {
				part.LowWatermark = -1
			}
			to.Partitions[j] = part
		}
	}
	return p.reply(resp, items)
}
