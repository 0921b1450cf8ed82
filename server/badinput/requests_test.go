package badinput

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/record"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// badNames are the names that no topic may have.
func badNames() []string {
	return []string{"", ".", "..", strings.Repeat("a", 250), "a/b", "../../etc/passwd", "a b", "a\x00b", "ä", "a\n"}
}

// Names that no topic may have are refused by everything that could make one.
func TestIllegalTopicNamesAreNeverMade(t *testing.T) {
	r := newRig(t)
	for _, name := range badNames() {
		t.Run(name, func(t *testing.T) {
			w := dial(t, r.Address)
			for _, version := range []int16{1, 4, 9, 12} {
				req := metadataRequest(name)
				req.Version = version
				answers := ask[*kmsg.MetadataResponse](w, req).Topics
				if len(answers) != 1 || answers[0].ErrorCode != invalidTopic || *answers[0].Topic != name {
					t.Errorf("Metadata version %d: %+v", version, answers)
				}
			}
			if code, why := create(w, topic(name)); code != invalidTopic || why == "" {
				t.Errorf("CreateTopics: error %d (%q)", code, why)
			}
			if p := produce(w, name, goodBatch(1)); p.ErrorCode != unknownTopic {
				t.Errorf("Produce: error %d", p.ErrorCode)
			}
			if p := fetch(w, name, 0); p.ErrorCode != unknownTopic {
				t.Errorf("Fetch: error %d", p.ErrorCode)
			}
			r.unharmed(t)
		})
	}
}

// What names no partition is answered and makes none: only Metadata makes topics on the way.
func TestProduceAndFetchOfUnknownTopicsMakeNone(t *testing.T) {
	r := newRig(t)
	w := dial(t, r.Address)
	if p := produce(w, "nobody", goodBatch(1)); p.ErrorCode != unknownTopic {
		t.Errorf("Produce: error %d", p.ErrorCode)
	}
	if p := fetch(w, "nobody", 0); p.ErrorCode != unknownTopic {
		t.Errorf("Fetch: error %d", p.ErrorCode)
	}
	for _, partition := range []int32{1, -1, 1<<31 - 1} {
		req := produceRequest(target, goodBatch(1))
		req.Topics[0].Partitions[0].Partition = partition
		if p := ask[*kmsg.ProduceResponse](w, req).Topics[0].Partitions[0]; p.ErrorCode != unknownTopic {
			t.Errorf("Produce to partition %d: error %d", partition, p.ErrorCode)
		}
	}
	forbidden := metadataRequest("nobody")
	forbidden.AllowAutoTopicCreation = false
	if a := ask[*kmsg.MetadataResponse](w, forbidden).Topics[0]; a.ErrorCode != unknownTopic {
		t.Errorf("Metadata: error %d", a.ErrorCode)
	}
	r.unharmed(t)
}

func TestFetchOutsideTheLog(t *testing.T) {
	r := newRig(t)
	for _, offset := range []int64{targetEnd + 1, 1 << 62, 1<<63 - 1, -1, -2, -1 << 63} {
		w := dial(t, r.Address)
		if p := fetch(w, target, offset); p.ErrorCode != offsetOutOfRange || len(p.RecordBatches) > 0 {
			t.Errorf("offset %d: error %d, %d bytes", offset, p.ErrorCode, len(p.RecordBatches))
		}
	}
	w := dial(t, r.Address)
	for _, size := range []int32{0, -1, -1 << 31} {
		req := fetchRequest(target, 0)
		req.MaxBytes, req.MinBytes, req.MaxWaitMillis, req.Topics[0].Partitions[0].PartitionMaxBytes = size, size, size, size
		if p := ask[*kmsg.FetchResponse](w, req).Topics[0].Partitions[0]; p.ErrorCode != 0 {
			t.Errorf("%d bytes wanted: error %d", size, p.ErrorCode)
		}
	}
	r.unharmed(t)
}

func TestAcksThatDoNotExist(t *testing.T) {
	r := newRig(t)
	for _, acks := range []int16{7, 2, -2, 32767, -32768} {
		w := dial(t, r.Address)
		req := produceRequest(target, goodBatch(1))
		req.Acks = acks
		if p := ask[*kmsg.ProduceResponse](w, req).Topics[0].Partitions[0]; p.ErrorCode != invalidAcks {
			t.Errorf("acks=%d: error %d", acks, p.ErrorCode)
		}
		r.unharmed(t)
	}
}

// Of two batches for one partition in one request, only the first is taken.
func TestAPartitionTwiceInOneProduce(t *testing.T) {
	r := newRig(t)
	req := produceRequest(diary, goodBatch(1))
	req.Topics = append(req.Topics, req.Topics[0])
	var codes []int16
	for _, topic := range ask[*kmsg.ProduceResponse](dial(t, r.Address), req).Topics {
		codes = append(codes, topic.Partitions[0].ErrorCode)
	}
	if !slices.Equal(codes, []int16{0, invalidRequest}) {
		t.Errorf("errors %d", codes)
	}
	r.entries++
	r.unharmed(t)
}

func TestCreateTopicsRefuses(t *testing.T) {
	r := newRig(t)
	with := func(change func(*kmsg.CreateTopicsRequestTopic)) []kmsg.CreateTopicsRequestTopic {
		t := topic("never")
		change(&t)
		return []kmsg.CreateTopicsRequestTopic{t}
	}
	one := func(configs ...string) []kmsg.CreateTopicsRequestTopic {
		return []kmsg.CreateTopicsRequestTopic{topic("never", configs...)}
	}
	for _, c := range []struct {
		name   string
		topics []kmsg.CreateTopicsRequestTopic
		code   int16
		say    string
	}{
		{"a topic twice", append(one(), one()...), invalidRequest, "more than once"},
		{"a topic that exists", []kmsg.CreateTopicsRequestTopic{topic(target)}, topicExists, "already exists"},
		{"the metadata log", []kmsg.CreateTopicsRequestTopic{topic("__cluster_metadata")}, invalidTopic, "own"},
		{"replication factor 3", with(func(t *kmsg.CreateTopicsRequestTopic) { t.ReplicationFactor = 3 }), invalidReplication, ""},
		{"replication factor 0", with(func(t *kmsg.CreateTopicsRequestTopic) { t.ReplicationFactor = 0 }), invalidReplication, ""},
		{"replication factor -2", with(func(t *kmsg.CreateTopicsRequestTopic) { t.ReplicationFactor = -2 }), invalidReplication, ""},
		{"0 partitions", with(func(t *kmsg.CreateTopicsRequestTopic) { t.NumPartitions = 0 }), invalidPartitions, ""},
		{"-2 partitions", with(func(t *kmsg.CreateTopicsRequestTopic) { t.NumPartitions = -2 }), invalidPartitions, ""},
		{"2^31-1 partitions", with(func(t *kmsg.CreateTopicsRequestTopic) { t.NumPartitions = 1<<31 - 1 }), policyViolation, "10000"},
		{"a replica on no broker", with(func(t *kmsg.CreateTopicsRequestTopic) {
			a := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
			a.Replicas = []int32{99}
			t.NumPartitions, t.ReplicationFactor = -1, -1
			t.ReplicaAssignment = []kmsg.CreateTopicsRequestTopicReplicaAssignment{a}
		}), invalidAssignment, ""},
		{"a config that is not", one("retention.msec", "1"), invalidConfig, "did you mean retention.ms?"},
		{"a config of nothing known", one("zookeeper.connect", "1"), invalidConfig, "zookeeper.connect"},
		{"a config twice", one("retention.ms", "1", "retention.ms", "2"), invalidConfig, "twice"},
		{"a config that is no number", one("retention.ms", "long"), invalidConfig, "whole number"},
		{"a config below its bound", one("segment.bytes", "1"), invalidConfig, "at least"},
		{"a config that is not kept yet", one("cleanup.policy", "compact"), invalidConfig, "not supported yet"},
		{"larger batches than can be written", one("max.message.bytes", "4000000"), invalidConfig, "write at once"},
		{"a config of 2000 bytes", one("cleanup.policy", strings.Repeat("x", 2000)), invalidConfig, "longer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, why := create(dial(t, r.Address), c.topics...)
			if code != c.code || why == "" || !strings.Contains(why, c.say) {
				t.Errorf("error %d (%q), want %d and %q", code, why, c.code, c.say)
			}
			t.Logf("error %d: %s", code, why)
			r.unharmed(t)
		})
	}
}

// A producer that skips a sequence number is refused, and its first batch stays the only one.
func TestSequenceGap(t *testing.T) {
	r := newRig(t)
	w := dial(t, r.Address)
	numbered := func(sequence uint32) []byte {
		b := record.Batch(goodBatch(1))
		binary.BigEndian.PutUint64(b[atProducer:], 7)
		binary.BigEndian.PutUint16(b[atProducerEpoch:], 0)
		binary.BigEndian.PutUint32(b[atSequence:], sequence)
		b.Seal()
		return b
	}
	if p := produce(w, diary, numbered(0)); p.ErrorCode != 0 {
		t.Fatalf("error %d", p.ErrorCode)
	}
	r.entries++
	for _, sequence := range []uint32{2, 1 << 30, 1<<31 - 1} {
		if p := produce(w, diary, numbered(sequence)); p.ErrorCode != outOfOrderSequence {
			t.Errorf("sequence %d: error %d", sequence, p.ErrorCode)
		}
		r.unharmed(t)
	}
}
