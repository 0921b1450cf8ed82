package api

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// DescribeConfigs (key 32), versions 1 to 4.
//
//	v1   source of each value, synonyms (KIP-226)
//	v2   no change in layout
//	v3   type and documentation of each key (KIP-569)
//	v4   flexible
//
// Null keys mean all of a resource, an empty list none. Values of passwords are never told.
func describeConfigs() handler {
	return handler{
		key:     kafka.KeyDescribeConfigs,
		request: func() kmsg.Request { return kmsg.NewPtrDescribeConfigsRequest() },
		decode:  decodeDescribeConfigs,
		encode:  encodeDescribeConfigs,
	}
}

func decodeDescribeConfigs(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.DescribeConfigsRequest)
	body := &event.DescribeConfigs{Resources: make([]event.ConfigResource, len(req.Resources))}
	for i := range req.Resources {
		from := &req.Resources[i]
		body.Resources[i] = event.ConfigResource{
			Type: int8(from.ResourceType), Name: from.ResourceName, Keys: from.ConfigNames, All: from.ConfigNames == nil,
		}
	}
	return body, nil
}

func encodeDescribeConfigs(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	req := p.request.(*kmsg.DescribeConfigsRequest)
	answers := as[*event.DescribeConfigsReply](p, reply).Resources
	p.aligned(len(answers), len(req.Resources))
	resp := response(p, kmsg.NewPtrDescribeConfigsResponse)
	resp.Resources = make([]kmsg.DescribeConfigsResponseResource, len(answers))
	items := len(answers)
	for i := range answers {
		from, to := &answers[i], kmsg.NewDescribeConfigsResponseResource()
		to.ErrorCode, to.ErrorMessage = int16(from.Code), text(from.Why)
		to.ResourceType, to.ResourceName = req.Resources[i].ResourceType, req.Resources[i].ResourceName
		to.Configs = make([]kmsg.DescribeConfigsResponseResourceConfig, len(from.Configs))
		items += len(from.Configs)
		for j := range from.Configs {
			to.Configs[j] = describedConfig(req, &from.Configs[j])
		}
		resp.Resources[i] = to
	}
	return p.reply(resp, items)
}

func describedConfig(req *kmsg.DescribeConfigsRequest, c *event.Config) kmsg.DescribeConfigsResponseResourceConfig {
	to := kmsg.NewDescribeConfigsResponseResourceConfig()
	to.Name, to.ReadOnly = c.Key, c.ReadOnly
	to.Source, to.ConfigType = kmsg.ConfigSource(c.Source), kmsg.ConfigType(c.Type)
	to.Value, to.IsSensitive = openValue(c)
	if req.IncludeDocumentation {
		to.Documentation = text(c.Doc)
	}
	if !req.IncludeSynonyms {
		return to
	}
	for i := range c.Synonyms {
		s := kmsg.NewDescribeConfigsResponseResourceConfigConfigSynonym()
		s.Name, s.Source = c.Synonyms[i].Key, kmsg.ConfigSource(c.Synonyms[i].Source)
		if !to.IsSensitive {
			s.Value = &c.Synonyms[i].Value
		}
		to.ConfigSynonyms = append(to.ConfigSynonyms, s)
	}
	return to
}

// openValue is the value as it may be told, and whether it is a secret.
func openValue(c *event.Config) (value *string, sensitive bool) {
	if c.Type == event.ConfigTypePassword {
		return nil, true
	}
	return &c.Value, false
}
