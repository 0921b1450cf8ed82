package api

import (
	"cmp"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/net/kafka"
)

// Produce (key 0), versions 3 to 13; advertised from 0, see kafka.APIs.
//
//	v3   one record batch of format v2 per partition; transactional id
//	v4   no change in layout
//	v5   log start offset in the reply
//	v6   no change in layout
//	v7   zstd allowed (KIP-110)
//	v8   record_errors and error_message in the reply (KIP-467)
//	v9   flexible
//	v10  leader hint in the reply (KIP-951)
//	v11  no change in layout
//	v12  partitions join transactions implicitly (KIP-890)
//	v13  topics by id (KIP-516)
//
// acks=0 gets no reply at all; a failure then ends the connection. Transactional batches are refused: transactions are
// not served.
func produce() handler {
	return handler{
		key:     kafka.KeyProduce,
		request: func() kmsg.Request { return kmsg.NewPtrProduceRequest() },
		decode:  decodeProduce,
		encode:  encodeProduce,
	}
}

// recordFault is one record that is why a batch was refused: item is the place of its partition. They ascend by item.
type recordFault struct {
	item   int
	record int32
}

func decodeProduce(a *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.ProduceRequest)
	n := 0
	for i := range req.Topics {
		n += len(req.Topics[i].Partitions)
	}
	if n == 0 {
		return nil, response(p, kmsg.NewPtrProduceResponse)
	}
	body := &event.Produce{
		Acks:       req.Acks,
		TimeoutMs:  max(req.TimeoutMillis, 0),
		Partitions: make([]event.ProducePartition, 0, n),
	}
	for i := range req.Topics {
		topic := &req.Topics[i]
		for j := range topic.Partitions {
			body.Partitions = append(body.Partitions, event.ProducePartition{
				Name: topic.Topic, ID: topic.TopicID,
				Partition: topic.Partitions[j].Partition, Batch: topic.Partitions[j].Records,
			})
		}
	}
	again, _ := duplicates(n, func(i, j int) int { return comparePartitions(&body.Partitions[i], &body.Partitions[j]) })
	for i := range body.Partitions {
		item := &body.Partitions[i]
		if marked(again, i) {
			item.Refused, item.Why = event.CodeInvalidRequest, "the partition is in the request twice"
		} else if v := a.judgeBatch(req, item.Batch); !v.OK() {
			item.Refused, item.Why = v.Code, v.Why
			if v.Record >= 0 {
				p.faults = append(p.faults, recordFault{i, v.Record})
			}
		} else {
			item.Earliest = v.Earliest
		}
	}
	return body, nil
}

func comparePartitions(a, b *event.ProducePartition) int {
	return cmp.Or(cmp.Compare(a.Partition, b.Partition), a.ID.Compare(b.ID), strings.Compare(a.Name, b.Name))
}

// judgeBatch says whether the data of one partition is fit for the log.
func (a *API) judgeBatch(req *kmsg.ProduceRequest, batch []byte) kafka.Verdict {
	if req.Acks < -1 || req.Acks > 1 {
		return kafka.Verdict{
			Code: event.CodeInvalidRequiredAcks, Record: -1, Why: "acks must be -1 (all), 1 (leader) or 0 (none)",
		}
	}
	v := a.codec.Validate(batch, req.Version)
	if v.OK() && record.Batch(batch).Transactional() {
		v = kafka.Verdict{
			Code: event.CodeInvalidTxnState, Record: -1, Why: "transactions are not served by this broker",
		}
	}
	return v
}

func encodeProduce(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	req := p.request.(*kmsg.ProduceRequest)
	answers := as[*event.ProduceReply](p, reply).Partitions
	if req.Acks == 0 {
		for i := range answers {
			closing = closing || answers[i].Code != event.CodeNone
		}
		return nil, closing
	}
	items := 0
	for i := range req.Topics {
		items += len(req.Topics[i].Partitions)
	}
	p.aligned(len(answers), items)
	resp := response(p, kmsg.NewPtrProduceResponse)
	resp.Topics = make([]kmsg.ProduceResponseTopic, len(req.Topics))
	faults := p.faults
	for i := range req.Topics {
		from, to := &req.Topics[i], &resp.Topics[i]
		to.Topic, to.TopicID = from.Topic, from.TopicID
		to.Partitions = make([]kmsg.ProduceResponseTopicPartition, len(from.Partitions))
		for j := range from.Partitions {
			to.Partitions[j] = producedPartition(req.Version, from.Partitions[j].Partition, &answers[0])
			if item := items - len(answers); len(faults) > 0 && faults[0].item == item {
				to.Partitions[j].ErrorRecords = faultyRecord(faults[0].record, answers[0].Why)
				faults = faults[1:]
			}
			answers = answers[1:]
		}
	}
	return p.reply(resp, items)
}

// faultyRecord is record_errors with one record in it.
func faultyRecord(record int32, why string) []kmsg.ProduceResponseTopicPartitionErrorRecord {
	e := kmsg.NewProduceResponseTopicPartitionErrorRecord()
	e.RelativeOffset, e.ErrorMessage = record, text(why)
	return []kmsg.ProduceResponseTopicPartitionErrorRecord{e}
}

// hintVersion is the first version whose reply may hint at the leader.
const hintVersion = 10

func producedPartition(version int16, number int32, r *event.ProducePartitionReply) kmsg.ProduceResponseTopicPartition {
	to := kmsg.NewProduceResponseTopicPartition()
	to.Partition = number
	to.ErrorCode = int16(r.Code)
	to.BaseOffset, to.LogAppendTime, to.LogStartOffset = r.BaseOffset, r.LogAppendTime, r.LogStart
	if r.Code == event.CodeNone {
		return to
	}
	to.BaseOffset, to.LogAppendTime = -1, -1
	to.ErrorMessage = text(r.Why)
	if version >= hintVersion && kafka.WrongLeader(r.Code) && r.Leader.Node >= 0 {
		to.CurrentLeader.LeaderID, to.CurrentLeader.LeaderEpoch = int32(r.Leader.Node), r.Leader.Epoch
	}
	return to
}
