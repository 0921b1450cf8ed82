package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/process"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestKillNine_KeepsLogStarts deletes records by the command line and kills the broker as soon as that is answered: the
// log begins there ever after, no later, and what lies behind is whole.
func TestKillNine_KeepsLogStarts(t *testing.T) {
	dir := t.TempDir()
	binary, err := process.Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := process.New(t, binary, filepath.Join(dir, "data"))
	b.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run := func(code int, args ...string) process.Result {
		t.Helper()
		r := process.Run(t, time.Minute, binary, append(args, "-b", b.Address)...)
		if r.Code != code {
			t.Fatalf("%s: exit code %d\n%s%s", strings.Join(args, " "), r.Code, r.Stdout, r.Stderr)
		}
		return r
	}
	run(0, "topic", "create", "trimmed", "--partitions", "2", "--config", "segment.bytes=65536")
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Address), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerBatchMaxBytes(16<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	sent := 0
	for round, start := range []int64{150, 420, 777} {
		for range 300 {
			r := &kgo.Record{Topic: "trimmed", Partition: 1, Value: fmt.Appendf(make([]byte, 1000), "%d", sent)}
			client.Produce(ctx, r, func(_ *kgo.Record, err error) {
				if err != nil {
					t.Errorf("produce: %v", err)
				}
			})
			sent++
		}
		if err := client.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		var facts []struct {
			Partition int32
			Start     int64
		}
		r := run(0, "topic", "delete-records", "trimmed", "--before", fmt.Sprint(start), "-p", "1", "--output", "json")
		if err := json.Unmarshal([]byte(r.Stdout), &facts); err != nil || len(facts) != 1 || facts[0].Start != start {
			t.Fatalf("%s: %v", r.Stdout, err)
		}
		b.Kill(t)
		verify(t, binary, b)
		b.Start(t)
		readFrom(ctx, t, b.Address, start, sent)
		t.Logf("round %d: [%d, %d)", round, start, sent)
	}
	run(1, "topic", "delete-records", "trimmed", "--before", fmt.Sprint(sent+1), "-p", "1")
	run(2, "topic", "delete-records", "trimmed", "--before", "soon")
	run(2, "topic", "delete-records", "trimmed", "--before", "1", "-p", "7")
	run(0, "topic", "delete-records", "trimmed", "--before", "end")
	b.Stop(t)
	verify(t, binary, b)
	left, err := filepath.Glob(filepath.Join(b.Data, "shard-0", "topics", "*", "*.log"))
	if err != nil || len(left) > 0 {
		t.Errorf("files after everything was deleted: %v, %v", left, err)
	}
}

// readFrom reads partition 1 from its start, which must be start, to its end.
func readFrom(ctx context.Context, t *testing.T, address string, start int64, end int) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(address),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"trimmed": {1: kgo.NewOffset().AtStart()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	starts, err := kadm.NewClient(client).ListStartOffsets(ctx, "trimmed")
	if o, ok := starts.Lookup("trimmed", 1); err != nil || !ok || o.Offset != start {
		t.Fatalf("the log begins at %d (%v), want %d", o.Offset, err, start)
	}
	for next := start; next < int64(end); {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("at %d of %d: %v", next, end, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if want := fmt.Sprint(next); r.Offset != next || string(r.Value[1000:]) != want {
				t.Fatalf("offset %d holds %s, want %d with %s", r.Offset, r.Value[1000:], next, want)
			}
			next++
		})
	}
}
