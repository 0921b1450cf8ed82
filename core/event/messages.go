package event

// Bodies of the messages between the machines of one broker.
//
//	front                           shard                          home
//	  | --ShardProduce---------------> |                              |
//	  | <--------------ShardProduced-- |                              |
//	  | --ShardWatch-----------------> |                              |   a fetch arrives: what is there?
//	  | <-----------------ShardState-- |                              |   now, and again while watched
//	  | --ShardRead------------------> |                              |   enough, or the wait is over: bytes granted
//	  | <------------------ShardData-- |                              |
//	  | --GiveBack, or the shell's---> |                              |   the bytes are sent: their memory is free
//	  | --ShardUnwatch, ShardForget--> |                              |   the client has gone
//	  | --ShardListOffsets-----------> |                              |
//	  | <-----------ShardListedOffsets |                              |
//	  | --ShardDeleteRecords---------> |                              |
//	  | <----------ShardDeletedRecords |                              |
//	  | --CreateTopics, DeleteTopics, CreatePartitions, AlterConfigs->|
//	  | --PIDRequest, AutoCreate------------------------------------> |
//	  | <--------------------------------PIDBlock, AutoCreated, ...---|
//	  |                                | <----------------ShardAssign-|   which partitions it leads, under which epoch
//	  |                                | --ShardAssigned------------> |   that is so from now on
//	  | <---------------------------------------------ImageUpdate-----|   once every shard has said so
//	  | --ImageAdopted----------------------------------------------> |   and only then requests are answered (K-3)
//	  |                                | --ShardReady---------------> |   recovery is done: who was found
//
// Between two shards there is one: CheckpointBegun.
//
// A machine drops a message about a ticket that it no longer knows: the client has gone, or the wait was over.

// ShardProduce carries the batches of one request that concern one shard.
type ShardProduce struct {
	Acks     int16
	Deadline Time // when an acks=all wait ends with CodeRequestTimedOut
	Wait     Time // from the request's arrival to Deadline
	Items    []ShardProduceItem
}

// ShardProduceItem is one batch: Index is its place in the client's request.
type ShardProduceItem struct {
	Index    int
	TP       TP
	Batch    []byte
	Earliest int64 // ProducePartition's
}

// ShardProduced answers ShardProduce, in its order, once every item has its outcome.
type ShardProduced struct {
	Items   []ShardProduceItem
	Results []ProducePartitionReply
}

// ShardWatch asks what is readable for a fetch, and to be told again while the ticket is watched. Each change that could
// end the wait is told by one ShardState, until ShardRead, ShardUnwatch or the connection's end.
type ShardWatch struct {
	Items []ShardFetchItem
	// MinBytes is how much over all items ends the wait.
	MinBytes int64
}

// ShardFetchItem is one partition of a fetch: Index is its place in the client's request.
type ShardFetchItem struct {
	Index            int
	TP               TP
	CurrentEpoch     int32
	LastFetchedEpoch int32
	Offset           int64
	MaxBytes         int32
}

// ShardState answers ShardWatch: Bytes readable from each item's offset (an estimate from below that is positive
// whenever anything is readable), and its code. An error ends the wait at once. The first one holds every item, later
// ones those that changed since.
type ShardState struct {
	Items []ShardFetchState
}

// ShardFetchState is one partition's state.
type ShardFetchState struct {
	Index         int
	Code          Code
	Bytes         int64
	HighWatermark int64
	LogStart      int64
	Leader        Leader
}

// ShardRead grants bytes to a fetch and ends its watch. Items may be fewer than were watched.
type ShardRead struct {
	Items []ShardGrant
}

// ShardGrant lets one item take up to Bytes. Whole says that its first batch is returned even where it is larger
// (KIP-74: the first of the response that has data).
type ShardGrant struct {
	Item  ShardFetchItem
	Bytes int64
	Whole bool
}

// ShardData answers ShardRead, in its order. Held are the buffers that the records of Results lie in: whoever takes them
// last gives them back.
type ShardData struct {
	Index   []int
	Results []FetchPartitionReply
	Held    []*Buffer
}

// GiveBack returns buffers to the shard that owns them: a reply that showed their bytes was sent, or never will be. It comes
// from a front, or from the shell.
type GiveBack struct{ Held []*Buffer }

// ShardUnwatch ends a watch without a read.
type ShardUnwatch struct{}

// ShardForget says that the client of a ShardProduce or ShardDeleteRecords has gone: what still waits for room is not done any
// more.
// What was appended is appended.
type ShardForget struct{}

// ShardListOffsets carries the lookups of one request that concern one shard.
type ShardListOffsets struct {
	Index []int
	TP    []TP
	Items []ListOffsetsPartition
}

// ShardListedOffsets answers ShardListOffsets, in its order.
type ShardListedOffsets struct {
	Index   []int
	Results []ListOffsetsPartitionReply
}

// ShardDeleteRecords carries the new log starts of one request that concern one shard.
type ShardDeleteRecords struct {
	Deadline Time // when a wait for the journal ends with CodeRequestTimedOut
	Index    []int
	TP       []TP
	Items    []DeleteRecordsPartition
}

// ShardDeletedRecords answers ShardDeleteRecords, in its order, once every item has its outcome.
type ShardDeletedRecords struct {
	Index   []int
	Results []DeleteRecordsPartitionReply
}

// ShardAssign tells a shard which partitions it holds. Full: the list is complete and caught up with everything
// committed, so partitions that are not on it are strays. Otherwise it is a change. Removed partitions were deleted by
// a committed record.
type ShardAssign struct {
	Full    bool
	Assign  []Assignment
	Removed []TP
	// BrokerEpoch is this broker's registration.
	BrokerEpoch int64
}

// ShardAssigned answers ShardAssign: what it said holds in every later step of the shard.
type ShardAssigned struct{}

// Assignment is one partition as the committed metadata has it.
type Assignment struct {
	TP             TP
	Name           string // of the topic, for messages to people
	Leader         NodeID
	LeaderEpoch    int32
	PartitionEpoch int32
	Replicas       []NodeID
	ISR            []NodeID
	Limits         TopicLimits
	// LeaderBrokerEpoch is the registration of the leader to which LeaderEpoch was granted. A later incarnation of
	// the same broker does not lead under it (R16).
	LeaderBrokerEpoch int64
}

// TopicLimits are the configurations of a topic that a shard decides by.
type TopicLimits struct {
	MaxMessageBytes   int32
	SegmentBytes      int64
	SegmentMs         int64 // 0 for no limit
	MinInsyncReplicas int32
	LogAppendTime     bool // message.timestamp.type=LogAppendTime
	// TimestampBefore and TimestampAfter are how far a record's own timestamp may lie behind and ahead of the broker's
	// clock, in milliseconds.
	TimestampBefore, TimestampAfter int64
	Compacted                       bool
	// Deleted: cleanup.policy lets old segments go, by the two below; negative for no limit.
	Deleted        bool
	RetentionBytes int64
	RetentionMs    int64
}

// ShardReady says that a shard's recovery is done, in which directory, and which partitions it found.
type ShardReady struct {
	Directory UUID
	Found     []TP
}

// ShardStopped says that a shard's store was written behind, cut to its exact lengths and checkpointed for a clean stop.
type ShardStopped struct{}

// ImageUpdate publishes a new metadata image (a *metadata.Image; this package knows no other). Immutable.
type ImageUpdate struct{ Image any }

// ImageAdopted answers ImageUpdate: every later answer of the front is from it, or from a newer one.
type ImageAdopted struct{}

// CheckpointBegun tells the other shards that one begins a checkpoint. A flush of the file system is for all of them:
// whoever has something worth it had better begin now too.
type CheckpointBegun struct{}

// AutoCreate asks home to create topics that a client's Metadata request named.
type AutoCreate struct{ Names []string }

// AutoCreated answers AutoCreate, aligned: the image that holds the created ones was sent before it.
type AutoCreated struct{ Codes []Code }

// PIDRequest asks home for a block of producer ids.
type PIDRequest struct{}

// PIDBlock grants the producer ids First .. First+Count-1, durably allocated. Count 0: not now.
type PIDBlock struct {
	First int64
	Count int32
}

func (*ShardProduce) body()        {}
func (*ShardProduced) body()       {}
func (*ShardWatch) body()          {}
func (*ShardState) body()          {}
func (*ShardRead) body()           {}
func (*ShardData) body()           {}
func (*GiveBack) body()            {}
func (*ShardUnwatch) body()        {}
func (*ShardListOffsets) body()    {}
func (*ShardListedOffsets) body()  {}
func (*ShardDeleteRecords) body()  {}
func (*ShardDeletedRecords) body() {}
func (*ShardAssign) body()         {}
func (*ShardReady) body()          {}
func (*ShardStopped) body()        {}
func (*ImageUpdate) body()         {}
func (*AutoCreate) body()          {}
func (*AutoCreated) body()         {}
func (*PIDRequest) body()          {}
func (*PIDBlock) body()            {}
func (*ShardForget) body()         {}
func (*ShardAssigned) body()       {}
func (*ImageAdopted) body()        {}
func (*CheckpointBegun) body()     {}
