package metadata

import (
	"cmp"
	"iter"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// Image is everything that the metadata log says up to one offset. It never changes (M-2): machines share it by
// pointer.
type Image struct {
	cluster  event.UUID
	offset   int64
	epoch    int32
	brokers  sorted[event.NodeID, *Broker]
	topics   sorted[event.UUID, *Topic]
	names    sorted[string, *Topic]
	folded   sorted[string, string] // a topic's name by its folded one, for collisions
	configs  sorted[resource, []event.ConfigEntry]
	features sorted[string, int16]
	nextPID  int64
}

// resource is what configurations belong to: a topic or a broker, by name.
type resource struct {
	kind int8
	name string
}

func compareResources(a, b resource) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), strings.Compare(a.name, b.name))
}

// Broker is one registered broker.
type Broker struct {
	Node           event.NodeID
	Epoch          int64 // of the registration: the offset of its record
	Incarnation    event.UUID
	Endpoints      []Endpoint
	Features       []Feature
	Rack           string
	Fenced         bool
	ControlledStop bool
	Directories    []event.UUID
}

// Topic is one topic. Its partitions are numbered from 0 without a gap (M-5).
type Topic struct {
	ID         event.UUID
	Name       string
	partitions sorted[int32, *Partition]
}

// Partition is one partition's place and epochs.
type Partition struct {
	Number      int32
	Leader      event.NodeID // NoLeader for none
	LeaderEpoch int32
	// LeaderBrokerEpoch is the registration of the leader when LeaderEpoch was granted (R16); -1 without a leader.
	LeaderBrokerEpoch int64
	PartitionEpoch    int32
	Replicas          []event.NodeID // in order of preference
	ISR               []event.NodeID
	Adding            []event.NodeID
	Removing          []event.NodeID
	Directories       []event.UUID // aligned with Replicas
	ELR               []event.NodeID
	LastELR           []event.NodeID
	Recovering        bool // from an unclean election
}

// New is the image before the first record.
func New(cluster event.UUID) *Image {
	return &Image{
		cluster:  cluster,
		offset:   -1,
		epoch:    -1,
		brokers:  sorted[event.NodeID, *Broker]{cmp: cmp.Compare[event.NodeID]},
		topics:   sorted[event.UUID, *Topic]{cmp: event.UUID.Compare},
		names:    sorted[string, *Topic]{cmp: strings.Compare},
		folded:   sorted[string, string]{cmp: strings.Compare},
		configs:  sorted[resource, []event.ConfigEntry]{cmp: compareResources},
		features: sorted[string, int16]{cmp: strings.Compare},
	}
}

// ClusterID is the cluster's identity as clients see it: Kafka's form of a UUID.
func (im *Image) ClusterID() string { return IDString(im.cluster) }

// Offset is the offset of the last record in the image, -1 before the first.
func (im *Image) Offset() int64 { return im.offset }

// Epoch is the epoch of the metadata leader that wrote the last record, -1 before the first.
func (im *Image) Epoch() int32 { return im.epoch }

// NextProducerID is the first producer id that was never given out.
func (im *Image) NextProducerID() int64 { return im.nextPID }

// Broker looks a registered broker up; nil for none.
func (im *Image) Broker(id event.NodeID) *Broker {
	b, _ := im.brokers.get(id)
	return b
}

// Brokers yields the registered brokers by id.
func (im *Image) Brokers() iter.Seq[*Broker] { return im.brokers.all() }

// BrokerCount counts the registered brokers.
func (im *Image) BrokerCount() int { return im.brokers.count }

// Topic looks a topic up by id; nil for none.
func (im *Image) Topic(id event.UUID) *Topic {
	t, _ := im.topics.get(id)
	return t
}

// TopicNamed looks a topic up by name; nil for none.
func (im *Image) TopicNamed(name string) *Topic {
	t, _ := im.names.get(name)
	return t
}

// Colliding is a topic whose name differs from name only in '.' and '_', which metrics cannot tell apart; "" for none.
func (im *Image) Colliding(name string) string {
	other, _ := im.folded.get(folded(name))
	if other == name {
		return ""
	}
	return other
}

// Topics yields the topics in name order.
func (im *Image) Topics() iter.Seq[*Topic] { return im.names.all() }

// TopicCount counts the topics.
func (im *Image) TopicCount() int { return im.topics.count }

// Partition looks one partition up; nil for none.
func (im *Image) Partition(tp event.TP) (*Topic, *Partition) {
	t := im.Topic(tp.Topic)
	if t == nil {
		return nil, nil
	}
	return t, t.Partition(tp.Partition)
}

// Configs are the values set for a resource, in key order. The slice is shared: read only.
func (im *Image) Configs(kind int8, name string) []event.ConfigEntry {
	c, _ := im.configs.get(resource{kind, name})
	return c
}

// FeatureLevel is the finalized level of a feature, 0 for none.
func (im *Image) FeatureLevel(name string) int16 {
	l, _ := im.features.get(name)
	return l
}

// Partition looks a partition up by number; nil for none.
func (t *Topic) Partition(n int32) *Partition {
	p, _ := t.partitions.get(n)
	return p
}

// Partitions yields the partitions by number.
func (t *Topic) Partitions() iter.Seq[*Partition] { return t.partitions.all() }

// Count is the number of partitions.
func (t *Topic) Count() int32 { return int32(t.partitions.count) }

// ReplicationFactor is the number of replicas of partition 0; 0 for a topic without partitions.
func (t *Topic) ReplicationFactor() int16 {
	p := t.Partition(0)
	if p == nil {
		return 0
	}
	return int16(len(p.Replicas))
}
