package api

import (
	"math/rand/v2"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// dice draws replies: any that the core could give, and some that it would not.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 1))} }

func (d dice) text() string { return strings.Repeat("x", d.IntN(12)) }

func (d dice) id() (id event.UUID) {
	for i := range id {
		id[i] = byte(d.IntN(256))
	}
	return id
}

func (d dice) code() event.Code {
	return []event.Code{
		event.CodeNone, event.CodeNone, event.CodeNone, event.CodeUnknownTopicOrPartition,
		event.CodeNotLeaderOrFollower, event.CodeInvalidRequest, event.CodeFencedLeaderEpoch,
	}[d.IntN(7)]
}

func (d dice) leader() event.Leader {
	return event.Leader{Node: event.NodeID(d.IntN(4) - 1), Epoch: int32(d.IntN(9))}
}

func (d dice) nodes() (ids []event.NodeID) {
	for range d.IntN(4) {
		ids = append(ids, event.NodeID(d.IntN(9)))
	}
	return ids
}

func (d dice) brokers() (list []event.Broker) {
	for i := range d.IntN(4) {
		list = append(list, event.Broker{
			Node: event.NodeID(i), Host: d.text(), Port: int32(d.IntN(1 << 16)), Rack: d.text(), Fenced: d.IntN(3) == 0,
		})
	}
	return list
}

func (d dice) configs() (list []event.Config) {
	for range d.IntN(3) {
		c := event.Config{
			Key: d.text(), Value: d.text(), Source: event.SourceTopic, Type: int8(d.IntN(10)),
			ReadOnly: d.IntN(2) == 0, Doc: d.text(),
		}
		for range d.IntN(3) {
			c.Synonyms = append(c.Synonyms, event.ConfigSynonym{Key: d.text(), Value: d.text(), Source: event.SourceDefault})
		}
		list = append(list, c)
	}
	return list
}

// answer draws a reply that fits the request body, item by item.
func (d dice) answer(body event.Body) event.Body {
	switch b := body.(type) {
	case *event.Produce:
		r := &event.ProduceReply{}
		for i := range b.Partitions {
			p := event.ProducePartitionReply{
				Code: d.code(), BaseOffset: d.Int64N(100), LogAppendTime: d.Int64N(100), LogStart: d.Int64N(100),
				Why: d.text(), Leader: d.leader(),
			}
			if refused := b.Partitions[i].Refused; refused != event.CodeNone {
				p.Code, p.Why = refused, b.Partitions[i].Why
			}
			r.Partitions = append(r.Partitions, p)
		}
		return r
	case *event.Fetch:
		r := &event.FetchReply{}
		for range b.Partitions {
			p := event.FetchPartitionReply{
				Code: d.code(), HighWatermark: d.Int64N(100), LastStable: d.Int64N(100), LogStart: d.Int64N(100),
				Leader: d.leader(),
			}
			for range d.IntN(3) {
				p.Records = append(p.Records, []byte(d.text()))
			}
			r.Partitions = append(r.Partitions, p)
		}
		return r
	case *event.ListOffsets:
		r := &event.ListOffsetsReply{}
		for range b.Partitions {
			r.Partitions = append(r.Partitions, event.ListOffsetsPartitionReply{
				Code: d.code(), Offset: d.Int64N(100) - 1, Timestamp: d.Int64N(100), Epoch: int32(d.IntN(9)),
			})
		}
		return r
	case *event.Metadata:
		return d.metadata(b)
	case *event.FindCoordinator:
		r := &event.FindCoordinatorReply{}
		for _, key := range b.Keys {
			r.Coordinators = append(r.Coordinators, event.CoordinatorReply{
				Code: d.code(), Why: d.text(), Key: key, Node: event.NodeID(d.IntN(9)), Host: d.text(), Port: int32(d.IntN(9)),
			})
		}
		return r
	case *event.CreateTopics:
		r := &event.CreateTopicsReply{}
		for i := range b.Topics {
			r.Topics = append(r.Topics, event.CreateTopicReply{
				Code: d.code(), Why: d.text(), Name: b.Topics[i].Name, ID: d.id(), Partitions: int32(d.IntN(9)),
				Replicas: int16(d.IntN(4)), Configs: d.configs(),
			})
		}
		return r
	case *event.DeleteTopics:
		r := &event.DeleteTopicsReply{}
		for i := range b.Topics {
			r.Topics = append(r.Topics, event.DeleteTopicReply{
				Code: d.code(), Why: d.text(), Name: b.Topics[i].Name, ID: b.Topics[i].ID,
			})
		}
		return r
	case *event.DeleteRecords:
		r := &event.DeleteRecordsReply{}
		for range b.Partitions {
			r.Partitions = append(r.Partitions, event.DeleteRecordsPartitionReply{Code: d.code(), LowWatermark: d.Int64N(100)})
		}
		return r
	case *event.InitProducerID:
		return &event.InitProducerIDReply{Code: d.code(), ProducerID: d.Int64N(100), ProducerEpoch: int16(d.IntN(9))}
	case *event.DescribeConfigs:
		r := &event.DescribeConfigsReply{}
		for i := range b.Resources {
			r.Resources = append(r.Resources, event.ConfigResourceReply{
				Code: d.code(), Why: d.text(), Type: b.Resources[i].Type, Name: b.Resources[i].Name, Configs: d.configs(),
			})
		}
		return r
	case *event.CreatePartitions:
		r := &event.CreatePartitionsReply{}
		for i := range b.Topics {
			r.Topics = append(r.Topics, event.GrowTopicReply{Code: d.code(), Why: d.text(), Name: b.Topics[i].Name})
		}
		return r
	case *event.AlterConfigs:
		r := &event.AlterConfigsReply{}
		for i := range b.Resources {
			r.Resources = append(r.Resources, event.ConfigAlterationReply{
				Code: d.code(), Why: d.text(), Type: b.Resources[i].Type, Name: b.Resources[i].Name,
			})
		}
		return r
	case *event.DescribeCluster:
		return &event.DescribeClusterReply{ClusterID: d.text(), Controller: event.NodeID(d.IntN(4)), Brokers: d.brokers()}
	}
	return nil
}

func (d dice) metadata(b *event.Metadata) event.Body {
	r := &event.MetadataReply{ClusterID: d.text(), Controller: event.NodeID(d.IntN(4)), Brokers: d.brokers()}
	for i := range b.Topics {
		t := event.MetadataTopicReply{
			Code: d.code(), Name: b.Topics[i].Name, ID: b.Topics[i].ID, Internal: d.IntN(2) == 0,
		}
		for n := range d.IntN(3) {
			t.Partitions = append(t.Partitions, event.MetadataPartition{
				Code: d.code(), Partition: int32(n), Leader: d.leader(), Replicas: d.nodes(), ISR: d.nodes(), Offline: d.nodes(),
			})
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}
