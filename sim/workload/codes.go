package workload

import "github.com/highwater-log/highwater/core/event"

// verdict is what a producer concludes from an error code.
type verdict uint8

const (
	accepted verdict = iota
	again            // not appended, or perhaps: ask again
	refused          // this request appended nothing, and asking again is of no use
	broken           // the sequence of the producer id is broken
)

// judge reads the error code of a produce answer. Codes that a client does not expect count as a broken protocol: ok is
// false.
func judge(code event.Code) (v verdict, ok bool) {
	switch code {
	case event.CodeNone:
		return accepted, true
	case event.CodeLeaderNotAvailable, event.CodeNotLeaderOrFollower, event.CodeRequestTimedOut,
		event.CodeCoordinatorNotAvailable, event.CodeNotEnoughReplicas, event.CodeNotEnoughReplicasAfter,
		event.CodeKafkaStorageError, event.CodeThrottlingQuotaExceeded, event.CodeUnknownTopicOrPartition,
		event.CodeUnknownTopicID, event.CodeInconsistentTopicID:
		return again, true
	case event.CodeMessageTooLarge, event.CodeRecordListTooLarge, event.CodePolicyViolation, event.CodeInvalidTopic,
		event.CodeInvalidTimestamp:
		return refused, true
	case event.CodeOutOfOrderSequence, event.CodeInvalidProducerEpoch, event.CodeUnknownProducerID:
		return broken, true
	}
	return again, false
}

// undecided reports whether an error answer leaves open if the batch was appended.
func undecided(code event.Code) bool {
	return code == event.CodeRequestTimedOut || code == event.CodeNotEnoughReplicasAfter || code == event.CodeKafkaStorageError
}
