package api

import (
	"cmp"
	"strings"

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
//
// Small requests come by the hundred thousand a second. So these are decoded and answered by code of their own in
// net/kafka, without a message in between, and one allocation holds several of them.
func produce() handler {
	return handler{key: kafka.KeyProduce, direct: decodeProduce, encode: encodeProduce}
}

// produceCall is one Produce request: what the core gets, and what its answer needs.
type produceCall struct {
	Pending
	request kafka.ProduceRequest
	// faults are record numbers to report, by place in the core's request.
	faults []kafka.RecordFault
}

const (
	// callsAtOnce is how many small calls share one allocation.
	callsAtOnce = 16
	// smallFrame is the largest request that shares one, in bytes: none keeps a large frame of a neighbour in memory.
	smallFrame = 4 << 10
)

// newCall is room for a request of so many bytes.
func (a *API) newCall(frame int) *produceCall {
	if frame > smallFrame {
		return new(produceCall)
	}
	if len(a.calls) == 0 {
		a.calls = make([]produceCall, callsAtOnce)
	}
	c := &a.calls[0]
	a.calls = a.calls[1:]
	return c
}

func decodeProduce(a *API, t event.Ticket, h kafka.Header, body []byte) Outcome {
	c := a.newCall(len(body))
	if err := c.request.Decode(h, body, &a.names); err != nil {
		return refused(h, err)
	}
	c.Ticket, c.header, c.produce = t, h, c
	if len(c.request.Partitions) == 0 {
		if c.request.Acks == 0 {
			return Outcome{Answer: [][]byte{}}
		}
		c.request.Topics = nil
		return Outcome{Answer: a.produced(c, nil)}
	}
	a.judge(c)
	return Outcome{Body: &c.request.Produce, Pending: &c.Pending}
}

// judge says of each partition whether it is fit for the log.
func (a *API) judge(c *produceCall) {
	list := c.request.Partitions
	var again []bool
	if len(list) > 1 {
		again, _ = duplicates(len(list), func(i, j int) int { return comparePartitions(&list[i], &list[j]) })
	}
	for i := range list {
		item := &list[i]
		if marked(again, i) {
			item.Refused, item.Why = event.CodeInvalidRequest, "the partition is in the request twice"
		} else if v := a.judgeBatch(c.request.Acks, c.header.Version, item.Batch); !v.OK() {
			item.Refused, item.Why = v.Code, v.Why
			if v.Record >= 0 {
				c.faults = append(c.faults, kafka.RecordFault{Item: i, Record: v.Record})
			}
		} else {
			item.Earliest = v.Earliest
		}
	}
}

func comparePartitions(a, b *event.ProducePartition) int {
	return cmp.Or(cmp.Compare(a.Partition, b.Partition), a.ID.Compare(b.ID), strings.Compare(a.Name, b.Name))
}

// judgeBatch says whether the data of one partition is fit for the log.
func (a *API) judgeBatch(acks, version int16, batch []byte) kafka.Verdict {
	if acks < -1 || acks > 1 {
		return kafka.Verdict{
			Code: event.CodeInvalidRequiredAcks, Record: -1, Why: "acks must be -1 (all), 1 (leader) or 0 (none)",
		}
	}
	v := a.codec.Validate(batch, version)
	if v.OK() && record.Batch(batch).Transactional() {
		v = kafka.Verdict{
			Code: event.CodeInvalidTxnState, Record: -1, Why: "transactions are not served by this broker",
		}
	}
	return v
}

func encodeProduce(a *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	c := p.produce
	answers := as[*event.ProduceReply](p, reply).Partitions
	if c.request.Acks == 0 {
		for i := range answers {
			closing = closing || answers[i].Code != event.CodeNone
		}
		return nil, closing
	}
	p.aligned(len(answers), len(c.request.Partitions))
	return a.produced(c, answers), false
}

// produced is the whole reply to c.
func (a *API) produced(c *produceCall, answers []event.ProducePartitionReply) [][]byte {
	room := a.replies.room(kafka.ProducedSize(&c.request, answers, c.faults))
	return a.replies.take(kafka.AppendProduced(room, c.header, &c.request, answers, c.faults))
}
