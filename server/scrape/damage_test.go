package scrape

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A byte rots in a segment: the read that meets it is counted, the partition shows as offline, and the log names what is lost, once.
func TestDamage_IsCountedAndTold(t *testing.T) {
	r := newRig(t)
	r.Start(t)
	fill(t, r.Address, 1)
	r.Stop(t)
	rot(t, r.Data)
	r.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(r.Address))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	for range 3 {
		if code := read(ctx, t, cl); code != 56 {
			t.Errorf("the rotten log gives error %d", code)
		}
	}
	n := r.until(t, "a partition is offline", func(n numbers) bool { return n[`highwater_partitions_offline{found="read"}`] == 1 })
	if n.sum("highwater_read_verification_failures_total") < 3 || n[`highwater_partitions_offline{found="recovery"}`] != 0 ||
		n[`highwater_request_errors_total{api="Fetch",error="KAFKA_STORAGE_ERROR"}`] != 3 || n["highwater_ready"] != 1 {
		t.Errorf("the numbers say %v", n)
	}
	const line = `level=ERROR msg="damage found: the partition is offline for appends" topic=fill topic_id=`
	if r.Hear(3*patience, line) == "" {
		t.Error("the log does not say it")
	}
	time.Sleep(2500 * time.Millisecond) // two more looks
	if told := strings.Count(string(r.Said()), line); told != 1 {
		t.Errorf("it was told %d times", told)
	}
}

// rot alters a byte in the middle of the largest segment.
func rot(t *testing.T, data string) {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(data, "shard-*", "topics", "*", "*.log"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments %q, %v", segments, err)
	}
	p, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	p[len(p)/2] ^= 1
	if err := os.WriteFile(segments[0], p, 0o600); err != nil {
		t.Fatal(err)
	}
}

// read fetches from the middle of the log, and returns its error code.
func read(ctx context.Context, t *testing.T, cl *kgo.Client) int16 {
	t.Helper()
	m := kmsg.NewPtrMetadataRequest()
	name := "fill"
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &name
	m.Topics = []kmsg.MetadataRequestTopic{topic}
	known, err := m.RequestWith(ctx, cl)
	if err != nil {
		t.Fatal(err)
	}
	p := kmsg.NewFetchRequestTopicPartition()
	p.FetchOffset, p.PartitionMaxBytes = 0, 8<<20
	f := kmsg.NewFetchRequestTopic()
	f.Topic, f.TopicID, f.Partitions = name, known.Topics[0].TopicID, []kmsg.FetchRequestTopicPartition{p}
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.SessionEpoch = 100, 1, 8<<20, -1
	req.Topics = []kmsg.FetchRequestTopic{f}
	got, err := cl.Broker(1).Request(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	return got.(*kmsg.FetchResponse).Topics[0].Partitions[0].ErrorCode
}
