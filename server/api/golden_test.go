package api

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// TestGoldenFrames keeps the bytes of one request and one reply of each API, in the first version, the first flexible
// one and the last: what a client on the other side of the world sees must not change by accident.
//
//	go test ./server/api -run Golden -rewrite
func TestGoldenFrames(t *testing.T) {
	a := New(Config{})
	for _, row := range kafka.APIs() {
		var out strings.Builder
		for _, v := range []int16{row.Served, row.Flexible, row.Max} {
			if v < row.Served || strings.Contains(out.String(), fmt.Sprintf("=== %s v%d\n", row.Name, v)) {
				continue
			}
			fmt.Fprintf(&out, "=== %s v%d\n", row.Name, v)
			golden(&out, a, row.Key, v)
		}
		path := filepath.Join("testdata", fmt.Sprintf("%02d_%s.txt", row.Key, strings.ToLower(row.Name)))
		if *rewrite {
			if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if out.String() != string(want) {
			t.Errorf("%s differs: run with -rewrite and read the diff", path)
		}
	}
}

// golden writes request, what the core sees of it, and reply.
func golden(out *strings.Builder, a *API, key kafka.Key, v int16) {
	frame := frameOf(example(key, v))
	fmt.Fprintf(out, "--- request\n%s", hex.Dump(frame))
	o := a.Decode(ticket, frame)
	if o.Body == nil {
		fmt.Fprintf(out, "--- answer\n%s", hex.Dump(bytes.Join(o.Answer, nil)))
		return
	}
	fmt.Fprintf(out, "--- body\n%s\n", seen(o.Body))
	bufs, _ := a.Encode(o.Pending, goldenReply(o.Body))
	fmt.Fprintf(out, "--- reply\n%s", hex.Dump(bytes.Join(bufs, nil)))
}

// seen renders what the core is asked, an item a line, batches by their size.
func seen(body event.Body) string {
	if p, ok := body.(*event.Produce); ok {
		short := *p
		short.Partitions = slices.Clone(p.Partitions)
		for i := range short.Partitions {
			short.Partitions[i].Batch = []byte{byte(len(p.Partitions[i].Batch))}
		}
		body = &short
	}
	return strings.ReplaceAll(strings.TrimPrefix(fmt.Sprintf("%+v", body), "&"), "} {", "}\n{")
}

// goldenReply answers body with one success and, where there are more items, failures.
func goldenReply(body event.Body) event.Body {
	id := event.UUID{0xaa, 15: 0xbb}
	switch b := body.(type) {
	case *event.Produce:
		return &event.ProduceReply{Partitions: []event.ProducePartitionReply{
			{BaseOffset: 41, LogAppendTime: -1, LogStart: 7},
			{
				Code: event.CodeNotLeaderOrFollower, BaseOffset: -1, LogAppendTime: -1, LogStart: -1,
				Leader: event.Leader{Node: 2, Epoch: 9},
			},
			{Code: event.CodeMessageTooLarge, BaseOffset: -1, LogAppendTime: -1, LogStart: -1, Why: "too large"},
			{BaseOffset: 42, LogAppendTime: 1700000000000, LogStart: 0},
		}}
	case *event.Fetch:
		return &event.FetchReply{Partitions: []event.FetchPartitionReply{
			{HighWatermark: 102, LastStable: 102, LogStart: 7, Records: [][]byte{batch(1), batch(1)}},
			{HighWatermark: 100, LastStable: 100, LogStart: 7},
			{Code: event.CodeOffsetOutOfRange, HighWatermark: -1, LastStable: -1, LogStart: -1},
			{
				Code: event.CodeFencedLeaderEpoch, HighWatermark: -1, LastStable: -1, LogStart: -1,
				Leader: event.Leader{Node: 2, Epoch: 9},
			},
		}}
	case *event.ListOffsets:
		return &event.ListOffsetsReply{Partitions: []event.ListOffsetsPartitionReply{
			{Offset: 99, Timestamp: -1, Epoch: 3}, {Batch: batch(2), Epoch: 3}, {Code: event.CodeUnknownTopicOrPartition},
			{Offset: -1, Timestamp: -1, Epoch: -1},
		}}
	case *event.Metadata:
		return &event.MetadataReply{
			ClusterID: "highwater", Controller: 1,
			Brokers: []event.Broker{{Node: 1, Host: "localhost", Port: 9092}, {Node: 2, Host: "::1", Port: 9093, Rack: "r1"}},
			Topics: []event.MetadataTopicReply{
				{Name: b.Topics[0].Name, ID: id, Partitions: []event.MetadataPartition{{
					Leader: event.Leader{Node: 1, Epoch: 3}, Replicas: []event.NodeID{1, 2}, ISR: []event.NodeID{1},
					Offline: []event.NodeID{2},
				}}},
				{Code: event.CodeUnknownTopicOrPartition, Name: b.Topics[1].Name},
			},
		}
	case *event.FindCoordinator:
		r := &event.FindCoordinatorReply{Coordinators: []event.CoordinatorReply{
			{Key: b.Keys[0], Node: 1, Host: "localhost", Port: 9092},
			{Code: event.CodeCoordinatorNotAvailable, Why: "no groups yet", Key: b.Keys[len(b.Keys)-1], Node: -1, Port: -1},
		}}
		r.Coordinators = r.Coordinators[:len(b.Keys)]
		return r
	case *event.CreateTopics:
		return &event.CreateTopicsReply{Topics: []event.CreateTopicReply{
			{
				Name: "orders", ID: id, Partitions: 4, Replicas: 1,
				Configs: []event.Config{{Key: "retention.ms", Value: "1000", Source: event.SourceTopic}},
			},
			{Code: event.CodeTopicAlreadyExists, Why: "it is there"},
		}}
	case *event.DeleteTopics:
		return &event.DeleteTopicsReply{Topics: []event.DeleteTopicReply{
			{Name: "orders", ID: id}, {Code: event.CodeUnknownTopicID, Why: "no such id", ID: b.Topics[1].ID},
		}}
	case *event.DeleteRecords:
		return &event.DeleteRecordsReply{Partitions: []event.DeleteRecordsPartitionReply{
			{LowWatermark: 99}, {LowWatermark: 1234}, {Code: event.CodeOffsetOutOfRange, LowWatermark: -1},
			{Code: event.CodePolicyViolation, LowWatermark: -1},
		}}
	case *event.InitProducerID:
		return &event.InitProducerIDReply{ProducerID: 4000, ProducerEpoch: 1}
	case *event.DescribeConfigs:
		return &event.DescribeConfigsReply{Resources: []event.ConfigResourceReply{
			{Type: 2, Name: "orders", Configs: []event.Config{{
				Key: "retention.ms", Value: "1000", Source: event.SourceTopic, Type: event.ConfigTypeLong, Doc: "how long",
				Synonyms: []event.ConfigSynonym{{Key: "log.retention.ms", Value: "604800000", Source: event.SourceDefault}},
			}}},
			{Code: event.CodeInvalidRequest, Why: "no such broker", Type: 4, Name: "1"},
		}}
	case *event.CreatePartitions:
		return &event.CreatePartitionsReply{Topics: []event.GrowTopicReply{
			{Name: "orders"}, {Code: event.CodeInvalidPartitions, Why: "not an increase", Name: "users"},
		}}
	case *event.AlterConfigs:
		return &event.AlterConfigsReply{Resources: []event.ConfigAlterationReply{
			{Type: 2, Name: "orders"}, {Code: event.CodeInvalidRequest, Why: "no such broker", Type: 4, Name: "1"},
		}}
	case *event.DescribeCluster:
		return &event.DescribeClusterReply{
			ClusterID: "highwater", Controller: 1, Brokers: []event.Broker{{Node: 1, Host: "localhost", Port: 9092, Rack: "r1"}},
		}
	}
	return nil
}
