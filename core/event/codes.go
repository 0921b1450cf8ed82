package event

// Code is a Kafka protocol error code: an answer, not a Go error. Numbers are Kafka's.
type Code int16

// The codes that the core answers with.
const (
	CodeUnknownServer             Code = -1
	CodeNone                      Code = 0
	CodeOffsetOutOfRange          Code = 1
	CodeCorruptMessage            Code = 2
	CodeUnknownTopicOrPartition   Code = 3
	CodeLeaderNotAvailable        Code = 5
	CodeNotLeaderOrFollower       Code = 6
	CodeRequestTimedOut           Code = 7
	CodeMessageTooLarge           Code = 10
	CodeCoordinatorLoadInProgress Code = 14
	CodeCoordinatorNotAvailable   Code = 15
	CodeInvalidTopic              Code = 17
	CodeRecordListTooLarge        Code = 18
	CodeNotEnoughReplicas         Code = 19
	CodeNotEnoughReplicasAfter    Code = 20
	CodeInvalidRequiredAcks       Code = 21
	CodeInvalidTimestamp          Code = 32
	CodeUnsupportedVersion        Code = 35
	CodeTopicAlreadyExists        Code = 36
	CodeInvalidPartitions         Code = 37
	CodeInvalidReplicationFactor  Code = 38
	CodeInvalidReplicaAssignment  Code = 39
	CodeInvalidConfig             Code = 40
	CodeNotController             Code = 41
	CodeInvalidRequest            Code = 42
	CodeUnsupportedForMessageFmt  Code = 43
	CodePolicyViolation           Code = 44
	CodeOutOfOrderSequence        Code = 45
	CodeDuplicateSequence         Code = 46
	CodeInvalidProducerEpoch      Code = 47
	CodeInvalidTxnState           Code = 48
	CodeInvalidTransactionTimeout Code = 50
	CodeKafkaStorageError         Code = 56
	CodeReassignmentInProgress    Code = 60
	CodeUnknownProducerID         Code = 59
	CodeFetchSessionIDNotFound    Code = 70
	CodeInvalidFetchSessionEpoch  Code = 71
	CodeFencedLeaderEpoch         Code = 74
	CodeUnknownLeaderEpoch        Code = 75
	CodeUnsupportedCompression    Code = 76
	CodeStaleBrokerEpoch          Code = 77
	CodeOffsetNotAvailable        Code = 78
	CodeThrottlingQuotaExceeded   Code = 89
	CodeInvalidRecord             Code = 87
	CodeInvalidUpdateVersion      Code = 95
	CodeUnknownTopicID            Code = 100
	CodeInconsistentTopicID       Code = 103
	CodeTransactionalIDNotFound   Code = 105
	CodeFetchSessionTopicID       Code = 106
	CodeMismatchedEndpointType    Code = 114
	CodeUnsupportedEndpointType   Code = 115
	CodeIneligibleReplica         Code = 107
)
