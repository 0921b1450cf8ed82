package api

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// stampedBatch has one record per timestamp, from offset base on, of leader epoch.
func stampedBatch(base int64, epoch int32, timestamps ...int64) record.Batch {
	b := record.NewBuilder()
	for _, ts := range timestamps {
		b.Add(ts, nil, []byte("v"))
	}
	batch := b.Build()
	batch.Stamp(base, epoch)
	return batch
}

// The log start may lie inside the batch that the core found: what is below it is never answered, and where nothing
// that is left of the batch matches, the next one is looked into.
func TestListOffsets_NeverBelowTheLogStart(t *testing.T) {
	a := New(Config{})
	for _, c := range []struct {
		name       string
		first      []int64 // timestamps of offsets 0 to 2; the log begins at 2
		sought     int64
		next       bool
		offset, ts int64
		epoch      int32
	}{
		{"what is left matches", []int64{10, 40, 30}, 25, true, 2, 30, 1},
		{"only what is gone matches", []int64{10, 40, 5}, 25, true, 4, 50, 2},
		{"nothing matches", []int64{10, 40, 5}, 25, false, -1, -1, -1},
		{"the largest is left", []int64{10, 40, 90}, event.TimestampMax, true, 2, 90, 1},
		{"the largest is gone", []int64{10, 99, 5}, event.TimestampMax, true, 4, 50, 2},
		{"equals: the first one", []int64{10, 99, 50}, event.TimestampMax, true, 2, 50, 1},
		{"no other batch", []int64{10, 99, 5}, event.TimestampMax, false, 2, 5, 1},
	} {
		req := kmsg.NewPtrListOffsetsRequest()
		req.Version = 11
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Timestamp = c.sought
		req.Topics = []kmsg.ListOffsetsRequestTopic{{Topic: "t", Partitions: []kmsg.ListOffsetsRequestTopicPartition{p}}}
		_, pending := decoded[*event.ListOffsets](t, a, req)
		answer := event.ListOffsetsPartitionReply{Offset: 2, Timestamp: -1, Epoch: 1, Batch: stampedBatch(0, 1, c.first...)}
		if c.next {
			answer.Next = stampedBatch(3, 2, 1, 50)
		}
		resp := encoded[*kmsg.ListOffsetsResponse](t, a, req, pending, &event.ListOffsetsReply{
			Partitions: []event.ListOffsetsPartitionReply{answer},
		})
		got := resp.Topics[0].Partitions[0]
		if got.Offset != c.offset || got.Timestamp != c.ts || got.LeaderEpoch != c.epoch || got.ErrorCode != 0 {
			t.Errorf("%s: offset %d at %d of epoch %d, want %d at %d of epoch %d", c.name, got.Offset, got.Timestamp,
				got.LeaderEpoch, c.offset, c.ts, c.epoch)
		}
	}
}
