package metadata

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

func (e *Edit) makeTopic(r *TopicRecord) error {
	if e.im.Topic(r.ID) != nil {
		return fmt.Errorf("topic id %s exists", r.ID)
	}
	if e.im.TopicNamed(r.Name) != nil {
		return fmt.Errorf("topic %q exists", r.Name)
	}
	if r.ID.IsZero() {
		return fmt.Errorf("topic %q without an id", r.Name)
	}
	e.im.folded.put(e.token, folded(r.Name), r.Name)
	e.putTopic(&Topic{ID: r.ID, Name: r.Name, partitions: sorted[int32, *Partition]{cmp: cmp.Compare[int32]}})
	return nil
}

// putTopic files t under its id and its name.
func (e *Edit) putTopic(t *Topic) {
	e.im.topics.put(e.token, t.ID, t)
	e.im.names.put(e.token, t.Name, t)
}

// putPartition files p in a copy of t.
func (e *Edit) putPartition(t *Topic, p *Partition) {
	next := *t
	next.partitions.put(e.token, p.Number, p)
	e.putTopic(&next)
	e.touched = append(e.touched, event.TP{Topic: t.ID, Partition: p.Number})
}

func (e *Edit) removeTopic(r *RemoveTopicRecord) error {
	t := e.im.Topic(r.Topic)
	if t == nil {
		return fmt.Errorf("topic id %s is absent", r.Topic)
	}
	for p := range t.Partitions() {
		e.removed = append(e.removed, event.TP{Topic: t.ID, Partition: p.Number})
	}
	e.im.topics.remove(e.token, t.ID)
	e.im.names.remove(e.token, t.Name)
	if other, _ := e.im.folded.get(folded(t.Name)); other == t.Name {
		e.im.folded.remove(e.token, folded(t.Name))
	}
	e.im.configs.remove(e.token, resource{event.ResourceTopic, t.Name})
	return nil
}

func (e *Edit) makePartition(r *PartitionRecord) error {
	t := e.im.Topic(r.Topic)
	if t == nil {
		return fmt.Errorf("partition %d of absent topic id %s", r.Partition, r.Topic)
	}
	if r.Partition != t.Count() {
		return fmt.Errorf("partition %d of topic %q, which has %d", r.Partition, t.Name, t.Count())
	}
	p := &Partition{
		Number:         r.Partition,
		Leader:         r.Leader,
		LeaderEpoch:    r.LeaderEpoch,
		PartitionEpoch: r.PartitionEpoch,
		Replicas:       r.Replicas,
		ISR:            r.ISR,
		Adding:         r.Adding,
		Removing:       r.Removing,
		Directories:    r.Directories,
		ELR:            r.ELR,
		LastELR:        r.LastELR,
		Recovering:     r.Recovering == 1,

		LeaderBrokerEpoch: e.brokerEpoch(r.Leader),
	}
	if err := p.check(); err != nil {
		return fmt.Errorf("partition %d of topic %q: %w", r.Partition, t.Name, err)
	}
	e.putPartition(t, p)
	return nil
}

func (e *Edit) changePartition(r *PartitionChangeRecord) error {
	t, old := e.im.Partition(event.TP{Topic: r.Topic, Partition: r.Partition})
	if old == nil {
		return fmt.Errorf("change of absent partition %d of topic id %s", r.Partition, r.Topic)
	}
	p := *old
	p.PartitionEpoch++
	if r.Leader != LeaderUnchanged {
		p.Leader = r.Leader
		p.LeaderEpoch++
		p.LeaderBrokerEpoch = e.brokerEpoch(r.Leader)
	}
	if r.Recovering != RecoveringUnchanged {
		p.Recovering = r.Recovering == 1
	}
	replace(&p.ISR, r.ISR)
	replace(&p.Replicas, r.Replicas)
	replace(&p.Removing, r.Removing)
	replace(&p.Adding, r.Adding)
	replace(&p.Directories, r.Directories)
	replace(&p.ELR, r.ELR)
	replace(&p.LastELR, r.LastELR)
	if err := p.check(); err != nil {
		return fmt.Errorf("change of partition %d of topic %q: %w", r.Partition, t.Name, err)
	}
	e.putPartition(t, &p)
	return nil
}

// brokerEpoch is the registration under which a broker is given a leader epoch now; -1 for a broker without one.
func (e *Edit) brokerEpoch(id event.NodeID) int64 {
	b := e.im.Broker(id)
	if b == nil {
		return -1
	}
	return b.Epoch
}

// replace puts next in place of *was, unless it is nil: unchanged.
func replace[T any](was *[]T, next []T) {
	if next != nil {
		*was = next
	}
}

// check keeps M-5 and the lower bounds of the epochs.
func (p *Partition) check() error {
	if len(p.Replicas) == 0 {
		return fmt.Errorf("no replicas")
	}
	if p.Leader != NoLeader && !slices.Contains(p.Replicas, p.Leader) {
		return fmt.Errorf("leader %d is not among the replicas %v", p.Leader, p.Replicas)
	}
	for _, id := range p.ISR {
		if !slices.Contains(p.Replicas, id) {
			return fmt.Errorf("in-sync replica %d is not among the replicas %v", id, p.Replicas)
		}
	}
	if p.LeaderEpoch < 0 || p.PartitionEpoch < 0 {
		return fmt.Errorf("leader epoch %d, partition epoch %d", p.LeaderEpoch, p.PartitionEpoch)
	}
	if len(p.Directories) != 0 && len(p.Directories) != len(p.Replicas) {
		return fmt.Errorf("%d directories for %d replicas", len(p.Directories), len(p.Replicas))
	}
	return nil
}
