package shard

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// belief is what the clients know: which batch lies at which offset of a topic, by acknowledgement or because it was
// read. Batches are told apart by their checksum, which stamping leaves alone.
type belief struct {
	r     *rig
	bound map[int]map[int64]uint32 // topic -> base offset -> checksum
	end   map[int]int64            // offset behind everything that was acknowledged or read
	open  map[uint64]sent          // produce requests without an answer, by sequence number of the request
	seq   uint64
	next  map[int]int32 // next idempotent sequence by topic
	low   map[int]int64 // the log start that was told
	most  map[int]int64 // and the highest that was asked for
	trims map[uint64]trimmed
}

// trimmed is one request to delete records.
type trimmed struct {
	topic  int
	offset int64
}

// sent is what one produce request carried.
type sent struct {
	topics []int
	batch  record.Batch
	acks   int16
}

// learn takes a binding in, and complains about one that contradicts.
func (b *belief) learn(topic int, batch record.Batch) error {
	base := batch.BaseOffset()
	if was, known := b.bound[topic][base]; known && was != batch.CRC() {
		return fmt.Errorf("topic %d: two batches at %d", topic, base)
	}
	b.bound[topic][base] = batch.CRC()
	b.end[topic] = max(b.end[topic], batch.NextOffset())
	return nil
}

// hear judges everything that the shard sent.
func (b *belief) hear() error {
	for _, e := range b.r.take() {
		switch m := e.Body.(type) {
		case *event.ShardProduced:
			req, known := b.open[e.Ticket.Seq]
			if !known {
				return fmt.Errorf("request %d is answered twice", e.Ticket.Seq)
			}
			delete(b.open, e.Ticket.Seq)
			for i, r := range m.Results {
				if r.Code != event.CodeNone || req.acks == 0 {
					continue
				}
				batch := append(record.Batch(nil), req.batch...)
				batch.Stamp(r.BaseOffset, 0)
				if err := b.learn(req.topics[i], batch); err != nil {
					return fmt.Errorf("acknowledged: %w", err)
				}
			}
		case *event.ShardDeletedRecords:
			req, known := b.trims[e.Ticket.Seq]
			if !known {
				return fmt.Errorf("request %d is answered twice", e.Ticket.Seq)
			}
			delete(b.trims, e.Ticket.Seq)
			switch r := m.Results[0]; {
			case r.Code != event.CodeNone:
			case r.LowWatermark < max(req.offset, b.low[req.topic]) || r.LowWatermark > b.most[req.topic]:
				return fmt.Errorf("topic %d begins at %d, asked for was %d, at most %d, told %d", req.topic, r.LowWatermark,
					req.offset, b.most[req.topic], b.low[req.topic])
			default:
				b.low[req.topic] = r.LowWatermark
			}
		case *event.ShardData:
			for i, r := range m.Results {
				if err := b.read(m.Index[i], &r); err != nil {
					return err
				}
			}
		}
		if e.Op == event.OpHalt {
			return fmt.Errorf("halt: %s", e.Text)
		}
	}
	return nil
}

// read judges one partition's answer: whole, dense, below the high watermark, and bound as before.
func (b *belief) read(topic int, r *event.FetchPartitionReply) error {
	if r.Code != event.CodeNone {
		return nil
	}
	next := int64(-1)
	for _, rest := range r.Records {
		for len(rest) > 0 {
			batch, more, err := record.Parse(rest)
			if err == nil {
				err = record.Verify(batch)
			}
			switch {
			case err != nil:
				return err
			case next >= 0 && batch.BaseOffset() != next:
				return fmt.Errorf("topic %d: batch at %d after %d", topic, batch.BaseOffset(), next)
			case batch.NextOffset() > r.HighWatermark:
				return fmt.Errorf("topic %d: batch up to %d, high watermark %d", topic, batch.NextOffset(), r.HighWatermark)
			}
			if err := b.learn(topic, batch); err != nil {
				return fmt.Errorf("read: %w", err)
			}
			next, rest = batch.NextOffset(), more
		}
	}
	return nil
}

func (b *belief) produce(t *rapid.T) {
	topic := rapid.IntRange(1, 2).Draw(t, "topic")
	topics := []int{topic}
	pid := int64(-1)
	if rapid.IntRange(0, 3).Draw(t, "idempotent") == 0 {
		pid = int64(topic)
	} else if rapid.Bool().Draw(t, "both") {
		topics = []int{1, 2}
	}
	n := rapid.IntRange(1, 3).Draw(t, "records")
	size := rapid.SampledFrom([]int{1, 10, 100, 5_000, 9_000}).Draw(t, "size")
	batch := batch(n, size, pid, b.next[topic])
	if pid >= 0 {
		b.next[topic] += int32(n)
	}
	// Batches of the same content would hide an exchange: the timestamp tells them apart.
	b.seq++
	batch.SetMaxTimestamp(int64(b.seq))
	acks := rapid.SampledFrom([]int16{-1, -1, 0, 1}).Draw(t, "acks")
	b.open[b.seq] = sent{topics, batch, acks}
	b.r.produce(1, b.seq, acks, batch, topics...)
}

func (b *belief) trim(t *rapid.T) {
	topic := rapid.IntRange(1, 2).Draw(t, "topic")
	b.seq++
	x := trimmed{topic, rapid.Int64Range(0, b.end[topic]+1).Draw(t, "start")}
	b.trims[b.seq], b.most[topic] = x, max(b.most[topic], x.offset)
	b.r.message(3, b.seq, &event.ShardDeleteRecords{
		Deadline: b.r.now + 10*event.Second, Index: []int{0}, TP: []event.TP{partitionOf(topic)},
		Items: []event.DeleteRecordsPartition{{Offset: x.offset}},
	})
}

func (b *belief) fetch(t *rapid.T) {
	topic := rapid.IntRange(1, 2).Draw(t, "topic")
	from := int64(0)
	if b.end[topic] > 0 {
		from = rapid.Int64Range(0, b.end[topic]).Draw(t, "offset")
	}
	b.seq++
	b.r.message(2, b.seq, &event.ShardRead{Items: []event.ShardGrant{{
		Item:  event.ShardFetchItem{Index: topic, TP: partitionOf(topic), CurrentEpoch: -1, Offset: from},
		Bytes: int64(rapid.IntRange(1, 60_000).Draw(t, "bytes")), Whole: true,
	}}})
}

// TestShard_KeepsEveryPromiseAcrossKills produces, fetches, deletes records and kills at random with the real store
// underneath: what was acknowledged or read stays bound to its offset, reads are dense and stay below the high watermark,
// nothing is answered twice, log starts that were told stay, and in the end everything acknowledged that nobody asked to
// delete can be read.
func TestShard_KeepsEveryPromiseAcrossKills(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &belief{
			r: newRig(t), bound: map[int]map[int64]uint32{1: {}, 2: {}}, end: map[int]int64{},
			open: map[uint64]sent{}, next: map[int]int32{}, low: map[int]int64{}, most: map[int]int64{}, trims: map[uint64]trimmed{},
		}
		b.r.out.Probing = false
		b.restart()
		for range rapid.IntRange(10, 80).Draw(t, "steps") {
			switch rapid.SampledFrom(walk).Draw(t, "what") {
			case "produce":
				b.produce(t)
			case "fetch":
				b.fetch(t)
			case "trim":
				b.trim(t)
			case "disk":
				for range min(rapid.IntRange(1, 9).Draw(t, "completions"), len(b.r.done)) {
					ev := b.r.done[0]
					b.r.done = b.r.done[1:]
					b.r.step(ev)
				}
			case "turn":
				b.r.more = !b.r.more
			case "wait":
				b.r.wait(event.Time(rapid.IntRange(1, 3000).Draw(t, "ms")) * event.Millisecond)
			case "kill":
				b.restart()
			}
			if err := b.hear(); err != nil {
				t.Fatal(err)
			}
		}
		b.r.more = false
		b.r.wait(event.Millisecond)
		b.r.settle()
		b.r.wait(20 * event.Second)
		b.r.settle()
		if err := b.hear(); err != nil {
			t.Fatal(err)
		}
		if n := len(b.open) + len(b.trims); n > 0 {
			t.Fatalf("%d requests were never answered", n)
		}
		b.restart()
		for n := 1; n <= 2; n++ {
			start := b.r.s.store.Get(partitionOf(n)).Log().Start()
			if start < b.low[n] || start > b.most[n] {
				t.Fatalf("topic %d begins at %d, told was %d, asked for at most %d", n, start, b.low[n], b.most[n])
			}
			for at := start; at < b.end[n]; at = b.r.past(t, b, n, at) {
			}
		}
	})
}

var walk = []string{
	"produce", "produce", "produce", "produce", "fetch", "fetch", "disk", "disk", "disk", "turn", "wait", "kill", "trim",
}

// restart kills the incarnation and starts the next one. Requests without an answer never get one.
func (b *belief) restart() {
	clear(b.open)
	clear(b.trims)
	b.next = map[int]int32{}
	b.r.more = false
	b.r.boot()
	b.r.assign(true, 1, 2)
	b.r.settle()
	b.r.take()
	for n := 1; n <= 2; n++ { // producers begin anew, under ids of their own
		b.next[n] = int32(b.r.broker) * 1_000_000
	}
}

// past reads topic n from offset at and returns the offset behind what came.
func (r *rig) past(t *rapid.T, b *belief, n int, at int64) int64 {
	b.seq++
	r.message(2, b.seq, &event.ShardRead{Items: []event.ShardGrant{{
		Item: event.ShardFetchItem{Index: n, TP: partitionOf(n), CurrentEpoch: -1, Offset: at}, Bytes: 1 << 20, Whole: true,
	}}})
	r.settle()
	sent := r.take()
	data, ok := sent[len(sent)-1].Body.(*event.ShardData)
	if !ok || data.Results[0].Code != event.CodeNone || len(data.Results[0].Records) == 0 {
		t.Fatalf("topic %d: nothing at %d of %d: %s", n, at, b.end[n], render(&sent[len(sent)-1]))
	}
	if err := b.read(n, &data.Results[0]); err != nil {
		t.Fatal(err)
	}
	last := data.Results[0].Records[len(data.Results[0].Records)-1]
	next := at
	for len(last) > 0 {
		batch, rest, err := record.Parse(last)
		if err != nil {
			t.Fatal(err)
		}
		next, last = batch.NextOffset(), rest
	}
	return next
}
