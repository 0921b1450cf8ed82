package metadata

import "github.com/highwater-log/highwater/core/event"

// Assignment is what a shard must know of the partition tp; ok is false where the image does not hold it.
func (im *Image) Assignment(tp event.TP, s *Settings) (a event.Assignment, ok bool) {
	t, p := im.Partition(tp)
	if p == nil {
		return event.Assignment{}, false
	}
	return event.Assignment{
		TP:                tp,
		Name:              t.Name,
		Leader:            p.Leader,
		LeaderEpoch:       p.LeaderEpoch,
		LeaderBrokerEpoch: p.LeaderBrokerEpoch,
		PartitionEpoch:    p.PartitionEpoch,
		Replicas:          p.Replicas,
		ISR:               p.ISR,
		Limits:            s.Limits(im.Configs(event.ResourceTopic, t.Name)),
	}, true
}
