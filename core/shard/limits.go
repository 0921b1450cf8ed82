package shard

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// unfit says why the topic's configuration does not let a batch in. It is asked at the moment of the append, in the same
// step and of the assignment that the append goes by, so that a configuration that changes is never half applied (H-9),
// and of new batches only: a batch that is in the log stays there whatever its limits have become, and so does the
// answer to its repetition.
func (s *Shard) unfit(limits *event.TopicLimits, item *event.ShardProduceItem) (event.Code, string) {
	size := int64(len(item.Batch))
	switch {
	case size > int64(limits.MaxMessageBytes):
		return event.CodeMessageTooLarge, fmt.Sprintf("batch of %d bytes, max.message.bytes is %d", size, limits.MaxMessageBytes)
	case size > limits.SegmentBytes:
		return event.CodeRecordListTooLarge, fmt.Sprintf("batch of %d bytes, segment.bytes is %d", size, limits.SegmentBytes)
	case size > s.store.MaxBatch():
		return event.CodeRecordListTooLarge, fmt.Sprintf("batch of %d bytes, a flush group takes %d", size, s.store.MaxBatch())
	case limits.LogAppendTime || item.Earliest == noTimestamp:
		return event.CodeNone, ""
	case limits.TimestampBefore < noBound && item.Earliest < s.wall-limits.TimestampBefore:
		return event.CodeInvalidTimestamp, fmt.Sprintf("timestamp %d is more than message.timestamp.before.max.ms, %d, behind the "+
			"broker's clock, %d", item.Earliest, limits.TimestampBefore, s.wall)
	}
	if latest := record.Batch(item.Batch).MaxTimestamp(); latest > s.wall && latest-s.wall > limits.TimestampAfter {
		return event.CodeInvalidTimestamp, fmt.Sprintf("timestamp %d is more than message.timestamp.after.max.ms, %d, ahead of the "+
			"broker's clock, %d", latest, limits.TimestampAfter, s.wall)
	}
	return event.CodeNone, ""
}

// noTimestamp is the timestamp of a record that has none, noBound the largest number of milliseconds: it bounds nothing.
const (
	noTimestamp = -1
	noBound     = 1<<63 - 1
)
