package load

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// The frames that are encoded by hand are the very bytes of kmsg.
func TestFrames_AreThoseOfKmsg(t *testing.T) {
	format := kmsg.NewRequestFormatter(kmsg.FormatterClientID(clientID))

	produce := newProduceFrame("topic", -1, 3000, []byte("batch"))
	produce.address(77, 5)
	partition := kmsg.NewProduceRequestTopicPartition()
	partition.Partition, partition.Records = 5, []byte("batch")
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.Partitions = "topic", []kmsg.ProduceRequestTopicPartition{partition}
	want := kmsg.NewPtrProduceRequest()
	want.Version, want.Acks, want.TimeoutMillis, want.Topics = versionProduce, -1, 3000, []kmsg.ProduceRequestTopic{topic}
	if p := format.AppendRequest(nil, want, 77); !bytes.Equal(p, produce.bytes) {
		t.Errorf("produce:\n%x, of kmsg\n%x", produce.bytes, p)
	}

	fetch := newFetchFrame("topic", []int32{3, 9}, 500, 1, 1000, 100)
	fetch.from(1, 1<<40)
	binary.BigEndian.PutUint32(fetch.bytes[atCorrelation:], 78)
	wantFetch := kmsg.NewPtrFetchRequest()
	wantFetch.Version, wantFetch.MaxWaitMillis, wantFetch.MinBytes, wantFetch.MaxBytes = versionFetch, 500, 1, 1000
	wantFetch.ReplicaID, wantFetch.SessionEpoch = -1, -1
	fetchTopic := kmsg.NewFetchRequestTopic()
	fetchTopic.Topic = "topic"
	for i, p := range []int32{3, 9} {
		one := kmsg.NewFetchRequestTopicPartition()
		one.Partition, one.PartitionMaxBytes, one.CurrentLeaderEpoch, one.LogStartOffset = p, 100, -1, -1
		one.FetchOffset = int64(i) << 40
		fetchTopic.Partitions = append(fetchTopic.Partitions, one)
	}
	wantFetch.Topics = []kmsg.FetchRequestTopic{fetchTopic}
	if p := format.AppendRequest(nil, wantFetch, 78); !bytes.Equal(p, fetch.bytes) {
		t.Errorf("fetch:\n%x, of kmsg\n%x", fetch.bytes, p)
	}
}

func TestProduceReply_IsReadAsKmsgWritesIt(t *testing.T) {
	partition := kmsg.NewProduceResponseTopicPartition()
	partition.Partition, partition.ErrorCode, partition.BaseOffset = 7, 10, 1<<33
	topic := kmsg.NewProduceResponseTopic()
	topic.Topic, topic.Partitions = "topic", []kmsg.ProduceResponseTopicPartition{partition}
	resp := kmsg.NewPtrProduceResponse()
	resp.Version, resp.Topics = versionProduce, []kmsg.ProduceResponseTopic{topic}
	p := resp.AppendTo(binary.BigEndian.AppendUint32(make([]byte, 4), 99))
	binary.BigEndian.PutUint32(p, uint32(len(p)-4))
	reply := newProduceReply("topic")
	if len(p) != reply.size {
		t.Fatalf("an answer has %d bytes, not %d", len(p), reply.size)
	}
	correlation, at, code, base, ok := reply.read(p)
	if correlation != 99 || at != 7 || code != 10 || base != 1<<33 || !ok {
		t.Errorf("request %d, partition %d, code %d, offset %d, %v", correlation, at, code, base, ok)
	}
	if p[3]++; func() bool { _, _, _, _, ok := reply.read(p); return ok }() {
		t.Error("an answer of another size passes")
	}
}
