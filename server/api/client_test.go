package api

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/net/conn"
)

// tiny is the least that a client takes for a broker: one topic of one partition, in memory.
type tiny struct {
	requests chan tinyRequest
	batches  []record.Batch
}

type tinyRequest struct {
	body  event.Body
	reply chan event.Body
}

const tinyTopic = "orders"

var tinyID = event.UUID{1, 15: 9}

func newTiny(t *testing.T) *tiny {
	c := &tiny{requests: make(chan tinyRequest)}
	ctx := t.Context()
	go func() {
		for {
			select {
			case r := <-c.requests:
				r.reply <- c.answer(r.body)
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}

func (c *tiny) end() int64 {
	if len(c.batches) == 0 {
		return 0
	}
	return c.batches[len(c.batches)-1].NextOffset()
}

func (c *tiny) answer(body event.Body) event.Body {
	broker := event.Broker{Node: 1, Host: "tiny", Port: 9092}
	switch b := body.(type) {
	case *event.Metadata:
		return &event.MetadataReply{ClusterID: "tiny", Controller: 1, Brokers: []event.Broker{broker},
			Topics: []event.MetadataTopicReply{{Name: tinyTopic, ID: tinyID, Partitions: []event.MetadataPartition{{
				Leader: event.Leader{Node: 1}, Replicas: []event.NodeID{1}, ISR: []event.NodeID{1},
			}}}}}
	case *event.InitProducerID:
		return &event.InitProducerIDReply{ProducerID: 7}
	case *event.Produce:
		r := &event.ProduceReply{}
		for _, p := range b.Partitions {
			if p.Refused != event.CodeNone {
				r.Partitions = append(r.Partitions, event.ProducePartitionReply{Code: p.Refused, Why: p.Why})
				continue
			}
			stamped := record.Batch(bytes.Clone(p.Batch))
			stamped.Stamp(c.end(), 0)
			c.batches = append(c.batches, stamped)
			r.Partitions = append(r.Partitions, event.ProducePartitionReply{BaseOffset: stamped.BaseOffset(), LogAppendTime: -1})
		}
		return r
	case *event.Fetch:
		r := &event.FetchReply{}
		for _, p := range b.Partitions {
			got := event.FetchPartitionReply{HighWatermark: c.end(), LastStable: c.end()}
			for _, batch := range c.batches {
				if batch.NextOffset() > p.Offset {
					got.Records = append(got.Records, batch)
				}
			}
			r.Partitions = append(r.Partitions, got)
		}
		return r
	case *event.ListOffsets:
		r := &event.ListOffsetsReply{}
		for _, p := range b.Partitions {
			r.Partitions = append(r.Partitions, c.lookup(p.Timestamp))
		}
		return r
	case *event.DescribeCluster:
		return &event.DescribeClusterReply{ClusterID: "tiny", Controller: 1, Brokers: []event.Broker{broker}}
	}
	return nil
}

func (c *tiny) lookup(ts int64) event.ListOffsetsPartitionReply {
	switch ts {
	case event.TimestampLatest:
		return event.ListOffsetsPartitionReply{Offset: c.end(), Timestamp: -1}
	case event.TimestampEarliest:
		return event.ListOffsetsPartitionReply{Timestamp: -1}
	}
	for _, batch := range c.batches {
		if batch.MaxTimestamp() >= ts {
			return event.ListOffsetsPartitionReply{Batch: batch}
		}
	}
	return event.ListOffsetsPartitionReply{Offset: -1, Timestamp: -1}
}

// serveConn is what a server does for one connection.
func (c *tiny) serveConn(ctx context.Context, socket net.Conn) {
	defer socket.Close()
	edge, a := conn.New(1, conn.Limits{}), New(Config{})
	for {
		n, err := socket.Read(edge.Space())
		if err != nil || edge.Filled(n) != nil {
			return
		}
		for {
			seq, frame, ok := edge.Next()
			if !ok {
				break
			}
			out := a.Decode(event.Ticket{Conn: edge.ID(), Seq: seq}, frame)
			switch {
			case out.Close:
				return
			case out.Answer != nil:
				edge.Answer(seq, out.Answer, nil)
			default:
				reply := make(chan event.Body, 1)
				select {
				case c.requests <- tinyRequest{out.Body, reply}:
				case <-ctx.Done():
					return
				}
				bufs, closing := a.Encode(out.Pending, <-reply)
				if closing {
					return
				}
				edge.Answer(seq, bufs, nil)
			}
			replies := net.Buffers(slices.Clone(edge.Output()))
			if _, err := replies.WriteTo(socket); err != nil {
				return
			}
		}
	}
}

// client is an unmodified franz-go client whose connections end in c.
func (c *tiny) client(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	dial := func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go c.serveConn(t.Context(), far)
		return near, nil
	}
	opts = append(opts, kgo.SeedBrokers("tiny:9092"), kgo.Dialer(dial), kgo.DefaultProduceTopic(tinyTopic))
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// TestClientRoundTrip lets a real client produce with every codec, with and without acknowledgements, and read it back.
func TestClientRoundTrip(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := newTiny(t)
	var want []string
	send := func(name string, cl *kgo.Client) {
		for i := range 3 {
			value := fmt.Sprintf("%s %d %s", name, i, bytes.Repeat([]byte("again "), 100))
			r := &kgo.Record{Value: []byte(value), Timestamp: time.UnixMilli(int64(1000 * (len(want) + 1)))}
			if err := cl.ProduceSync(ctx, r).FirstErr(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want = append(want, value)
		}
	}
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		send(name, c.client(t, kgo.ProducerBatchCompression(codec)))
	}
	send("acks of 0", c.client(t, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite()))

	start := map[string]map[int32]kgo.Offset{tinyTopic: {0: kgo.NewOffset().AtStart()}}
	reader := c.client(t, kgo.ConsumePartitions(start))
	var got []string
	for len(got) < len(want) {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("record %d: %.20q, want %.20q", i, got[i], want[i])
		}
	}

	admin := kadm.NewClient(reader)
	offsets, err := admin.ListOffsetsAfterMilli(ctx, 4500, tinyTopic)
	if o, _ := offsets.Lookup(tinyTopic, 0); err != nil || o.Offset != 4 || o.Timestamp != 5000 {
		t.Errorf("first after 4500: %+v, %v", o, err)
	}
	if o, err := admin.ListEndOffsets(ctx, tinyTopic); err != nil || o[tinyTopic][0].Offset != int64(len(want)) {
		t.Errorf("end: %+v, %v", o, err)
	}
}
