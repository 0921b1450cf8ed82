package kafka

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
)

// drawFetch draws a request and a reply that fits it.
func drawFetch(t *rapid.T) (*kmsg.FetchRequest, *event.FetchReply) {
	req := kmsg.NewPtrFetchRequest()
	req.IsolationLevel = int8(rapid.IntRange(0, 1).Draw(t, "isolation"))
	reply := &event.FetchReply{Code: event.Code(rapid.SampledFrom([]int16{0, 0, 70}).Draw(t, "code"))}
	for range rapid.IntRange(0, 3).Draw(t, "topics") {
		topic := kmsg.NewFetchRequestTopic()
		topic.Topic = rapid.StringMatching("[a-z]{0,200}").Draw(t, "name")
		topic.TopicID = [16]byte{rapid.Byte().Draw(t, "id")}
		for range rapid.IntRange(0, 4).Draw(t, "partitions") {
			p := kmsg.NewFetchRequestTopicPartition()
			p.Partition = rapid.Int32().Draw(t, "partition")
			topic.Partitions = append(topic.Partitions, p)
			reply.Partitions = append(reply.Partitions, drawFetched(t))
		}
		req.Topics = append(req.Topics, topic)
	}
	return req, reply
}

func drawFetched(t *rapid.T) event.FetchPartitionReply {
	r := event.FetchPartitionReply{
		Code: rapid.SampledFrom([]event.Code{
			event.CodeNone, event.CodeNone, event.CodeOffsetOutOfRange, event.CodeNotLeaderOrFollower,
			event.CodeFencedLeaderEpoch, event.CodeUnknownServer,
		}).Draw(t, "code"),
		HighWatermark: rapid.Int64().Draw(t, "hw"),
		LastStable:    rapid.Int64().Draw(t, "lso"),
		LogStart:      rapid.Int64().Draw(t, "start"),
		Leader: event.Leader{
			Node: event.NodeID(rapid.Int32Range(-1, 3).Draw(t, "leader")), Epoch: rapid.Int32().Draw(t, "epoch"),
		},
	}
	for range rapid.IntRange(0, 3).Draw(t, "pieces") {
		r.Records = append(r.Records, bytes.Repeat([]byte{7}, rapid.IntRange(0, 300).Draw(t, "piece")))
	}
	return r
}

// fetchByKmsg is the response as kmsg has it.
func fetchByKmsg(version int16, req *kmsg.FetchRequest, reply *event.FetchReply) *kmsg.FetchResponse {
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = version
	resp.ErrorCode = int16(reply.Code)
	answers := reply.Partitions
	for _, t := range req.Topics {
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			a, to := answers[0], kmsg.NewFetchResponseTopicPartition()
			answers = answers[1:]
			to.Partition, to.ErrorCode = p.Partition, int16(a.Code)
			to.HighWatermark, to.LastStableOffset, to.LogStartOffset = a.HighWatermark, a.LastStable, a.LogStart
			to.RecordBatches = append([]byte{}, bytes.Join(a.Records, nil)...)
			if req.IsolationLevel == 1 {
				to.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{}
			}
			if WrongLeader(a.Code) && a.Leader.Node >= 0 {
				to.CurrentLeader.LeaderID, to.CurrentLeader.LeaderEpoch = int32(a.Leader.Node), a.Leader.Epoch
			}
			topic.Partitions = append(topic.Partitions, to)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}

// TestFetchAsKmsgWouldWriteIt is law X-3.
func TestFetchAsKmsgWouldWriteIt(t *testing.T) {
	for version := int16(4); version <= 18; version++ {
		rapid.Check(t, func(t *rapid.T) {
			req, reply := drawFetch(t)
			h := Header{Key: KeyFetch, Version: version, Correlation: 5, Flexible: version >= 12}
			want := Encode(h, fetchByKmsg(version, req, reply), 0)
			if got := bytes.Join(EncodeFetch(h, req, reply), nil); !bytes.Equal(got, want) {
				t.Fatalf("version %d:\n%x\n%x", version, got, want)
			}
		})
	}
}

func TestFetchSplicesRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req, reply := drawFetch(t)
		bufs := EncodeFetch(Header{Key: KeyFetch, Version: 16, Flexible: true}, req, reply)
		for _, p := range reply.Partitions {
			for _, piece := range p.Records {
				for len(bufs) > 0 && len(piece) > 0 && unsafe.SliceData(bufs[0]) != unsafe.SliceData(piece) {
					bufs = bufs[1:]
				}
				if len(bufs) == 0 {
					t.Fatal("records were copied")
				}
			}
		}
	})
}

func BenchmarkEncodeFetch(b *testing.B) {
	req := kmsg.NewPtrFetchRequest()
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic = "orders"
	topic.Partitions = append(topic.Partitions, kmsg.NewFetchRequestTopicPartition())
	req.Topics = append(req.Topics, topic)
	reply := &event.FetchReply{Partitions: []event.FetchPartitionReply{{Records: [][]byte{make([]byte, 1<<20)}}}}
	h := Header{Key: KeyFetch, Version: 12, Flexible: true}
	b.ReportAllocs()
	for b.Loop() {
		EncodeFetch(h, req, reply)
	}
}
