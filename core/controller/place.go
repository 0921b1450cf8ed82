package controller

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
)

// place gives each partition of a new topic its replicas: as the client asks, or in turn over the brokers that are up.
func (c *Controller) place(im *metadata.Image, t *event.CreateTopic, room int) ([][]event.NodeID, *refusal) {
	if len(t.Assignment) > 0 {
		return placeAsAsked(im, t, room)
	}
	partitions, replicas := t.Partitions, int32(t.Replicas)
	if partitions == -1 {
		partitions = c.cfg.Settings.Int32("num.partitions")
	}
	if replicas == -1 {
		replicas = c.cfg.Settings.Int32("default.replication.factor")
	}
	up := brokersUp(im)
	switch {
	case partitions <= 0:
		return nil, refuse(event.CodeInvalidPartitions,
			"Number of partitions must be at least 1, or -1 for the default, not %d.", partitions)
	case int64(partitions) > int64(room):
		return nil, refuse(event.CodePolicyViolation, "One request may create %d partitions at most.",
			c.cfg.MaxPartitions)
	case replicas <= 0:
		return nil, refuse(event.CodeInvalidReplicationFactor,
			"Replication factor must be at least 1, or -1 for the default, not %d.", replicas)
	case int(replicas) > len(up):
		return nil, refuse(event.CodeInvalidReplicationFactor,
			"Replication factor %d is larger than the number of brokers that are up, %d.", replicas, len(up))
	}
	return c.spread(up, int(partitions), int(replicas)), nil
}

// spread places partitions in turn over brokers, beginning anywhere. There are at least as many brokers as replicas.
func (c *Controller) spread(up []event.NodeID, partitions, replicas int) [][]event.NodeID {
	first := int(c.cfg.Dice.Uint64() % uint64(len(up)))
	plan := make([][]event.NodeID, partitions)
	for p := range plan {
		plan[p] = make([]event.NodeID, replicas)
		for r := range plan[p] {
			plan[p][r] = up[(first+p+r)%len(up)]
		}
	}
	return plan
}

func brokersUp(im *metadata.Image) []event.NodeID {
	var up []event.NodeID
	for b := range im.Brokers() {
		if !b.Fenced && !b.ControlledStop {
			up = append(up, b.Node)
		}
	}
	return up
}

func placeAsAsked(im *metadata.Image, t *event.CreateTopic, room int) ([][]event.NodeID, *refusal) {
	if t.Partitions != -1 || t.Replicas != -1 {
		return nil, refuse(event.CodeInvalidRequest,
			"Topic %q has an explicit assignment: its partition count and replication factor must be -1.", t.Name)
	}
	if len(t.Assignment) > room {
		return nil, refuse(event.CodePolicyViolation, "One request may create fewer partitions than %d.",
			len(t.Assignment))
	}
	plan := make([][]event.NodeID, len(t.Assignment))
	for _, a := range t.Assignment {
		if a.Partition < 0 || int(a.Partition) >= len(plan) || plan[a.Partition] != nil {
			return nil, refuse(event.CodeInvalidReplicaAssignment,
				"Partitions must be numbered from 0, each once; partition %d is not.", a.Partition)
		}
		if no := checkReplicas(im, a); no != nil {
			return nil, no
		}
		if len(a.Replicas) != len(t.Assignment[0].Replicas) {
			return nil, refuse(event.CodeInvalidReplicaAssignment, "Partition %d has %d replicas, partition %d has %d.",
				a.Partition, len(a.Replicas), t.Assignment[0].Partition, len(t.Assignment[0].Replicas))
		}
		plan[a.Partition] = slices.Clone(a.Replicas)
	}
	return plan, nil
}

func checkReplicas(im *metadata.Image, a event.PartitionAssignment) *refusal {
	if len(a.Replicas) == 0 {
		return refuse(event.CodeInvalidReplicaAssignment, "Partition %d has no replicas.", a.Partition)
	}
	for i, node := range a.Replicas {
		if im.Broker(node) == nil {
			return refuse(event.CodeInvalidReplicaAssignment, "Partition %d names broker %d, which is not registered.",
				a.Partition, node)
		}
		if slices.Contains(a.Replicas[:i], node) {
			return refuse(event.CodeInvalidReplicaAssignment, "Partition %d names broker %d twice.", a.Partition, node)
		}
	}
	return nil
}
