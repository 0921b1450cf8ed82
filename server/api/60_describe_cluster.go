package api

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// DescribeCluster (key 60), versions 0 to 2, all flexible.
//
//	v0   cluster id, controller, brokers (KIP-700)
//	v1   endpoint type: 1 brokers, 2 controllers (KIP-919)
//	v2   fenced brokers, where asked for (KIP-1073)
//
// This is a listener of brokers: controllers are not described here.
func describeCluster() handler {
	return handler{
		key:     kafka.KeyDescribeCluster,
		request: func() kmsg.Request { return kmsg.NewPtrDescribeClusterRequest() },
		decode:  decodeDescribeCluster,
		encode:  encodeDescribeCluster,
	}
}

// Endpoint types of the request.
const (
	endpointBrokers     = 1
	endpointControllers = 2
)

func decodeDescribeCluster(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.DescribeClusterRequest)
	resp := response(p, kmsg.NewPtrDescribeClusterResponse)
	switch {
	case req.Version < 1 || req.EndpointType == endpointBrokers:
		return &event.DescribeCluster{IncludeFenced: req.IncludeFencedBrokers}, nil
	case req.EndpointType == endpointControllers:
		resp.ErrorCode = int16(event.CodeMismatchedEndpointType)
		resp.ErrorMessage = text("this listener serves brokers, not controllers")
	default:
		resp.ErrorCode = int16(event.CodeUnsupportedEndpointType)
		resp.ErrorMessage = text("there is no such type of endpoint")
	}
	return nil, resp
}

func encodeDescribeCluster(_ *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	req := p.request.(*kmsg.DescribeClusterRequest)
	r := as[*event.DescribeClusterReply](p, reply)
	resp := response(p, kmsg.NewPtrDescribeClusterResponse)
	resp.ClusterID, resp.ControllerID, resp.EndpointType = r.ClusterID, int32(r.Controller), endpointBrokers
	for i := range r.Brokers {
		b := &r.Brokers[i]
		if b.Fenced && !req.IncludeFencedBrokers {
			continue
		}
		to := kmsg.NewDescribeClusterResponseBroker()
		to.NodeID, to.Host, to.Port, to.Rack, to.IsFenced = int32(b.Node), b.Host, b.Port, text(b.Rack), b.Fenced
		resp.Brokers = append(resp.Brokers, to)
	}
	return p.reply(resp, len(r.Brokers))
}
