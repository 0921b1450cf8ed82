package front

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
)

// nobody is the leader hint that names none: zero would name broker 0 (KIP-951).
func nobody() event.Leader { return event.Leader{Node: metadata.NoLeader, Epoch: -1} }

// topic finds what a client names, by name or by id.
func (f *Front) topic(name string, id event.UUID) (*metadata.Topic, event.Code) {
	if !id.IsZero() {
		if t := f.image.Topic(id); t != nil {
			return t, event.CodeNone
		}
		return nil, event.CodeUnknownTopicID
	}
	if t := f.image.TopicNamed(name); t != nil {
		return t, event.CodeNone
	}
	return nil, event.CodeUnknownTopicOrPartition
}

// place says which partition a client means, which shard holds it, or why none can answer for it.
type place struct {
	tp     event.TP
	shard  int
	code   event.Code
	leader event.Leader
}

// locate finds a partition that this broker leads.
func (f *Front) locate(name string, id event.UUID, partition int32) place {
	t, code := f.topic(name, id)
	if code != event.CodeNone {
		return place{code: code, leader: nobody()}
	}
	p := t.Partition(partition)
	if p == nil {
		return place{code: event.CodeUnknownTopicOrPartition, leader: nobody()}
	}
	tp := event.TP{Topic: t.ID, Partition: partition}
	if p.Leader != f.cfg.Node {
		return place{tp: tp, code: event.CodeNotLeaderOrFollower,
			leader: event.Leader{Node: p.Leader, Epoch: p.LeaderEpoch}}
	}
	return place{tp: tp, shard: int(metadata.ShardOf(tp, f.cfg.Shards)), leader: nobody()}
}
