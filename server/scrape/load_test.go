package scrape

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Under a load that is scraped all the while, the numbers add up to what the clients did: records, requests, connections, and every byte
// on the sockets.
func TestMetrics_AddUpToWhatClientsDid(t *testing.T) {
	r := newRig(t)
	r.Start(t)
	settled := func(n numbers) bool { return n["highwater_connections"] == 0 }
	before := r.until(t, "the connections of the start are gone", settled)
	if code, text := r.get(t, "/readyz"); code != 200 || text != "ready\n" {
		t.Errorf("/readyz: %d %q", code, text)
	}
	stop, scraped := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		defer func() { scraped <- n }()
		for {
			select {
			case <-stop:
				return
			default:
				if code, _ := r.get(t, "/metrics"); code == 200 {
					n++
				}
			}
		}
	}()
	const records = 20_000
	b := &books{}
	load(t, r.Address, b, records)
	close(stop)
	if n := <-scraped; n == 0 {
		t.Error("nothing could be scraped under load")
	}
	after := r.until(t, "the clients are gone, and the loops have told all", func(n numbers) bool {
		return settled(n) && n.sum("highwater_appended_records_total")-before.sum("highwater_appended_records_total") >= records
	})
	for _, c := range []struct {
		series string
		want   int64
	}{
		{"highwater_appended_records_total", records},
		{"highwater_received_bytes_total", b.written.Load()},
		{"highwater_sent_bytes_total", b.read.Load()},
		{"highwater_connections_opened_total", b.connections.Load()},
		{"highwater_connections_ended_total", b.connections.Load()},
		{"highwater_connections_refused_total", 0},
	} {
		if got := int64(after.sum(c.series) - before.sum(c.series)); got != c.want {
			t.Errorf("%s: %d, the clients say %d", c.series, got, c.want)
		}
	}
	const produced = `highwater_requests_total{api="Produce"}`
	if got := int64(after[produced] - before[produced]); got != b.produces.Load() {
		t.Errorf("%s: %d, the clients say %d", produced, got, b.produces.Load())
	}
	if count := after[`highwater_request_duration_seconds_count{api="Produce"}`]; count != after[produced] {
		t.Errorf("a histogram of %g among %g requests", count, after[produced])
	}
	if appended, fetched := after.sum("highwater_appended_bytes_total"), after.sum("highwater_fetched_bytes_total"); fetched < appended || appended == 0 {
		t.Errorf("%g bytes appended, %g fetched", appended, fetched)
	}
	for _, none := range []string{"highwater_requests_in_flight", "highwater_request_memory_bytes", "highwater_connection_memory_bytes",
		"highwater_partitions_offline", "highwater_read_verification_failures_total", "highwater_produce_held"} {
		if v := after.sum(none); v != 0 {
			t.Errorf("%s is %g at rest", none, v)
		}
	}
	if after.sum("highwater_partitions") != 4 || after[`highwater_flush_duration_seconds_count{target="journal"}`] == 0 ||
		after["highwater_disk_free_bytes"] <= 0 || after["highwater_disk_size_bytes"] < after["highwater_disk_free_bytes"] {
		t.Errorf("%g partitions, %g flushes, %g of %g bytes free", after.sum("highwater_partitions"),
			after[`highwater_flush_duration_seconds_count{target="journal"}`], after["highwater_disk_free_bytes"], after["highwater_disk_size_bytes"])
	}
}

// load produces records over four partitions and reads them back, and keeps books.
func load(t *testing.T, address string, b *books, records int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.WithHooks(b), kgo.DefaultProduceTopic("load"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	create(ctx, t, cl, "load", 4)
	cl.AddConsumeTopics("load")
	failed := make(chan error, records)
	for i := range records {
		cl.Produce(ctx, kgo.StringRecord(fmt.Sprintf("value %d", i)), func(_ *kgo.Record, err error) { failed <- err })
	}
	for range records {
		if err := <-failed; err != nil {
			t.Fatalf("produce: %v", err)
		}
	}
	for seen := 0; seen < records; {
		fetches := cl.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			t.Fatalf("%d of %d records: %v", seen, records, err)
		}
		seen += fetches.NumRecords()
	}
}
