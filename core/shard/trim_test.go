package shard

import (
	"bytes"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// A log whose end was lost takes no appends. Who deletes everything that was promised gives the lost records up: the log
// goes on behind them, and no offset is given twice.
func TestShard_GivesUpALostEnd(t *testing.T) {
	r := newRig(t)
	r.boot()
	r.assign(true, 1)
	r.settle()
	for i := range 3 {
		r.produce(1, uint64(i), -1, batch(4, 100, 7, int32(4*i)), 1)
		r.settle()
	}
	r.wait(event.Second / 2) // sealed: the durable bound has passed the last batch
	r.settle()
	rotten := false
	for name, data := range r.disk.files {
		if at := bytes.LastIndex(data, []byte("xxxx")); name.Kind == event.FileChunk && at >= 0 {
			data[at] ^= 1
			rotten = true
		}
	}
	if !rotten {
		t.Fatal("the batch is not in the journal")
	}
	last := func() event.Body {
		sent := r.take()
		return sent[len(sent)-1].Body
	}
	trim := func(offset int64) event.DeleteRecordsPartitionReply {
		r.message(3, 0, &event.ShardDeleteRecords{
			Deadline: r.now + event.Second, Index: []int{0}, TP: []event.TP{partitionOf(1)},
			Items: []event.DeleteRecordsPartition{{Offset: offset}},
		})
		r.settle()
		return last().(*event.ShardDeletedRecords).Results[0]
	}
	attempt := func(seq int32) event.ProducePartitionReply {
		r.produce(1, 9, -1, batch(4, 100, 7, seq), 1)
		r.settle()
		return last().(*event.ShardProduced).Results[0]
	}
	r.boot()
	r.assign(true, 1)
	r.settle()
	if p := attempt(12); p.Code != event.CodeKafkaStorageError {
		t.Fatalf("a damaged log takes an append: %+v", p)
	}
	if d := trim(13); d.Code != event.CodeOffsetOutOfRange {
		t.Fatalf("beyond what was promised: %+v", d)
	}
	if d := trim(8); d.Code != event.CodeNone || d.LowWatermark != 8 {
		t.Fatalf("below the damage: %+v", d)
	}
	if p := attempt(12); p.Code != event.CodeKafkaStorageError {
		t.Fatalf("it is damaged still: %+v", p)
	}
	if d := trim(event.HighWatermark); d.Code != event.CodeNone || d.LowWatermark != 12 {
		t.Fatalf("everything that was promised: %+v", d)
	}
	// What the producer's last batch was is lost with it, so the next one is not in order for the table.
	if p := attempt(12); p.Code != event.CodeOutOfOrderSequence {
		t.Errorf("a batch behind a lost one: %+v", p)
	}
	r.produce(1, 10, -1, batch(2, 100, -1, 0), 1)
	r.settle()
	if p := last().(*event.ShardProduced).Results[0]; p.Code != event.CodeNone || p.BaseOffset != 12 || p.LogStart != 12 {
		t.Fatalf("the first append: %+v", p)
	}
	r.boot()
	r.assign(true, 1)
	r.settle()
	r.take()
	r.message(2, 1, &event.ShardRead{Items: []event.ShardGrant{{Item: places([]string{"1@12"})[0], Bytes: 1 << 20, Whole: true}}})
	r.settle()
	d := last().(*event.ShardData).Results[0]
	if d.Code != event.CodeNone || d.HighWatermark != 14 || d.LogStart != 12 || record.Batch(d.Records[0]).BaseOffset() != 12 {
		t.Errorf("after a restart: %+v", d)
	}
}
