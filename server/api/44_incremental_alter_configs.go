package api

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// IncrementalAlterConfigs (key 44), versions 0 and 1 (KIP-339).
//
//	v0  set, delete, append to a list, subtract from a list
//	v1  flexible
//
// What is not named stays. A resource that is in the request twice is refused each time.
func incrementalAlterConfigs() handler {
	return handler{
		key:     kafka.KeyIncrementalAlterConfigs,
		request: func() kmsg.Request { return kmsg.NewPtrIncrementalAlterConfigsRequest() },
		decode:  decodeIncrementalAlterConfigs,
		encode:  encodeIncrementalAlterConfigs,
	}
}

func decodeIncrementalAlterConfigs(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.IncrementalAlterConfigsRequest)
	n := p.placeResources(len(req.Resources), func(i int) (kmsg.ConfigResourceType, string) {
		return req.Resources[i].ResourceType, req.Resources[i].ResourceName
	})
	if n == 0 {
		return nil, incrementallyAltered(p, nil)
	}
	body := &event.AlterConfigs{ValidateOnly: req.ValidateOnly, Resources: make([]event.ConfigAlteration, 0, n)}
	for i := range req.Resources {
		if p.place(i) < 0 {
			continue
		}
		r := &req.Resources[i]
		to := event.ConfigAlteration{
			Type: int8(r.ResourceType), Name: r.ResourceName, Ops: make([]event.ConfigOp, 0, len(r.Configs)),
		}
		for _, c := range r.Configs {
			to.Ops = append(to.Ops, event.ConfigOp{Op: int8(c.Op), Key: c.Name, Value: value(c.Value), Null: c.Value == nil})
		}
		body.Resources = append(body.Resources, to)
	}
	return body, nil
}

func encodeIncrementalAlterConfigs(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	return p.reply(incrementallyAltered(p, as[*event.AlterConfigsReply](p, reply).Resources), len(p.places))
}

func incrementallyAltered(p *Pending, answers []event.ConfigAlterationReply) kmsg.Response {
	req := p.request.(*kmsg.IncrementalAlterConfigsRequest)
	p.alignedPlaces(len(answers))
	resp := response(p, kmsg.NewPtrIncrementalAlterConfigsResponse)
	resp.Resources = make([]kmsg.IncrementalAlterConfigsResponseResource, len(req.Resources))
	for i := range req.Resources {
		to := kmsg.NewIncrementalAlterConfigsResponseResource()
		to.ResourceType, to.ResourceName = req.Resources[i].ResourceType, req.Resources[i].ResourceName
		to.ErrorCode, to.ErrorMessage = p.alteration(i, answers)
		resp.Resources[i] = to
	}
	return resp
}
