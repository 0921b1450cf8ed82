package api

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// FindCoordinator (key 10), versions 0 to 6.
//
//	v0   one group
//	v1   key type: 0 group, 1 transaction; error message, throttle time
//	v2   no change in layout
//	v3   flexible
//	v4   several keys at once, answers in a list; the single fields are gone (KIP-699)
//	v5   no change in layout
//	v6   key type 2, share groups (KIP-932)
func findCoordinator() handler {
	return handler{
		key:     kafka.KeyFindCoordinator,
		request: func() kmsg.Request { return kmsg.NewPtrFindCoordinatorRequest() },
		decode:  decodeFindCoordinator,
		encode:  encodeFindCoordinator,
	}
}

// batchedVersion is the first with several keys.
const batchedVersion = 4

func decodeFindCoordinator(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.FindCoordinatorRequest)
	body := &event.FindCoordinator{Type: req.CoordinatorType, Keys: coordinatorKeys(req)}
	if req.CoordinatorType < 0 || req.CoordinatorType > 2 || req.CoordinatorType == 2 && req.Version < 6 {
		answers := make([]event.CoordinatorReply, len(body.Keys))
		for i, key := range body.Keys {
			answers[i] = event.CoordinatorReply{
				Code: event.CodeInvalidRequest, Why: "there is no such type of coordinator", Key: key, Node: -1, Port: -1,
			}
		}
		return nil, foundCoordinators(p, answers)
	}
	if len(body.Keys) == 0 {
		return nil, foundCoordinators(p, nil)
	}
	return body, nil
}

func coordinatorKeys(req *kmsg.FindCoordinatorRequest) []string {
	if req.Version < batchedVersion {
		return []string{req.CoordinatorKey}
	}
	return req.CoordinatorKeys
}

func encodeFindCoordinator(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	answers := as[*event.FindCoordinatorReply](p, reply).Coordinators
	return p.reply(foundCoordinators(p, answers), len(answers))
}

func foundCoordinators(p *Pending, answers []event.CoordinatorReply) kmsg.Response {
	req := p.request.(*kmsg.FindCoordinatorRequest)
	p.aligned(len(answers), len(coordinatorKeys(req)))
	resp := response(p, kmsg.NewPtrFindCoordinatorResponse)
	if req.Version < batchedVersion {
		r := &answers[0]
		resp.ErrorCode, resp.ErrorMessage = int16(r.Code), text(r.Why)
		resp.NodeID, resp.Host, resp.Port = int32(r.Node), r.Host, r.Port
		return resp
	}
	resp.Coordinators = make([]kmsg.FindCoordinatorResponseCoordinator, len(answers))
	for i := range answers {
		r, to := &answers[i], kmsg.NewFindCoordinatorResponseCoordinator()
		to.Key, to.ErrorCode, to.ErrorMessage = r.Key, int16(r.Code), text(r.Why)
		to.NodeID, to.Host, to.Port = int32(r.Node), r.Host, r.Port
		resp.Coordinators[i] = to
	}
	return resp
}
