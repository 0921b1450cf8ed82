package shard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// makeTopic makes a topic of one partition.
func makeTopic(ctx context.Context, t *testing.T, admin *kadm.Client, name string, settings map[string]string) {
	t.Helper()
	configs := map[string]*string{}
	for k, v := range settings {
		configs[k] = &v
	}
	made, err := admin.CreateTopic(ctx, 1, 1, configs, name)
	if err := errors.Join(err, made.Err); err != nil {
		t.Fatal(err)
	}
}

// startOf is where the log of partition 0 begins.
func startOf(ctx context.Context, t *testing.T, admin *kadm.Client, topic string) int64 {
	t.Helper()
	offsets, err := admin.ListStartOffsets(ctx, topic)
	o, ok := offsets.Lookup(topic, 0)
	if err := errors.Join(err, o.Err); err != nil || !ok {
		t.Fatalf("start of %s: %v", topic, err)
	}
	return o.Offset
}

// await asks until the answer is yes, as long as the context lasts.
func await(ctx context.Context, t *testing.T, what string, yes func() bool) {
	t.Helper()
	for !yes() {
		select {
		case <-ctx.Done():
			t.Fatalf("it does not come about: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// filesOf lists the segment and index files below data.
func filesOf(t *testing.T, data string) []string {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(data, "shard-0", "topics", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

func TestServer_DeleteRecords(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	data := t.TempDir()
	s := startServer(t, data)
	cl := dialClient(t, s, kgo.ProducerBatchCompression(kgo.NoCompression()))
	admin := kadm.NewClient(cl)
	makeTopic(ctx, t, admin, "trimmed", map[string]string{"segment.bytes": "4096"})
	for i := range 40 {
		r := &kgo.Record{Topic: "trimmed", Value: fmt.Appendf(make([]byte, 500), "v%d", i)}
		if err := cl.ProduceSync(ctx, r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(topic string, partition int32, offset int64) (int64, error) {
		rs, err := admin.DeleteRecords(ctx, kadm.Offsets{topic: {partition: {Topic: topic, Partition: partition, At: offset}}})
		r, _ := rs.Lookup(topic, partition)
		return r.LowWatermark, errors.Join(err, r.Err)
	}
	if low, err := ask("trimmed", 0, 25); err != nil || low != 25 {
		t.Fatalf("low watermark %d, %v", low, err)
	}
	if low, err := ask("trimmed", 0, 3); err != nil || low != 25 {
		t.Errorf("a start that is passed already: low watermark %d, %v", low, err)
	}
	if low, err := ask("trimmed", 0, 41); !errors.Is(err, kerr.OffsetOutOfRange) || low != -1 {
		t.Errorf("above the high watermark: low watermark %d, %v", low, err)
	}
	if _, err := ask("trimmed", 1, 0); !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("unknown partition: %v", err)
	}
	if _, err := ask("nowhere", 0, 0); !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("unknown topic: %v", err)
	}
	if _, err := ask("__consumer_offsets", 0, 0); err == nil {
		t.Error("an internal topic takes it")
	}
	fromStart := func(s *Server) {
		t.Helper()
		if start := startOf(ctx, t, admin, "trimmed"); start != 25 {
			t.Fatalf("the log begins at %d", start)
		}
		reader := dialClient(t, s, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"trimmed": {0: kgo.NewOffset().AtStart()}}))
		defer reader.Close()
		next := int64(25)
		for next < 40 {
			fetches := reader.PollFetches(ctx)
			if err := fetches.Err(); err != nil {
				t.Fatal(err)
			}
			fetches.EachRecord(func(r *kgo.Record) {
				if want := fmt.Sprintf("v%d", next); r.Offset != next || string(r.Value[500:]) != want {
					t.Fatalf("offset %d holds %s, want %d with %s", r.Offset, r.Value[500:], next, want)
				}
				next++
			})
			fetches.EachPartition(func(p kgo.FetchTopicPartition) {
				if p.LogStartOffset != 25 {
					t.Errorf("a fetch says that the log begins at %d", p.LogStartOffset)
				}
			})
		}
	}
	fromStart(s)
	below := dialClient(t, s, kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"trimmed": {0: kgo.NewOffset().At(24)}}))
	if err := below.PollFetches(ctx).Err(); !errors.Is(err, kerr.OffsetOutOfRange) {
		t.Errorf("a read below the start: %v", err)
	}
	first := filepath.Join("*", "00000000000000000000.*")
	await(ctx, t, "the first segment's files are removed", func() bool {
		left, err := filepath.Glob(filepath.Join(data, "shard-0", "topics", first))
		return err == nil && len(left) == 0
	})
	stopServer(t, s)
	again := startServer(t, data)
	cl = dialClient(t, again)
	admin = kadm.NewClient(cl)
	fromStart(again)
	rs, err := admin.DeleteRecords(ctx, kadm.Offsets{"trimmed": {0: {Topic: "trimmed", At: -1}}})
	if r, _ := rs.Lookup("trimmed", 0); errors.Join(err, r.Err) != nil || r.LowWatermark != 40 {
		t.Fatalf("to the end: %+v, %v", r, err)
	}
	await(ctx, t, "no record is left in any file", func() bool {
		for _, name := range filesOf(t, data) {
			if info, err := os.Stat(name); err == nil && info.Size() > 0 {
				return false
			}
		}
		return true
	})
	r := &kgo.Record{Topic: "trimmed", Value: []byte("next")}
	if err := cl.ProduceSync(ctx, r).FirstErr(); err != nil || r.Offset != 40 {
		t.Errorf("the next record lies at %d: %v", r.Offset, err)
	}
}

func TestServer_RetentionBySizeAndAge(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := startServer(t, t.TempDir(), "log.retention.check.interval.ms=20", "log.retention.hours=-1")
	cl := dialClient(t, s, kgo.ProducerBatchCompression(kgo.NoCompression()))
	admin := kadm.NewClient(cl)
	produce := func(topic string, n int, at time.Time) {
		t.Helper()
		for range n {
			r := &kgo.Record{Topic: topic, Value: make([]byte, 1000), Timestamp: at}
			if err := cl.ProduceSync(ctx, r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	makeTopic(ctx, t, admin, "sized", map[string]string{"segment.bytes": "4096", "retention.bytes": "10000"})
	makeTopic(ctx, t, admin, "aged", map[string]string{"segment.bytes": "4096", "retention.ms": "60000"})
	makeTopic(ctx, t, admin, "kept", map[string]string{"segment.bytes": "4096"})
	produce("sized", 50, time.Now())
	// Three records share a segment; the young ones begin in a new one where segment.ms says so.
	produce("aged", 9, time.Now().Add(-time.Hour))
	produce("kept", 9, time.Now().Add(-time.Hour))
	await(ctx, t, "the size is kept", func() bool { return startOf(ctx, t, admin, "sized") >= 36 })
	await(ctx, t, "the old ones are gone, the active segment too", func() bool { return startOf(ctx, t, admin, "aged") == 9 })
	if start := startOf(ctx, t, admin, "sized"); start > 40 {
		t.Errorf("retention by size leaves %d records", 50-start)
	}
	if start := startOf(ctx, t, admin, "kept"); start != 0 {
		t.Errorf("a log without limits begins at %d", start)
	}
	produce("aged", 1, time.Now())
	if start := startOf(ctx, t, admin, "aged"); start != 9 {
		t.Errorf("a young record goes: the log begins at %d", start)
	}
}
