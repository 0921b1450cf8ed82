package metadata

import "github.com/highwater-log/highwater/core/event"

// Record is one line of the metadata log: a pointer to one of the structs in this file, with Kafka's fields under
// Kafka's API key. Sources: Kafka's metadata record schemas; KIP-500, KIP-631, KIP-858, KIP-966.
type Record interface {
	// apiKey is Kafka's number of the schema.
	apiKey() int16
	// version is the lowest schema version that can hold the record: what Append writes.
	version() int16
}

// API keys of the metadata records.
const (
	keyRegisterBroker           = 0
	keyUnregisterBroker         = 1
	keyTopic                    = 2
	keyPartition                = 3
	keyConfig                   = 4
	keyPartitionChange          = 5
	keyRemoveTopic              = 9
	keyFeatureLevel             = 12
	keyProducerIDs              = 15
	keyBrokerRegistrationChange = 17
	keyNoOp                     = 20
)

// NoLeader is the leader of a partition that has none. LeaderUnchanged is the Leader of a PartitionChangeRecord that
// leaves leader and leader epoch alone.
const (
	NoLeader        event.NodeID = -1
	LeaderUnchanged event.NodeID = -2
)

// RegisterBrokerRecord says that an incarnation of a broker registered.
type RegisterBrokerRecord struct {
	Broker         event.NodeID
	MigratingZK    bool // of Kafka's past; kept so that the schema round-trips
	Incarnation    event.UUID
	Epoch          int64 // the broker epoch: the offset of this record
	Endpoints      []Endpoint
	Features       []Feature
	Rack           string // "" for none
	Fenced         bool
	ControlledStop bool
	Directories    []event.UUID
}

// Endpoint is one listener of a broker, as clients reach it.
type Endpoint struct {
	Name     string
	Host     string
	Port     uint16
	Security int16 // Kafka's SecurityProtocol: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL
}

// Feature is the range of levels of a feature that a broker supports.
type Feature struct {
	Name     string
	Min, Max int16
}

// UnregisterBrokerRecord removes a broker.
type UnregisterBrokerRecord struct {
	Broker event.NodeID
	Epoch  int64
}

// TopicRecord makes a topic, without partitions yet.
type TopicRecord struct {
	Name string
	ID   event.UUID
}

// PartitionRecord makes one partition of a topic.
type PartitionRecord struct {
	Partition      int32
	Topic          event.UUID
	Replicas       []event.NodeID // in order of preference
	ISR            []event.NodeID
	Removing       []event.NodeID
	Adding         []event.NodeID
	Leader         event.NodeID
	Recovering     int8 // 1 while the leader recovers from an unclean election
	LeaderEpoch    int32
	PartitionEpoch int32
	Directories    []event.UUID   // aligned with Replicas
	ELR            []event.NodeID // nil for none known
	LastELR        []event.NodeID // nil for none known
}

// PartitionChangeRecord changes a partition. Nil slices, LeaderUnchanged and RecoveringUnchanged leave things alone.
// The partition epoch goes up by one; naming a leader, even the same one, also raises the leader epoch by one.
type PartitionChangeRecord struct {
	Partition   int32
	Topic       event.UUID
	ISR         []event.NodeID
	Leader      event.NodeID
	Replicas    []event.NodeID
	Removing    []event.NodeID
	Adding      []event.NodeID
	Recovering  int8
	Directories []event.UUID
	ELR         []event.NodeID
	LastELR     []event.NodeID
}

// RecoveringUnchanged is the Recovering of a PartitionChangeRecord that leaves it alone.
const RecoveringUnchanged int8 = -1

// RemoveTopicRecord removes a topic with its partitions and its configurations.
type RemoveTopicRecord struct{ Topic event.UUID }

// ConfigRecord sets one configuration of one resource, or, with Null, removes it.
type ConfigRecord struct {
	Type  int8 // event.ResourceTopic or event.ResourceBroker
	Name  string
	Key   string
	Value string
	Null  bool
}

// FeatureLevelRecord finalizes the level of a feature; 0 removes it.
type FeatureLevelRecord struct {
	Name  string
	Level int16
}

// ProducerIDsRecord says that every producer id below Next may have been given out, the last block to Broker.
type ProducerIDsRecord struct {
	Broker event.NodeID
	Epoch  int64
	Next   int64
}

// BrokerRegistrationChangeRecord changes a registration: -1 takes a state back, 0 leaves it, 1 sets it.
type BrokerRegistrationChangeRecord struct {
	Broker         event.NodeID
	Epoch          int64
	Fenced         int8
	ControlledStop int8
	Directories    []event.UUID // nil leaves them
}

// NoOpRecord changes nothing but the image's offset.
type NoOpRecord struct{}

func (*RegisterBrokerRecord) apiKey() int16           { return keyRegisterBroker }
func (*UnregisterBrokerRecord) apiKey() int16         { return keyUnregisterBroker }
func (*TopicRecord) apiKey() int16                    { return keyTopic }
func (*PartitionRecord) apiKey() int16                { return keyPartition }
func (*ConfigRecord) apiKey() int16                   { return keyConfig }
func (*PartitionChangeRecord) apiKey() int16          { return keyPartitionChange }
func (*RemoveTopicRecord) apiKey() int16              { return keyRemoveTopic }
func (*FeatureLevelRecord) apiKey() int16             { return keyFeatureLevel }
func (*ProducerIDsRecord) apiKey() int16              { return keyProducerIDs }
func (*BrokerRegistrationChangeRecord) apiKey() int16 { return keyBrokerRegistrationChange }
func (*NoOpRecord) apiKey() int16                     { return keyNoOp }

func (*RegisterBrokerRecord) version() int16   { return 3 }
func (*UnregisterBrokerRecord) version() int16 { return 0 }
func (*TopicRecord) version() int16            { return 0 }
func (*ConfigRecord) version() int16           { return 0 }
func (*RemoveTopicRecord) version() int16      { return 0 }
func (*FeatureLevelRecord) version() int16     { return 0 }
func (*ProducerIDsRecord) version() int16      { return 0 }
func (*NoOpRecord) version() int16             { return 0 }

// version 1 brought directories, version 2 eligible leader replicas.
func (r *PartitionRecord) version() int16 {
	if r.ELR != nil || r.LastELR != nil {
		return 2
	}
	return 1
}

// version 1 brought directories, version 2 eligible leader replicas.
func (r *PartitionChangeRecord) version() int16 {
	if r.ELR != nil || r.LastELR != nil {
		return 2
	}
	if r.Directories != nil {
		return 1
	}
	return 0
}

// version 1 brought the controlled stop, version 2 directories.
func (r *BrokerRegistrationChangeRecord) version() int16 {
	if r.Directories != nil {
		return 2
	}
	if r.ControlledStop != 0 {
		return 1
	}
	return 0
}
