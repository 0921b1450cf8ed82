package front

import (
	"fmt"
	"strconv"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
)

// describeCluster lists the brokers.
func (f *Front) describeCluster(req *event.DescribeCluster) *event.DescribeClusterReply {
	return &event.DescribeClusterReply{
		ClusterID:  f.image.ClusterID(),
		Controller: f.cfg.Node,
		Brokers:    f.brokers(req.IncludeFenced),
	}
}

// describeConfigs lists the configurations of topics and of this broker.
func (f *Front) describeConfigs(req *event.DescribeConfigs) *event.DescribeConfigsReply {
	reply := &event.DescribeConfigsReply{Resources: make([]event.ConfigResourceReply, 0, len(req.Resources))}
	for _, r := range req.Resources {
		reply.Resources = append(reply.Resources, f.describeResource(r))
	}
	return reply
}

func (f *Front) describeResource(r event.ConfigResource) event.ConfigResourceReply {
	out := event.ConfigResourceReply{Type: r.Type, Name: r.Name}
	all, settings := r.All || r.Keys == nil, f.cfg.Settings.At(f.image, f.cfg.Node)
	switch r.Type {
	case event.ResourceTopic:
		if why := metadata.BadTopicName(r.Name); why != "" {
			out.Code, out.Why = event.CodeInvalidTopic, why
			return out
		}
		if f.image.TopicNamed(r.Name) == nil {
			out.Code, out.Why = event.CodeUnknownTopicOrPartition, fmt.Sprintf("Topic %q does not exist.", r.Name)
			return out
		}
		out.Configs = settings.DescribeTopic(f.image.Configs(event.ResourceTopic, r.Name), r.Keys, all)
	case event.ResourceBroker:
		id, err := strconv.ParseInt(r.Name, 10, 32)
		switch {
		case r.Name == "": // what is set for all brokers
			out.Configs = settings.DescribeAllBrokers(r.Keys, all)
		case err != nil || event.NodeID(id) != f.cfg.Node:
			out.Code = event.CodeInvalidRequest
			out.Why = fmt.Sprintf("This is broker %d: ask broker %q for its own configuration.", f.cfg.Node, r.Name)
		default:
			out.Configs = settings.DescribeBroker(r.Keys, all)
		}
	default:
		out.Code, out.Why = event.CodeInvalidRequest, fmt.Sprintf("Resources of type %d have no configurations here.",
			r.Type)
	}
	return out
}

// findCoordinator says for each key that there is none: groups and transactions are not served, and clients ask again
// rather than give up.
func findCoordinator(req *event.FindCoordinator) *event.FindCoordinatorReply {
	reply := &event.FindCoordinatorReply{Coordinators: make([]event.CoordinatorReply, len(req.Keys))}
	for i, key := range req.Keys {
		reply.Coordinators[i] = event.CoordinatorReply{
			Code: event.CodeCoordinatorNotAvailable, Why: "This broker coordinates no groups and no transactions yet.",
			Key: key, Node: metadata.NoLeader, Port: -1,
		}
	}
	return reply
}
