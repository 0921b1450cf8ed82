package shard

import (
	"fmt"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// BenchmarkShard_Produce appends acks=all batches of 1 KiB over 100 partitions, a turn of many at a time, with a disk
// that costs a copy. What is counted is one batch from ShardProduce to ShardProduced.
func BenchmarkShard_Produce(b *testing.B) {
	for _, perTurn := range []int{1, 16} {
		b.Run(fmt.Sprintf("turn of %d", perTurn), func(b *testing.B) {
			const partitions = 100
			r := newRig(b)
			r.out.Probing = false
			r.cfg.ChunkSize, r.cfg.MaxFrame, r.cfg.Reserve = 16<<20, 4<<20, 1<<20
			r.cfg.WriteBehind, r.cfg.TailBytes = 256<<10, 32<<20
			r.boot()
			topics := make([]int, partitions)
			for i := range topics {
				topics[i] = i + 1
			}
			r.assign(true, topics...)
			r.settle()
			record := batch(1, 950, -1, 0)
			messages := make([]event.ShardProduce, perTurn)
			for i := range messages {
				messages[i].Items = []event.ShardProduceItem{{Batch: record}}
			}
			answered := 0
			b.ReportAllocs()
			b.SetBytes(int64(len(record)))
			b.ResetTimer()
			for n := 0; n < b.N; n += perTurn {
				for i := range messages {
					m := messages[i]
					m.Acks, m.Deadline = -1, r.now+event.Second
					m.Items[0].TP = partitionOf(1 + (n+i)%partitions)
					r.more = i < perTurn-1
					r.message(event.ConnID(i), uint64(n), &m)
				}
				r.settle()
				for _, e := range r.sent {
					if p, ok := e.Body.(*event.ShardProduced); ok && p.Results[0].Code == event.CodeNone {
						answered++
					}
				}
				clear(r.sent)
				r.sent = r.sent[:0]
			}
			if answered < b.N {
				b.Fatalf("%d of %d batches were acknowledged", answered, b.N)
			}
		})
	}
}
