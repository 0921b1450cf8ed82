package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/highwater-log/highwater/server/process"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	topic      = "crash"
	partitions = 3
	// window is how many records are sent and not acknowledged at a time.
	window = 2000
)

func rounds(t *testing.T) int {
	text := os.Getenv("HIGHWATER_CRASH_ROUNDS")
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("HIGHWATER_CRASH_ROUNDS: %v", err)
	}
	return n
}

func TestKillNine(t *testing.T) {
	for _, shards := range []string{"1", "4"} {
		t.Run(shards+" shards", func(t *testing.T) { killNine(t, shards) })
	}
}

func killNine(t *testing.T, shards string) {
	n := rounds(t)
	dir := t.TempDir()
	binary, err := process.Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := process.New(t, binary, filepath.Join(dir, "data"), "--shards", shards)
	b.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(n)*20*time.Second)
	defer cancel()
	createTopic(ctx, t, b.Address)

	p := newProducer(t, b.Address)
	producing, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { p.run(producing) })
	for round := range n {
		// Every third kill meets a broker that is still recovering.
		pause := 200*time.Millisecond + rand.N(600*time.Millisecond)
		if round%3 == 2 {
			pause = rand.N(60 * time.Millisecond)
		}
		before := p.ackedSoFar()
		time.Sleep(pause)
		b.Kill(t)
		if round%3 != 2 && p.ackedSoFar() == before {
			t.Errorf("round %d: nothing was acknowledged in %s: the kill met no load", round, pause)
		}
		verify(t, binary, b)
		took := b.Start(t)
		t.Logf("round %d: killed after %s with %d acknowledged (%d of them this round), up again in %s",
			round, pause.Round(time.Millisecond), p.ackedSoFar(), p.ackedSoFar()-before, took.Round(time.Millisecond))
	}
	p.awaitAck(ctx, t)
	stop()
	group.Wait()
	p.flush(ctx, t)
	p.check(ctx, t, b.Address)
	b.Stop(t)
	verify(t, binary, b)
}

func createTopic(ctx context.Context, t *testing.T, address string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(address))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	made, err := kadm.NewClient(cl).CreateTopic(ctx, partitions, 1, nil, topic)
	if err == nil {
		err = made.Err
	}
	if err != nil {
		t.Fatal(err)
	}
}

// producer sends 0, 1, 2, ... to each partition, and notes what was acknowledged at which offset.
type producer struct {
	client *kgo.Client

	mu     sync.Mutex
	sent   [partitions]int64   // records sent, numbered from 0
	acked  [partitions][]int64 // offset of each acknowledged record, by its number; -1 for none yet
	count  int
	failed error
}

func newProducer(t *testing.T, address string) *producer {
	t.Helper()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(address),
		kgo.DefaultProduceTopic(topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.MaxBufferedRecords(window),
		kgo.ProducerLinger(time.Millisecond),
		kgo.RecordRetries(1<<30),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }),
		kgo.MetadataMinAge(20*time.Millisecond), // or it rests for seconds once it has met a dead broker
		kgo.UnknownTopicRetries(-1),
		kgo.StopProducerOnDataLossDetected(), // a sequence that does not fit must fail the test, not be healed
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &producer{client: client}
}

// run sends until ctx ends. What it sent is acknowledged later, whoever waits.
func (p *producer) run(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		partition := i % partitions
		p.mu.Lock()
		number := p.sent[partition]
		p.sent[partition]++
		p.acked[partition] = append(p.acked[partition], -1)
		p.mu.Unlock()
		r := &kgo.Record{Partition: int32(partition), Value: []byte(strconv.FormatInt(number, 10))}
		p.client.Produce(context.Background(), r, func(r *kgo.Record, err error) { p.done(r, number, err) })
	}
}

func (p *producer) done(r *kgo.Record, number int64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		if p.failed == nil {
			p.failed = fmt.Errorf("record %d of partition %d: %w", number, r.Partition, err)
		}
		return
	}
	p.acked[r.Partition][number] = r.Offset
	p.count++
}

func (p *producer) ackedSoFar() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// awaitAck waits until the restarted broker has acknowledged something new.
func (p *producer) awaitAck(ctx context.Context, t *testing.T) {
	t.Helper()
	before := p.ackedSoFar()
	for begun := time.Now(); p.ackedSoFar() == before; time.Sleep(10 * time.Millisecond) {
		p.refused(t)
		if ctx.Err() != nil || time.Since(begun) > 30*time.Second {
			t.Fatal("nothing more is acknowledged")
		}
	}
}

// refused fails the test if a record was refused.
func (p *producer) refused(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil {
		t.Fatalf("an idempotent producer with endless retries was refused: %v", p.failed)
	}
}

func (p *producer) flush(ctx context.Context, t *testing.T) {
	t.Helper()
	if err := p.client.Flush(ctx); err != nil {
		t.Fatalf("flush: %v", err)
	}
	p.refused(t)
}

// check reads every partition from its start to its end: each record once, in order, where it was acknowledged.
func (p *producer) check(ctx context.Context, t *testing.T, address string) {
	t.Helper()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(address), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	var next [partitions]int64
	for left := p.sent[0] + p.sent[1] + p.sent[2]; left > 0; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("%d records are missing: %v", left, err)
		}
		for _, e := range fetches.Errors() {
			t.Fatalf("partition %d: %v", e.Partition, e.Err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			number, err := strconv.ParseInt(string(r.Value), 10, 64)
			if err != nil {
				t.Fatalf("partition %d offset %d holds %q", r.Partition, r.Offset, r.Value)
			}
			if number != next[r.Partition] {
				t.Fatalf("partition %d offset %d holds record %d, want %d", r.Partition, r.Offset, number, next[r.Partition])
			}
			if at := p.acked[r.Partition][number]; at != r.Offset {
				t.Fatalf("partition %d: record %d lies at offset %d, but was acknowledged at %d", r.Partition, number, r.Offset, at)
			}
			next[r.Partition]++
			left--
		})
	}
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	for partition := range next {
		if end, ok := ends.Lookup(topic, int32(partition)); !ok || end.Err != nil || end.Offset != next[partition] {
			t.Errorf("partition %d ends at %d (%v), want %d: something was appended twice", partition, end.Offset, end.Err, next[partition])
		}
	}
	t.Logf("%d records, each once and in order", p.count)
}

// verify runs the offline verifier over the directory of a stopped broker.
func verify(t *testing.T, binary string, b *process.Broker) {
	t.Helper()
	if r := process.Run(t, time.Minute, binary, "log", "verify", b.Data); r.Code != 0 {
		t.Errorf("log verify: exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}
