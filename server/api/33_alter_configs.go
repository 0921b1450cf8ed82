package api

import (
	"cmp"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// AlterConfigs (key 33), versions 0 to 2.
//
//	v0, v1  no change in layout
//	v2      flexible
//
// What a resource is given replaces everything that was set for it. A resource that is in the request twice is refused
// each time.
func alterConfigs() handler {
	return handler{
		key:     kafka.KeyAlterConfigs,
		request: func() kmsg.Request { return kmsg.NewPtrAlterConfigsRequest() },
		decode:  decodeAlterConfigs,
		encode:  encodeAlterConfigs,
	}
}

func decodeAlterConfigs(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.AlterConfigsRequest)
	n := p.placeResources(len(req.Resources), func(i int) (kmsg.ConfigResourceType, string) {
		return req.Resources[i].ResourceType, req.Resources[i].ResourceName
	})
	if n == 0 {
		return nil, alteredConfigs(p, nil)
	}
	body := &event.AlterConfigs{
		Replace: true, ValidateOnly: req.ValidateOnly, Resources: make([]event.ConfigAlteration, 0, n),
	}
	for i := range req.Resources {
		if p.place(i) < 0 {
			continue
		}
		r := &req.Resources[i]
		to := event.ConfigAlteration{
			Type: int8(r.ResourceType), Name: r.ResourceName, Ops: make([]event.ConfigOp, 0, len(r.Configs)),
		}
		for _, c := range r.Configs {
			to.Ops = append(to.Ops, event.ConfigOp{Op: event.ConfigSet, Key: c.Name, Value: value(c.Value), Null: c.Value == nil})
		}
		body.Resources = append(body.Resources, to)
	}
	return body, nil
}

func encodeAlterConfigs(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	return p.reply(alteredConfigs(p, as[*event.AlterConfigsReply](p, reply).Resources), len(p.places))
}

func alteredConfigs(p *Pending, answers []event.ConfigAlterationReply) kmsg.Response {
	req := p.request.(*kmsg.AlterConfigsRequest)
	p.alignedPlaces(len(answers))
	resp := response(p, kmsg.NewPtrAlterConfigsResponse)
	resp.Resources = make([]kmsg.AlterConfigsResponseResource, len(req.Resources))
	for i := range req.Resources {
		to := kmsg.NewAlterConfigsResponseResource()
		to.ResourceType, to.ResourceName = req.Resources[i].ResourceType, req.Resources[i].ResourceName
		to.ErrorCode, to.ErrorMessage = p.alteration(i, answers)
		resp.Resources[i] = to
	}
	return resp
}

// placeResources settles which of n resources go to the core: those that are there once. resource names one.
func (p *Pending) placeResources(n int, resource func(i int) (kmsg.ConfigResourceType, string)) int {
	_, shared := duplicates(n, func(i, j int) int {
		a, left := resource(i)
		b, right := resource(j)
		return cmp.Or(cmp.Compare(a, b), strings.Compare(left, right))
	})
	return p.placeItems(n, func(i int) bool { return marked(shared, i) })
}

// alteration is the outcome for resource i of the request.
func (p *Pending) alteration(i int, answers []event.ConfigAlterationReply) (code int16, why *string) {
	place := p.place(i)
	if place < 0 {
		return int16(event.CodeInvalidRequest), text("each resource must appear at most once")
	}
	return int16(answers[place].Code), text(answers[place].Why)
}
