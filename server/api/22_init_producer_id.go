package api

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// InitProducerId (key 22), versions 0 to 5.
//
//	v0   transactional id and timeout
//	v1   no change in layout
//	v2   flexible
//	v3   producer id and epoch of before, to be bumped (KIP-360)
//	v4   no change in layout
//	v5   no change in layout (KIP-890)
//
// The empty transactional id is refused, as is an id without its epoch or the other way round.
func initProducerID() handler {
	return handler{
		key:     kafka.KeyInitProducerID,
		request: func() kmsg.Request { return kmsg.NewPtrInitProducerIDRequest() },
		decode:  decodeInitProducerID,
		encode:  encodeInitProducerID,
	}
}

func decodeInitProducerID(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.InitProducerIDRequest)
	emptyID := req.TransactionalID != nil && *req.TransactionalID == ""
	if emptyID || (req.ProducerID < 0) != (req.ProducerEpoch < 0) {
		return nil, producerID(p, &event.InitProducerIDReply{Code: event.CodeInvalidRequest})
	}
	return &event.InitProducerID{
		Transactional:   req.TransactionalID != nil,
		TransactionalID: value(req.TransactionalID),
		TimeoutMs:       req.TransactionTimeoutMillis,
		ProducerID:      max(req.ProducerID, -1),
		ProducerEpoch:   max(req.ProducerEpoch, -1),
	}, nil
}

func encodeInitProducerID(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	return p.reply(producerID(p, as[*event.InitProducerIDReply](p, reply)), 0)
}

func producerID(p *Pending, r *event.InitProducerIDReply) kmsg.Response {
	resp := response(p, kmsg.NewPtrInitProducerIDResponse)
	resp.ErrorCode, resp.ProducerID, resp.ProducerEpoch = int16(r.Code), r.ProducerID, r.ProducerEpoch
	if r.Code != event.CodeNone {
		resp.ProducerID, resp.ProducerEpoch = -1, -1
	}
	return resp
}
