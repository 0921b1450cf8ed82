package shard

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/conn"
	"github.com/highwater-log/highwater/server/config"
	"github.com/highwater-log/highwater/server/files"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// startServer runs a real broker on a free port. settings are KEY=VALUE.
func startServer(t *testing.T, data string, settings ...string) *Server {
	t.Helper()
	return startServerWithin(t, data, conn.Limits{}, settings...)
}

func startServerWithin(t *testing.T, data string, limits conn.Limits, settings ...string) *Server {
	t.Helper()
	flags := []config.Setting{{Key: config.LogDirs, Value: data}, {Key: config.Listeners, Value: "127.0.0.1:0"},
		{Key: config.JournalSize, Value: "64MiB"}}
	if n := os.Getenv("HIGHWATER_TEST_SHARDS"); n != "" {
		flags = append(flags, config.Setting{Key: config.Shards, Value: n, Where: "HIGHWATER_TEST_SHARDS"})
	}
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		flags = append(flags, config.Setting{Key: key, Value: value, Where: "test"})
	}
	c, err := config.Load("", nil, flags)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(c, Options{
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		Limits: limits,
		Fatal: func(p any, dump func(io.Writer)) {
			dump(t.Output())
			panic(p)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Ready():
	case <-s.Done():
		t.Fatalf("the broker ended: %v", s.Wait())
	case <-time.After(20 * time.Second):
		s.DumpTrace(t.Output())
		t.Fatal("the broker does not become ready")
	}
	t.Cleanup(func() { stopServer(t, s) })
	return s
}

// stopServer stops s cleanly. Stopping twice is harmless.
func stopServer(t *testing.T, s *Server) {
	t.Helper()
	s.Stop()
	select {
	case <-s.Done():
	case <-time.After(20 * time.Second):
		s.DumpTrace(t.Output())
		t.Fatal("the broker does not stop")
	}
	if err := s.Wait(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func dialClient(t *testing.T, s *Server, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(s.Addresses()...), kgo.RetryTimeout(10 * time.Second)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func produceAll(ctx context.Context, t *testing.T, cl *kgo.Client, topic string, from, to int) {
	t.Helper()
	var records []*kgo.Record
	for i := from; i < to; i++ {
		records = append(records, &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "k%d", i%7), Value: fmt.Appendf(nil, "v%d", i)})
	}
	if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatalf("produce: %v", err)
	}
}

// consumeAll reads n records of topic from its start, and checks that each value came once.
func consumeAll(ctx context.Context, t *testing.T, s *Server, topic string, n int) {
	t.Helper()
	cl := dialClient(t, s, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer cl.Close()
	seen, next := make(map[string]bool), make(map[int32]int64)
	for len(seen) < n {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("%d of %d records came", len(seen), n)
		}
		fetches.EachError(func(_ string, p int32, err error) { t.Fatalf("partition %d: %v", p, err) })
		fetches.EachRecord(func(r *kgo.Record) {
			if seen[string(r.Value)] || r.Offset != next[r.Partition] {
				t.Fatalf("partition %d offset %d (want %d): %s", r.Partition, r.Offset, next[r.Partition], r.Value)
			}
			seen[string(r.Value)] = true
			next[r.Partition]++
		})
	}
}

func TestServer_ServesAndSurvivesRestarts(t *testing.T) {
	for _, shards := range []string{"1", "2", "4"} {
		t.Run(shards+" shards", func(t *testing.T) { testRestarts(t, "num.shards="+shards) })
	}
}

func testRestarts(t *testing.T, shards string) {
	data := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	const topic, each = "orders", 500
	for round := range 3 {
		s := startServer(t, data, shards)
		cl := dialClient(t, s)
		if round == 0 {
			made, err := kadm.NewClient(cl).CreateTopic(ctx, 5, 1, nil, topic)
			if err = errors.Join(err, made.Err); err != nil {
				t.Fatal(err)
			}
		}
		produceAll(ctx, t, cl, topic, round*each, (round+1)*each)
		consumeAll(ctx, t, s, topic, (round+1)*each)
		cl.Close()
		stopServer(t, s)
	}
}

func TestServer_ServesEveryCodec(t *testing.T) {
	s := startServer(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		cl := dialClient(t, s, kgo.ProducerBatchCompression(codec), kgo.AllowAutoTopicCreation())
		produceAll(ctx, t, cl, name, 0, 1000)
		consumeAll(ctx, t, s, name, 1000)
	}
}

func TestServer_LargeMessages(t *testing.T) {
	s := startServer(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cl := dialClient(t, s, kgo.AllowAutoTopicCreation(), kgo.ProducerBatchMaxBytes(2<<20), kgo.ProducerBatchCompression(kgo.NoCompression()))
	value := bytes.Repeat([]byte("0123456789abcdef"), 60_000)
	for range 20 {
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "large", Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	reader := dialClient(t, s, kgo.ConsumeTopics("large"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for got := 0; got < 20; {
		fetches := reader.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("%d of 20 came", got)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !bytes.Equal(r.Value, value) {
				t.Fatal("other bytes came back")
			}
			got++
		})
	}
	err := cl.ProduceSync(ctx, &kgo.Record{Topic: "large", Value: append(value, value...)}).FirstErr()
	if !errors.Is(err, kerr.MessageTooLarge) {
		t.Errorf("a record of %d bytes: %v", 2*len(value), err)
	}
}

// A fetch that waits must not hold up a clean stop, and a client that waits must be told by the end of its connection.
func TestServer_StopsUnderLongPolls(t *testing.T) {
	s := startServer(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cl := dialClient(t, s, kgo.AllowAutoTopicCreation())
	produceAll(ctx, t, cl, "quiet", 0, 1)
	reader := dialClient(t, s, kgo.ConsumeTopics("quiet"), kgo.FetchMaxWait(20*time.Second))
	polling := make(chan struct{})
	go func() {
		close(polling)
		reader.PollFetches(ctx)
	}()
	<-polling
	time.Sleep(100 * time.Millisecond)
	begun := time.Now()
	stopServer(t, s)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the stop took %s", took)
	}
}

func dialRaw(t *testing.T, s *Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// closed waits for the server to close c.
func closed(t *testing.T, c net.Conn, why string) {
	t.Helper()
	if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("%s: %v", why, err)
	}
}

// apiVersions is an ApiVersions request of version 0.
func apiVersions(correlation uint32) []byte {
	body := []byte{0, 18, 0, 0, 0, 0, 0, 0, 0xff, 0xff}
	binary.BigEndian.PutUint32(body[4:], correlation)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func TestServer_EndsWhatIsNotKafka(t *testing.T) {
	s := startServer(t, t.TempDir())
	for name, bytes := range map[string][]byte{
		"http":            []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"negative length": {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
		"tiny length":     {0, 0, 0, 1, 0},
		"unknown key":     {0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff},
		"cut body":        {0, 0, 0, 10, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff},
	} {
		c := dialRaw(t, s)
		if _, err := c.Write(bytes); err != nil {
			t.Fatal(err)
		}
		closed(t, c, name)
	}
	// And it still serves.
	c := dialRaw(t, s)
	if _, err := c.Write(apiVersions(7)); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(c, head); err != nil || binary.BigEndian.Uint32(head[4:]) != 7 {
		t.Errorf("answer %x: %v", head, err)
	}
}

func TestServer_AnswersPipelinedRequestsInOrder(t *testing.T) {
	s := startServer(t, t.TempDir())
	c := dialRaw(t, s)
	const n = 500
	var all []byte
	for i := range uint32(n) {
		all = append(all, apiVersions(i)...)
	}
	go func() { _, _ = c.Write(all) }()
	for i := range uint32(n) {
		head := make([]byte, 8)
		if _, err := io.ReadFull(c, head); err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		if got := binary.BigEndian.Uint32(head[4:]); got != i {
			t.Fatalf("answer %d came where %d should", got, i)
		}
		if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(head))-4); err != nil {
			t.Fatal(err)
		}
	}
}

// SH-4: who does not read its replies is not read from, and gets every one of them once it reads.
func TestServer_HoldsBackWhoDoesNotRead(t *testing.T) {
	s := startServerWithin(t, t.TempDir(), conn.Limits{Held: 256 << 10})
	c := dialRaw(t, s)
	sent, burst := uint32(0), []byte(nil)
	var rest []byte // of a request that was cut off by the deadline
	for {
		burst = burst[:0]
		for i := range uint32(1000) {
			burst = append(burst, apiVersions(sent+i)...)
		}
		if err := c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := c.Write(burst)
		whole := len(apiVersions(0))
		sent += uint32(n / whole)
		if err != nil {
			rest = burst[n/whole*whole:][n%whole:][:(whole-n%whole)%whole]
			break
		}
		if sent > 5_000_000 {
			t.Fatal("the server reads on and on")
		}
	}
	t.Logf("held back after %d requests", sent)
	if len(rest) > 0 {
		sent++
		go func() {
			_ = c.SetWriteDeadline(time.Time{})
			_, _ = c.Write(rest)
		}()
	}
	in := bufio.NewReaderSize(c, 1<<20)
	head := make([]byte, 8)
	for i := range sent {
		if _, err := io.ReadFull(in, head); err != nil {
			t.Fatalf("answer %d of %d: %v", i, sent, err)
		}
		if got := binary.BigEndian.Uint32(head[4:]); got != i {
			t.Fatalf("answer %d came where %d should", got, i)
		}
		if _, err := in.Discard(int(binary.BigEndian.Uint32(head)) - 4); err != nil {
			t.Fatal(err)
		}
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if held := s.memory.held; held != 0 {
		t.Errorf("%d bytes of the budget are still held", held)
	}
}

func TestServer_BoundsConnectionsAndIdleness(t *testing.T) {
	s := startServer(t, t.TempDir(), "max.connections=2", "connections.max.idle.ms=300")
	first, second := dialRaw(t, s), dialRaw(t, s)
	time.Sleep(50 * time.Millisecond)
	closed(t, dialRaw(t, s), "a third connection")
	begun := time.Now()
	closed(t, first, "idle")
	closed(t, second, "idle")
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("idle connections lived for %s", took)
	}
}

func TestStart_TellsWhatIsInTheWay(t *testing.T) {
	data := t.TempDir()
	s := startServer(t, data)
	start := func(settings ...config.Setting) error {
		c, err := config.Load("", nil, settings)
		if err != nil {
			t.Fatal(err)
		}
		other, err := Start(c, Options{Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			stopServer(t, other)
		}
		return err
	}
	var held *files.InUse
	if err := start(config.Setting{Key: config.LogDirs, Value: data}); !errors.As(err, &held) {
		t.Errorf("a second broker in one directory: %v", err)
	}
	err := start(config.Setting{Key: config.LogDirs, Value: t.TempDir()}, config.Setting{Key: config.Listeners, Value: s.Addresses()[0]})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a second broker on one port: %v", err)
	}
}

func TestHalted_SaysWhatHappened(t *testing.T) {
	for _, code := range []event.HaltCode{event.HaltRefused, event.HaltDisk, event.HaltLost} {
		if text := (&Halted{Code: code, Text: "WHY"}).Error(); !strings.HasSuffix(text, ": WHY") || len(text) < 20 {
			t.Errorf("%s: %q", code, text)
		}
	}
}
