package event

// Bodies of client requests and of their replies, in the core's words: no API version, no wire detail. server/api turns
// wire bytes into these and back. Topics come by name or by id, whichever the client used: exactly one is set.
//
// A reply's slices are aligned with the request's: answer i belongs to item i.

// Produce appends one record batch to each of its partitions.
type Produce struct {
	Acks       int16 // -1 all, 1 leader, 0 no answer
	TimeoutMs  int32
	Partitions []ProducePartition
}

// ProducePartition is one batch for one partition.
type ProducePartition struct {
	Name      string
	ID        UUID
	Partition int32
	// Batch is one whole v2 record batch, its CRC and structure verified by the edge. Borrowed for the Step that
	// appends it: the connection keeps it until the reply.
	Batch []byte
	// Earliest is the smallest timestamp of a record, in milliseconds; -1 if none has one. A fact that the edge found
	// by walking the records, like the batch's largest: whether it may be so is the core's to say, by the configuration
	// that holds when the batch is appended (docs/adr/0012).
	Earliest int64
	// Refused is set by the edge when the batch is unfit under every configuration: the core answers it and appends
	// nothing.
	Refused Code
	Why     string
}

// ProduceReply answers Produce.
type ProduceReply struct{ Partitions []ProducePartitionReply }

// ProducePartitionReply is the outcome for one partition.
type ProducePartitionReply struct {
	Code          Code
	BaseOffset    int64 // -1 unless Code is CodeNone
	LogAppendTime int64 // milliseconds; -1 unless the topic stamps it
	LogStart      int64 // -1 if unknown
	Why           string
	Leader        Leader // hint where Code is CodeNotLeaderOrFollower
}

// Leader is a leadership hint: Node -1 where none is known.
type Leader struct {
	Node  NodeID
	Epoch int32
}

// Fetch reads from its partitions, in request order, until the byte budgets end.
type Fetch struct {
	ReplicaID  NodeID // -1 for consumers
	MaxWaitMs  int32
	MinBytes   int32
	MaxBytes   int32
	Partitions []FetchPartition
	// Session is the step of a fetch session that the request is (KIP-227). In SessionNext, Partitions are those that were
	// added or changed, and Forgotten those that are no longer wanted.
	Session   FetchSession
	Forgotten []FetchForgotten
	ByID      bool // topics are named by id in this version
}

// FetchForgotten are partitions of one topic that a session no longer wants.
type FetchForgotten struct {
	Name       string
	ID         UUID
	Partitions []int32
}

// FetchSession is one step of a fetch session.
type FetchSession struct {
	Step  SessionStep
	ID    int32 // of the session that goes on, or ends: 0 for none
	Epoch int32 // of SessionNext: how far it has come
}

// SessionStep says what a fetch does with its session.
type SessionStep uint8

// Steps of a session. The first two end the session ID, if there is one.
const (
	SessionNone SessionStep = iota // the request stands alone
	SessionNew                     // and a session of what it names begins
	SessionNext                    // the session ID goes on
)

// FetchPartition asks for the batches from Offset on.
type FetchPartition struct {
	Name             string
	ID               UUID
	Partition        int32
	CurrentEpoch     int32 // the leader epoch that the client believes in; -1 for no check
	LastFetchedEpoch int32 // -1 for consumers
	Offset           int64
	MaxBytes         int32
}

// FetchReply answers Fetch.
type FetchReply struct {
	Code       Code
	Session    int32 // the session that holds what was asked for; 0 for none
	Partitions []FetchPartitionReply
	// Held are the buffers that Records lie in: the shell gives them back to their owners when the reply is sent, or
	// when it never will be.
	Held []*Buffer
	// Named says which partition each answer is about, where that is not what the request names in its order: in a
	// session only partitions with news are answered for. Answers of one topic may stand apart.
	Named []FetchPartition
}

// FetchPartitionReply is what one partition gave.
type FetchPartitionReply struct {
	Code          Code
	HighWatermark int64
	LastStable    int64
	LogStart      int64
	// Records are whole record batches in offset order, possibly in several pieces; each piece is immutable.
	Records [][]byte
	Leader  Leader
}

// Bytes is the size of the records, in bytes.
func (p *FetchPartitionReply) Bytes() int {
	n := 0
	for _, r := range p.Records {
		n += len(r)
	}
	return n
}

// Special timestamps of ListOffsets (Kafka's ListOffsetsRequest).
const (
	TimestampLatest        = -1
	TimestampEarliest      = -2
	TimestampMax           = -3
	TimestampEarliestLocal = -4
	TimestampLatestTiered  = -5
	TimestampPendingUpload = -6
)

// ListOffsets looks offsets up by timestamp.
type ListOffsets struct{ Partitions []ListOffsetsPartition }

// ListOffsetsPartition is one lookup: Timestamp in milliseconds, or one of the special ones.
type ListOffsetsPartition struct {
	Name         string
	ID           UUID
	Partition    int32
	CurrentEpoch int32
	Timestamp    int64
}

// ListOffsetsReply answers ListOffsets.
type ListOffsetsReply struct{ Partitions []ListOffsetsPartitionReply }

// ListOffsetsPartitionReply is one answer. Where a batch holds the record sought, Batch is that batch and the edge picks
// the record (the core does not decompress): the first record with a timestamp of at least Timestamp, or, for
// TimestampMax, the first that holds the batch's maximum. Offset is then the least that may be answered, the log start
// where it lies inside the batch, or -1: then Next is the batch to look into where the records of Batch that are left do
// not match, or match worse. Without a Batch, Offset and Timestamp are final (-1 for no match).
type ListOffsetsPartitionReply struct {
	Code      Code
	Offset    int64
	Timestamp int64
	Epoch     int32 // leader epoch of the record found; -1 for none
	Batch     []byte
	Next      []byte
}

// Metadata describes topics and brokers.
type Metadata struct {
	All             bool // every topic; Topics is ignored
	Topics          []MetadataTopic
	AllowAutoCreate bool
}

// MetadataTopic asks for one topic.
type MetadataTopic struct {
	Name string
	ID   UUID
}

// MetadataReply answers Metadata. Topics are aligned with the request, or every topic in name order.
type MetadataReply struct {
	ClusterID  string
	Controller NodeID
	Brokers    []Broker
	Topics     []MetadataTopicReply
}

// Broker is one broker as clients reach it.
type Broker struct {
	Node   NodeID
	Host   string
	Port   int32
	Rack   string
	Fenced bool
}

// MetadataTopicReply is one topic.
type MetadataTopicReply struct {
	Code       Code
	Name       string
	ID         UUID
	Internal   bool
	Partitions []MetadataPartition
}

// MetadataPartition is one partition's place.
type MetadataPartition struct {
	Code      Code
	Partition int32
	Leader    Leader
	Replicas  []NodeID
	ISR       []NodeID
	Offline   []NodeID
}

// ConfigEntry is one key and value; a null value is the empty string with Null set.
type ConfigEntry struct {
	Key, Value string
	Null       bool
}

// CreateTopics makes topics.
type CreateTopics struct {
	Topics       []CreateTopic
	TimeoutMs    int32
	ValidateOnly bool
}

// CreateTopic is one topic to make; -1 partitions or replicas mean the broker's default.
type CreateTopic struct {
	Name       string
	Partitions int32
	Replicas   int16
	Assignment []PartitionAssignment // explicit placement, instead of the two counts
	Configs    []ConfigEntry
}

// PartitionAssignment places one partition.
type PartitionAssignment struct {
	Partition int32
	Replicas  []NodeID
}

// CreateTopicsReply answers CreateTopics.
type CreateTopicsReply struct{ Topics []CreateTopicReply }

// CreateTopicReply is the outcome for one topic.
type CreateTopicReply struct {
	Code       Code
	Why        string
	Name       string
	ID         UUID
	Partitions int32
	Replicas   int16
	Configs    []Config
}

// DeleteTopics removes topics, by name or id.
type DeleteTopics struct {
	Topics    []MetadataTopic
	TimeoutMs int32
}

// DeleteTopicsReply answers DeleteTopics.
type DeleteTopicsReply struct{ Topics []DeleteTopicReply }

// DeleteTopicReply is the outcome for one topic.
type DeleteTopicReply struct {
	Code Code
	Why  string
	Name string
	ID   UUID
}

// CreatePartitions gives topics more partitions.
type CreatePartitions struct {
	Topics       []GrowTopic
	TimeoutMs    int32
	ValidateOnly bool
}

// GrowTopic is one topic that shall have Count partitions, those that it has included. Assignment places the new ones in
// their order; nil leaves that to the controller.
type GrowTopic struct {
	Name       string
	Count      int32
	Assignment [][]NodeID
}

// CreatePartitionsReply answers CreatePartitions.
type CreatePartitionsReply struct{ Topics []GrowTopicReply }

// GrowTopicReply is the outcome for one topic.
type GrowTopicReply struct {
	Code Code
	Why  string
	Name string
}

// HighWatermark is the offset of DeleteRecords that means the end of everything committed.
const HighWatermark = -1

// DeleteRecords lets each of its partitions begin at a later offset.
type DeleteRecords struct {
	Partitions []DeleteRecordsPartition
	TimeoutMs  int32
}

// DeleteRecordsPartition asks that the log begin at Offset, or at the high watermark.
type DeleteRecordsPartition struct {
	Name      string
	Partition int32
	Offset    int64
}

// DeleteRecordsReply answers DeleteRecords.
type DeleteRecordsReply struct{ Partitions []DeleteRecordsPartitionReply }

// DeleteRecordsPartitionReply is the outcome for one partition: LowWatermark is where its log durably begins, -1 on error.
type DeleteRecordsPartitionReply struct {
	Code         Code
	LowWatermark int64
}

// Kinds of configuration resources (Kafka's ConfigResource.Type).
const (
	ResourceTopic        int8 = 2
	ResourceBroker       int8 = 4
	ResourceBrokerLogger int8 = 8
)

// AlterConfigs changes configurations that were set, each resource wholly or not at all. With Replace the values given
// are all that are set afterwards, and every Op is ConfigSet.
type AlterConfigs struct {
	Resources    []ConfigAlteration
	Replace      bool
	ValidateOnly bool
}

// ConfigAlteration is what is changed of one resource: a topic by its name, a broker by its number, or, with an empty
// name, all brokers.
type ConfigAlteration struct {
	Type int8
	Name string
	Ops  []ConfigOp
}

// ConfigOp is one change of one key. Null: the value is null, as only ConfigDelete allows.
type ConfigOp struct {
	Op         int8
	Key, Value string
	Null       bool
}

// Operations on a configuration (KIP-339). The last two are for lists.
const (
	ConfigSet      int8 = 0
	ConfigDelete   int8 = 1
	ConfigAppend   int8 = 2
	ConfigSubtract int8 = 3
)

// AlterConfigsReply answers AlterConfigs.
type AlterConfigsReply struct{ Resources []ConfigAlterationReply }

// ConfigAlterationReply is the outcome for one resource.
type ConfigAlterationReply struct {
	Code Code
	Why  string
	Type int8
	Name string
}

// Sources of a configuration value (Kafka's DescribeConfigsResponse.ConfigSource).
const (
	SourceTopic         int8 = 1
	SourceBroker        int8 = 2
	SourceAllBrokers    int8 = 3 // DYNAMIC_DEFAULT_BROKER_CONFIG
	SourceStaticBroker  int8 = 4
	SourceDefault       int8 = 5
	ConfigTypeBoolean   int8 = 1
	ConfigTypeString    int8 = 2
	ConfigTypeInt       int8 = 3
	ConfigTypeShort     int8 = 4
	ConfigTypeLong      int8 = 5
	ConfigTypeDouble    int8 = 6
	ConfigTypeList      int8 = 7
	ConfigTypeClass     int8 = 8
	ConfigTypePassword  int8 = 9
	ConfigSourceUnknown int8 = 0
)

// Config is one configuration value with where it comes from.
type Config struct {
	Key, Value string
	Source     int8
	Type       int8
	ReadOnly   bool
	Doc        string
	Synonyms   []ConfigSynonym
}

// ConfigSynonym is one place a value could come from, nearest first.
type ConfigSynonym struct {
	Key, Value string
	Source     int8
}

// DescribeConfigs reads configurations.
type DescribeConfigs struct{ Resources []ConfigResource }

// ConfigResource asks for one resource's values; nil Keys means all.
type ConfigResource struct {
	Type int8
	Name string
	Keys []string
	All  bool
}

// DescribeConfigsReply answers DescribeConfigs.
type DescribeConfigsReply struct{ Resources []ConfigResourceReply }

// ConfigResourceReply is one resource's values, in key order.
type ConfigResourceReply struct {
	Code    Code
	Why     string
	Type    int8
	Name    string
	Configs []Config
}

// DescribeCluster describes the brokers and the controller.
type DescribeCluster struct{ IncludeFenced bool }

// DescribeClusterReply answers DescribeCluster.
type DescribeClusterReply struct {
	ClusterID  string
	Controller NodeID
	Brokers    []Broker
}

// FindCoordinator asks who coordinates each of Keys; Type 0 is a group, 1 a transaction, 2 a share group.
type FindCoordinator struct {
	Type int8
	Keys []string
}

// FindCoordinatorReply answers FindCoordinator.
type FindCoordinatorReply struct{ Coordinators []CoordinatorReply }

// CoordinatorReply is one coordinator; Node is -1 where there is none.
type CoordinatorReply struct {
	Code Code
	Why  string
	Key  string
	Node NodeID
	Host string
	Port int32
}

// InitProducerID asks for a producer id.
type InitProducerID struct {
	Transactional   bool
	TransactionalID string
	TimeoutMs       int32
	ProducerID      int64 // -1 for none
	ProducerEpoch   int16 // -1 for none
}

// InitProducerIDReply answers InitProducerID.
type InitProducerIDReply struct {
	Code          Code
	ProducerID    int64 // -1 on error
	ProducerEpoch int16 // -1 on error
}

func (*Produce) body()               {}
func (*ProduceReply) body()          {}
func (*Fetch) body()                 {}
func (*FetchReply) body()            {}
func (*ListOffsets) body()           {}
func (*ListOffsetsReply) body()      {}
func (*Metadata) body()              {}
func (*MetadataReply) body()         {}
func (*CreateTopics) body()          {}
func (*CreateTopicsReply) body()     {}
func (*DeleteTopics) body()          {}
func (*DeleteTopicsReply) body()     {}
func (*CreatePartitions) body()      {}
func (*CreatePartitionsReply) body() {}
func (*AlterConfigs) body()          {}
func (*AlterConfigsReply) body()     {}
func (*DescribeConfigs) body()       {}
func (*DescribeConfigsReply) body()  {}
func (*DescribeCluster) body()       {}
func (*DescribeClusterReply) body()  {}
func (*FindCoordinator) body()       {}
func (*FindCoordinatorReply) body()  {}
func (*InitProducerID) body()        {}
func (*InitProducerIDReply) body()   {}
func (*DeleteRecords) body()         {}
func (*DeleteRecordsReply) body()    {}
