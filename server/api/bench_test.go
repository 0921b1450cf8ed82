package api

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/net/kafka"
)

// BenchmarkProduce decodes a request of one batch of about a mebibyte, checksum and records included, and encodes its
// reply.
func BenchmarkProduce(b *testing.B) {
	w := record.NewBuilder()
	for range 1000 {
		w.Add(1, nil, make([]byte, 1024))
	}
	req := example(kafka.KeyProduce, 9).(*kmsg.ProduceRequest)
	req.Topics = req.Topics[:1]
	req.Topics[0].Partitions = req.Topics[0].Partitions[:1]
	req.Topics[0].Partitions[0].Records = w.Build()
	frame := frameOf(req)
	a := New(Config{})
	reply := &event.ProduceReply{Partitions: make([]event.ProducePartitionReply, 1)}
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		a.Encode(a.Decode(ticket, frame).Pending, reply)
	}
}
