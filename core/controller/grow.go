package controller

import (
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
)

// CreatePartitions decides a request of a client (KIP-195): the records of the partitions that topics get, and the
// answer, which holds once they are committed. With ValidateOnly there are no records.
func (c *Controller) CreatePartitions(im *metadata.Image, req *event.CreatePartitions) ([]metadata.Record,
	*event.CreatePartitionsReply) {
	draft, records := im, []metadata.Record(nil)
	reply := &event.CreatePartitionsReply{Topics: make([]event.GrowTopicReply, len(req.Topics))}
	room, bytes := c.cfg.MaxPartitions, c.cfg.MaxBytes
	for i := range req.Topics {
		t, out := &req.Topics[i], &reply.Topics[i]
		out.Name = t.Name
		if len(req.Topics) > c.cfg.MaxTopics {
			out.Code, out.Why = event.CodePolicyViolation, fmt.Sprintf("One request may grow %d topics at most.",
				c.cfg.MaxTopics)
			continue
		}
		made, no := c.grow(draft, t, room)
		switch {
		case repeated(req.Topics, t.Name):
			no = refuse(event.CodeInvalidRequest, "Topic %q is named more than once in the request.", t.Name)
		case no == nil && size(made) > bytes:
			no = refuse(event.CodePolicyViolation,
				"The partitions of this request are too many for one: ask for fewer at a time.")
		}
		if no != nil {
			out.Code, out.Why = no.code, no.why
			continue
		}
		room, bytes = room-len(made), bytes-size(made)
		draft = Draft(draft, made)
		if !req.ValidateOnly {
			records = append(records, made...)
		}
	}
	return records, reply
}

func repeated(topics []event.GrowTopic, name string) bool {
	n := 0
	for i := range topics {
		if topics[i].Name == name {
			n++
		}
	}
	return n > 1
}

// grow judges one topic and makes the records of its new partitions: they have as many replicas as those that are there.
func (c *Controller) grow(im *metadata.Image, t *event.GrowTopic, room int) ([]metadata.Record, *refusal) {
	topic := im.TopicNamed(t.Name)
	if topic == nil {
		return nil, refuse(event.CodeUnknownTopicOrPartition, "Topic %q does not exist.", t.Name)
	}
	now := topic.Count()
	switch {
	case t.Count == now:
		return nil, refuse(event.CodeInvalidPartitions, "Topic %q already has %d partition(s).", t.Name, now)
	case t.Count < now:
		return nil, refuse(event.CodeInvalidPartitions,
			"Topic %q has %d partition(s), %d would not be an increase: partitions are never taken away.", t.Name, now, t.Count)
	case int64(t.Count)-int64(now) > int64(room):
		return nil, refuse(event.CodePolicyViolation, "One request may create %d partitions at most.", c.cfg.MaxPartitions)
	}
	for p := range topic.Partitions() {
		if len(p.Adding)+len(p.Removing) > 0 {
			return nil, refuse(event.CodeReassignmentInProgress, "Partition %d of topic %q is being reassigned: ask again later.",
				p.Number, t.Name)
		}
	}
	plan, no := c.placeMore(im, t, topic)
	if no != nil {
		return nil, no
	}
	records := make([]metadata.Record, 0, len(plan))
	for i, replicas := range plan {
		records = append(records, partition(im, topic.ID, now+int32(i), replicas))
	}
	return records, nil
}

// placeMore gives each new partition its replicas.
func (c *Controller) placeMore(im *metadata.Image, t *event.GrowTopic, topic *metadata.Topic) ([][]event.NodeID, *refusal) {
	more, replicas := int(t.Count-topic.Count()), int(topic.ReplicationFactor())
	if t.Assignment == nil {
		up := brokersUp(im)
		if replicas > len(up) {
			return nil, refuse(event.CodeInvalidReplicationFactor,
				"Topic %q has %d replicas of each partition, and %d broker(s) are up.", t.Name, replicas, len(up))
		}
		return c.spread(up, more, replicas), nil
	}
	if len(t.Assignment) != more {
		return nil, refuse(event.CodeInvalidReplicaAssignment, "%d partition(s) would be added, and %d are assigned.", more,
			len(t.Assignment))
	}
	plan := make([][]event.NodeID, more)
	for i, nodes := range t.Assignment {
		number := topic.Count() + int32(i)
		if no := checkReplicas(im, event.PartitionAssignment{Partition: number, Replicas: nodes}); no != nil {
			return nil, no
		}
		if len(nodes) != replicas {
			return nil, refuse(event.CodeInvalidReplicaAssignment, "Partition %d has %d replicas, those of topic %q have %d.",
				number, len(nodes), t.Name, replicas)
		}
		plan[i] = slices.Clone(nodes)
	}
	return plan, nil
}
