package api

import (
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/net/kafka"
)

// correlation is the correlation id of every request that tests make.
const correlation = 0x01020304

// frameOf is a request as it comes out of net/conn, from a client named "test".
func frameOf(req kmsg.Request) []byte {
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("test")).AppendRequest(nil, req, correlation)[4:]
}

// batch is a sound batch of n records of ten bytes.
func batch(n int) []byte {
	w := record.NewBuilder()
	for i := range n {
		w.Add(int64(1000+i), []byte{byte(i)}, []byte("0123456789"))
	}
	return w.Build()
}

// example is a request of key in version v with two of everything that it may have several of, and nothing to refuse.
func example(key kafka.Key, v int16) kmsg.Request {
	req := exampleOf(key)
	req.SetVersion(v)
	return req
}

func exampleOf(key kafka.Key) kmsg.Request {
	topics := []string{"orders", "users"}
	ids := [][16]byte{{1, 2, 3}, {4, 5, 6}}
	switch key {
	case kafka.KeyProduce:
		req := kmsg.NewPtrProduceRequest()
		req.Acks, req.TimeoutMillis = -1, 3000
		for i, name := range topics {
			t := kmsg.NewProduceRequestTopic()
			t.Topic, t.TopicID = name, ids[i]
			for p := range int32(2) {
				part := kmsg.NewProduceRequestTopicPartition()
				part.Partition, part.Records = p, batch(int(p)+1)
				t.Partitions = append(t.Partitions, part)
			}
			req.Topics = append(req.Topics, t)
		}
		return req
	case kafka.KeyFetch:
		req := kmsg.NewPtrFetchRequest()
		req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.Rack = 500, 1, 1<<20, "r1"
		for i, name := range topics {
			t := kmsg.NewFetchRequestTopic()
			t.Topic, t.TopicID = name, ids[i]
			for p := range int32(2) {
				part := kmsg.NewFetchRequestTopicPartition()
				part.Partition, part.FetchOffset, part.PartitionMaxBytes, part.CurrentLeaderEpoch = p, 100, 1<<16, 7
				t.Partitions = append(t.Partitions, part)
			}
			req.Topics = append(req.Topics, t)
		}
		forgotten := kmsg.NewFetchRequestForgottenTopic()
		forgotten.Topic, forgotten.TopicID, forgotten.Partitions = "old", ids[0], []int32{1, 2}
		req.ForgottenTopics = append(req.ForgottenTopics, forgotten)
		return req
	case kafka.KeyListOffsets:
		req := kmsg.NewPtrListOffsetsRequest()
		for _, name := range topics {
			t := kmsg.NewListOffsetsRequestTopic()
			t.Topic = name
			for p, ts := range []int64{event.TimestampLatest, 1234} {
				part := kmsg.NewListOffsetsRequestTopicPartition()
				part.Partition, part.Timestamp, part.CurrentLeaderEpoch = int32(p), ts, 7
				t.Partitions = append(t.Partitions, part)
			}
			req.Topics = append(req.Topics, t)
		}
		return req
	case kafka.KeyMetadata:
		req := kmsg.NewPtrMetadataRequest()
		for i := range topics {
			t := kmsg.NewMetadataRequestTopic()
			t.Topic = &topics[i]
			req.Topics = append(req.Topics, t)
		}
		return req
	case kafka.KeyFindCoordinator:
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorKey, req.CoordinatorKeys = "group", []string{"g1", "g2"}
		return req
	case kafka.KeyAPIVersions:
		req := kmsg.NewPtrApiVersionsRequest()
		req.ClientSoftwareName, req.ClientSoftwareVersion = "test", "v1.0"
		return req
	case kafka.KeyCreateTopics:
		req := kmsg.NewPtrCreateTopicsRequest()
		req.TimeoutMillis = 3000
		for _, name := range topics {
			t := kmsg.NewCreateTopicsRequestTopic()
			t.Topic, t.NumPartitions, t.ReplicationFactor = name, 4, 1
			c := kmsg.NewCreateTopicsRequestTopicConfig()
			c.Name, c.Value = "retention.ms", text("1000")
			unset := kmsg.NewCreateTopicsRequestTopicConfig()
			unset.Name = "segment.bytes"
			t.Configs = append(t.Configs, c, unset)
			a := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
			a.Partition, a.Replicas = 0, []int32{1, 2}
			t.ReplicaAssignment = append(t.ReplicaAssignment, a)
			req.Topics = append(req.Topics, t)
		}
		return req
	case kafka.KeyDeleteTopics:
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.TopicNames, req.TimeoutMillis = topics, 3000
		byName, byID := kmsg.NewDeleteTopicsRequestTopic(), kmsg.NewDeleteTopicsRequestTopic()
		byName.Topic, byID.TopicID = &topics[0], ids[1]
		req.Topics = append(req.Topics, byName, byID)
		return req
	case kafka.KeyDeleteRecords:
		req := kmsg.NewPtrDeleteRecordsRequest()
		req.TimeoutMillis = 3000
		for _, name := range topics {
			t := kmsg.NewDeleteRecordsRequestTopic()
			t.Topic = name
			for p, offset := range []int64{event.HighWatermark, 1234} {
				part := kmsg.NewDeleteRecordsRequestTopicPartition()
				part.Partition, part.Offset = int32(p), offset
				t.Partitions = append(t.Partitions, part)
			}
			req.Topics = append(req.Topics, t)
		}
		return req
	case kafka.KeyInitProducerID:
		req := kmsg.NewPtrInitProducerIDRequest()
		req.TransactionTimeoutMillis = 60_000
		return req
	case kafka.KeyDescribeConfigs:
		req := kmsg.NewPtrDescribeConfigsRequest()
		req.IncludeSynonyms, req.IncludeDocumentation = true, true
		all, some := kmsg.NewDescribeConfigsRequestResource(), kmsg.NewDescribeConfigsRequestResource()
		all.ResourceType, all.ResourceName = kmsg.ConfigResourceTypeTopic, "orders"
		some.ResourceType, some.ResourceName = kmsg.ConfigResourceTypeBroker, "1"
		some.ConfigNames = []string{"num.partitions"}
		req.Resources = append(req.Resources, all, some)
		return req
	case kafka.KeyAlterConfigs:
		req := kmsg.NewPtrAlterConfigsRequest()
		for i, name := range []string{"orders", ""} {
			r := kmsg.NewAlterConfigsRequestResource()
			r.ResourceType, r.ResourceName = []kmsg.ConfigResourceType{2, 4}[i], name
			for _, key := range []string{"segment.bytes", "retention.ms"} {
				c := kmsg.NewAlterConfigsRequestResourceConfig()
				c.Name = key
				if i == 0 {
					c.Value = text("10000")
				}
				r.Configs = append(r.Configs, c)
			}
			req.Resources = append(req.Resources, r)
		}
		return req
	case kafka.KeyCreatePartitions:
		req := kmsg.NewPtrCreatePartitionsRequest()
		req.TimeoutMillis, req.ValidateOnly = 3000, true
		for i, name := range topics {
			t := kmsg.NewCreatePartitionsRequestTopic()
			t.Topic, t.Count = name, int32(7+i)
			if i > 0 {
				a := kmsg.NewCreatePartitionsRequestTopicAssignment()
				a.Replicas = []int32{1, 2}
				t.Assignment = append(t.Assignment, a, a)
			}
			req.Topics = append(req.Topics, t)
		}
		return req
	case kafka.KeyIncrementalAlterConfigs:
		req := kmsg.NewPtrIncrementalAlterConfigsRequest()
		for i, name := range []string{"orders", "1"} {
			r := kmsg.NewIncrementalAlterConfigsRequestResource()
			r.ResourceType, r.ResourceName = []kmsg.ConfigResourceType{2, 4}[i], name
			for op, key := range []string{"segment.bytes", "retention.ms", "cleanup.policy"} {
				c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
				c.Name, c.Op = key, kmsg.IncrementalAlterConfigOp(op)
				if op != 1 {
					c.Value = text("delete")
				}
				r.Configs = append(r.Configs, c)
			}
			req.Resources = append(req.Resources, r)
		}
		return req
	case kafka.KeyDescribeCluster:
		return kmsg.NewPtrDescribeClusterRequest()
	}
	return nil
}

// eachVersion runs f for every version of every API that is served.
func eachVersion(f func(row kafka.API, v int16)) {
	for _, row := range kafka.APIs() {
		for v := row.Served; v <= row.Max; v++ {
			f(row, v)
		}
	}
}

// ticket is what tests decode under.
var ticket = event.Ticket{Conn: 1, Seq: 2}

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// clientReads decodes a whole reply as a client does, to its last byte.
func clientReads(t failer, req kmsg.Request, raw []byte) kmsg.Response {
	t.Helper()
	if len(raw) < 8 || int(binary.BigEndian.Uint32(raw)) != len(raw)-4 {
		t.Fatalf("key %d v%d: a reply of %d bytes: %x", req.Key(), req.GetVersion(), len(raw), raw)
	}
	if binary.BigEndian.Uint32(raw[4:]) != correlation {
		t.Fatalf("key %d v%d: correlation id %x", req.Key(), req.GetVersion(), raw[4:8])
	}
	body := raw[8:]
	if req.IsFlexible() && req.Key() != int16(kafka.KeyAPIVersions) {
		if body[0] != 0 {
			t.Fatalf("key %d v%d: tags in the response header: %x", req.Key(), req.GetVersion(), body)
		}
		body = body[1:]
	}
	resp := req.ResponseKind()
	resp.SetVersion(req.GetVersion())
	if err := resp.ReadFrom(body); err != nil {
		t.Fatalf("key %d v%d: %v in %x", req.Key(), req.GetVersion(), err, body)
	}
	if again := resp.AppendTo(nil); string(again) != string(body) {
		t.Fatalf("key %d v%d: kmsg would write\n%x, not\n%x", req.Key(), req.GetVersion(), again, body)
	}
	return resp
}

// sealed sets length and checksum of a batch that a test changed.
func sealed(b record.Batch) record.Batch {
	b.Seal()
	return b
}
