package front

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/metadata"
)

// stage is a front between scripted shards and a scripted home. Its topic "a" has 8 partitions, spread over two shards.
type stage struct {
	t     *testing.T
	front *Front
	im    *metadata.Image
	now   event.Time
	out   event.Buf
	sent  []event.Message // to other machines, not yet looked at
	reply map[event.Ticket]event.Body
	seq   uint64
}

var topicA = event.UUID{0xa}

func image(t *testing.T, topics ...string) *metadata.Image {
	t.Helper()
	im := metadata.New(event.UUID{0xc1})
	e := im.Edit()
	records := []metadata.Record{
		&metadata.RegisterBrokerRecord{Broker: 1, Endpoints: []metadata.Endpoint{{Host: "one", Port: 9092}}, Rack: "r"},
		&metadata.RegisterBrokerRecord{Broker: 2, Fenced: true,
			Endpoints: []metadata.Endpoint{{Host: "two", Port: 9093}}},
		&metadata.TopicRecord{Name: "a", ID: topicA},
	}
	for p := range int32(8) {
		records = append(records, partition(topicA, p, 1))
	}
	records = append(records, &metadata.TopicRecord{Name: "elsewhere", ID: event.UUID{0xb}},
		partition(event.UUID{0xb}, 0, 2),
		partition(event.UUID{0xb}, 1, metadata.NoLeader))
	for i, name := range topics {
		id := event.UUID{0xe, byte(i)}
		records = append(records, &metadata.TopicRecord{Name: name, ID: id}, partition(id, 0, 1))
	}
	for i, r := range records {
		if err := e.Apply(int64(i), 1, r); err != nil {
			t.Fatal(err)
		}
	}
	return e.Image()
}

func partition(topic event.UUID, p int32, leader event.NodeID) *metadata.PartitionRecord {
	return &metadata.PartitionRecord{Partition: p, Topic: topic, Replicas: []event.NodeID{1, 2},
		ISR: []event.NodeID{1}, Leader: leader}
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return newStageOf(t, 2)
}

func newStageOf(t *testing.T, shards int) *stage {
	t.Helper()
	s, err := metadata.NewSettings([]event.ConfigEntry{{Key: "fetch.max.bytes", Value: "5000"}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &stage{
		t: t, now: event.Second, reply: map[event.Ticket]event.Body{}, im: image(t),
		front: New(Config{
			Machine: event.Front0, Node: 1, Shards: shards, Settings: s, StartWait: 10 * event.Second, MaxParked: 3,
			CreateWait: event.Second, IDWait: 5 * event.Second,
		}),
	}
}

// ready is a stage whose broker is ready.
func ready(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.from(event.Home, event.Ticket{}, &event.ImageUpdate{Image: s.im})
	return s
}

func (s *stage) step(ev event.Event) {
	s.t.Helper()
	ev.Now = s.now
	s.out.Reset()
	s.front.Step(&ev, &s.out)
	s.sent = s.out.TakeMessages(0, event.Front0, func(event.Machine) bool { return true }, s.sent)
	for _, e := range s.out.Effects() {
		switch {
		case e.Op == event.OpReply && s.reply[e.Ticket] != nil:
			s.t.Fatalf("F-1: ticket %v is answered twice", e.Ticket)
		case e.Op == event.OpReply:
			s.reply[e.Ticket] = e.Body
		case e.Op == event.OpCloseConn:
			s.reply[e.Ticket] = nil
		}
	}
}

func (s *stage) from(m event.Machine, t event.Ticket, body event.Body) {
	s.t.Helper()
	s.step(event.Event{Kind: event.KindMessage, From: m, Ticket: t, Body: body})
	if _, update := body.(*event.ImageUpdate); !update {
		return
	}
	said := len(s.sent) - 1
	for ; said >= 0; said-- {
		if _, adopted := s.sent[said].Body.(*event.ImageAdopted); adopted {
			break
		}
	}
	if said < 0 || s.sent[said].To != m {
		s.t.Fatal("K-3: a front does not say that it has adopted an image")
	}
	s.sent = slices.Delete(s.sent, said, said+1)
}

func (s *stage) request(body event.Body) event.Ticket {
	s.t.Helper()
	t := event.Ticket{Conn: 3, Seq: s.seq}
	s.seq++
	s.step(event.Event{Kind: event.KindRequest, Ticket: t, Body: body})
	return t
}

func (s *stage) later(d event.Time) {
	s.t.Helper()
	s.now += d
	s.step(event.Event{Kind: event.KindTick})
}

// take gives the next message that the front sent, which must be of type M.
func take[M event.Body](s *stage) (M, event.Message) {
	s.t.Helper()
	if len(s.sent) == 0 {
		s.t.Fatal("the front said nothing")
	}
	e := s.sent[0]
	s.sent = s.sent[1:]
	m, ok := e.Body.(M)
	if !ok {
		s.t.Fatalf("the front sent a %T", e.Body)
	}
	return m, e
}

func (s *stage) quiet() {
	s.t.Helper()
	if len(s.sent) > 0 {
		s.t.Fatalf("the front also sent a %T", s.sent[0].Body)
	}
}

func shardOf(p int32) event.Machine {
	return event.Machine{Role: event.RoleShard, Index: metadata.ShardOf(event.TP{Topic: topicA, Partition: p}, 2)}
}

// apart gives a partition of "a" on each of the two shards.
func apart(t *testing.T) (zero, one int32) {
	t.Helper()
	zero, one = -1, -1
	for p := range int32(8) {
		if shardOf(p).Index == 0 {
			zero = p
		} else {
			one = p
		}
	}
	if zero < 0 || one < 0 {
		t.Fatal("all partitions are on one shard")
	}
	return zero, one
}

func TestProduce_AnswersAreAlignedWhateverTheOrderOfTheShards(t *testing.T) {
	s := ready(t)
	zero, one := apart(t)
	parts := []event.ProducePartition{
		{Name: "a", Partition: one, Batch: []byte("1")},
		{Name: "absent", Batch: []byte("x")},
		{ID: topicA, Partition: zero, Batch: []byte("0")},
		{ID: event.UUID{0xff}, Batch: []byte("x")},
		{Name: "a", Partition: 8, Batch: []byte("x")},
		{Name: "a", Partition: zero, Refused: event.CodeCorruptMessage, Why: "rotten"},
		{Name: "elsewhere", Batch: []byte("x")},
	}
	ticket := s.request(&event.Produce{Acks: -1, TimeoutMs: 30, Partitions: parts})
	for range 2 {
		m, e := take[*event.ShardProduce](s)
		if m.Acks != -1 || m.Deadline != s.now+30*event.Millisecond || len(m.Items) != 1 {
			t.Fatalf("%+v", m)
		}
		if got := parts[m.Items[0].Index]; got.Partition != m.Items[0].TP.Partition ||
			string(m.Items[0].Batch) != string(got.Batch) || e.To != shardOf(got.Partition) {
			t.Fatalf("%+v went to %+v", m.Items[0], e.To)
		}
	}
	s.quiet()
	answer := func(m event.Machine, index int, base int64) {
		s.from(m, ticket, &event.ShardProduced{
			Items: []event.ShardProduceItem{{Index: index}}, Results: []event.ProducePartitionReply{{BaseOffset: base,
				LogStart: 5}},
		})
	}
	answer(shardOf(one), 0, 100)
	if s.reply[ticket] != nil {
		t.Fatal("answered before the second shard")
	}
	answer(shardOf(zero), 2, 200)
	got := s.reply[ticket].(*event.ProduceReply).Partitions
	want := []event.Code{
		event.CodeNone, event.CodeUnknownTopicOrPartition, event.CodeNone, event.CodeUnknownTopicID,
		event.CodeUnknownTopicOrPartition,
		event.CodeCorruptMessage, event.CodeNotLeaderOrFollower,
	}
	for i, p := range got {
		if p.Code != want[i] {
			t.Errorf("partition %d: code %d, want %d", i, p.Code, want[i])
		}
		if p.Code != event.CodeNone && (p.BaseOffset != -1 || p.LogAppendTime != -1 || p.LogStart != -1) {
			t.Errorf("partition %d has an offset beside its error: %+v", i, p)
		}
	}
	if got[0].BaseOffset != 100 || got[2].BaseOffset != 200 || got[5].Why != "rotten" {
		t.Errorf("%+v", got)
	}
	if got[6].Leader != (event.Leader{Node: 2}) || got[1].Leader != nobody() {
		t.Errorf("leader hints %+v and %+v", got[6].Leader, got[1].Leader)
	}
	answer(shardOf(zero), 2, 300) // late: dropped
}

func TestProduce_InvalidAcksReachNoShard(t *testing.T) {
	s := ready(t)
	for _, acks := range []int16{2, -2, 7} {
		ticket := s.request(&event.Produce{Acks: acks, Partitions: []event.ProducePartition{{Name: "a"},
			{Name: "a", Partition: 1}}})
		for _, p := range s.reply[ticket].(*event.ProduceReply).Partitions {
			if p.Code != event.CodeInvalidRequiredAcks {
				t.Errorf("acks %d: code %d", acks, p.Code)
			}
		}
	}
	s.quiet()
}

// fetching is a fetch of partitions zero and one, which lie on different shards.
func (s *stage) fetching(maxWait, minBytes, maxBytes, partitionMax int32) (event.Ticket, []event.Machine) {
	s.t.Helper()
	zero, one := apart(s.t)
	ticket := s.request(&event.Fetch{ReplicaID: -1, MaxWaitMs: maxWait, MinBytes: minBytes, MaxBytes: maxBytes,
		Partitions: []event.FetchPartition{
			{Name: "a", Partition: one, Offset: 10, CurrentEpoch: -1, MaxBytes: partitionMax},
			{Name: "a", Partition: zero, Offset: 20, CurrentEpoch: -1, MaxBytes: partitionMax},
		}})
	return ticket, []event.Machine{shardOf(one), shardOf(zero)}
}

func (s *stage) watched(n int) {
	s.t.Helper()
	for range n {
		take[*event.ShardWatch](s)
	}
	s.quiet()
}

func (s *stage) state(m event.Machine, t event.Ticket, index int, code event.Code, bytes int64) {
	s.t.Helper()
	s.from(m, t, &event.ShardState{Items: []event.ShardFetchState{
		{Index: index, Code: code, Bytes: bytes, HighWatermark: 77, LogStart: 7, Leader: nobody()},
	}})
}

func (s *stage) data(m event.Machine, t event.Ticket, index int, pieces ...int) {
	s.t.Helper()
	r := event.FetchPartitionReply{HighWatermark: 88, LastStable: 88, LogStart: 8}
	for _, n := range pieces {
		r.Records = append(r.Records, make([]byte, n))
	}
	s.from(m, t, &event.ShardData{Index: []int{index}, Results: []event.FetchPartitionReply{r}})
}

func TestFetch_WaitsForMinBytesOverAllShardsThenReads(t *testing.T) {
	s := ready(t)
	ticket, m := s.fetching(500, 100, 1000, 600)
	s.watched(2)
	s.state(m[0], ticket, 0, 0, 40)
	s.state(m[1], ticket, 1, 0, 0)
	s.state(m[0], ticket, 0, 0, 99)
	s.quiet()
	s.state(m[1], ticket, 1, 0, 1)
	for range 2 {
		r, e := take[*event.ShardRead](s)
		g := r.Items[0]
		switch g.Item.Index {
		case 0:
			if e.To != m[0] || g.Bytes != 600 || !g.Whole || g.Item.Offset != 10 {
				t.Errorf("%+v", g)
			}
		case 1:
			if e.To != m[1] || g.Bytes != 600 || g.Whole || g.Item.Offset != 20 {
				t.Errorf("%+v", g)
			}
		}
	}
	s.quiet()
	s.state(m[1], ticket, 1, 0, 50) // late: the reading has begun
	s.data(m[1], ticket, 1, 100)
	s.later(event.Second) // the wait's end is none of the reading's business
	if s.reply[ticket] != nil {
		t.Fatal("answered before the second shard")
	}
	s.data(m[0], ticket, 0, 500)
	got := s.reply[ticket].(*event.FetchReply).Partitions
	if got[0].Bytes() != 500 || got[1].Bytes() != 100 || got[0].HighWatermark != 88 {
		t.Errorf("%+v", got)
	}
	if s.front.NextDeadline() != event.Never {
		t.Error("a deadline is left")
	}
}

func TestFetch_AnswersEmptyWhenTheWaitIsOver(t *testing.T) {
	s := ready(t)
	ticket, m := s.fetching(500, 1, 1000, 600)
	s.watched(2)
	s.state(m[0], ticket, 0, 0, 0)
	s.state(m[1], ticket, 1, 0, 0)
	if s.front.NextDeadline() != s.now+500*event.Millisecond {
		t.Fatalf("next deadline %d", s.front.NextDeadline())
	}
	s.later(499 * event.Millisecond)
	if s.reply[ticket] != nil {
		t.Fatal("answered too early")
	}
	s.later(event.Millisecond)
	for range 2 {
		take[*event.ShardUnwatch](s)
	}
	for _, p := range s.reply[ticket].(*event.FetchReply).Partitions {
		if p.Code != 0 || p.HighWatermark != 77 || p.LastStable != 77 || p.LogStart != 7 || len(p.Records) != 0 {
			t.Errorf("%+v", p)
		}
	}
}

func TestFetch_AnErrorEndsTheWaitAtOnceAndTheOthersStillAnswer(t *testing.T) {
	s := ready(t)
	ticket, m := s.fetching(500, 1000, 1000, 600)
	s.watched(2)
	s.state(m[0], ticket, 0, 0, 40)
	s.state(m[1], ticket, 1, event.CodeOffsetOutOfRange, 0)
	for _, e := range s.sent {
		switch body := e.Body.(type) {
		case *event.ShardRead:
			if e.To != m[0] || len(body.Items) != 1 || body.Items[0].Item.Index != 0 {
				t.Errorf("%+v", body)
			}
		case *event.ShardUnwatch:
			if e.To != m[1] {
				t.Errorf("shard %d is unwatched", e.To.Index)
			}
		}
	}
	if len(s.sent) != 2 {
		t.Fatalf("%d messages", len(s.sent))
	}
	s.data(m[0], ticket, 0, 40)
	got := s.reply[ticket].(*event.FetchReply).Partitions
	if got[0].Code != 0 || got[0].Bytes() != 40 || got[1].Code != event.CodeOffsetOutOfRange ||
		got[1].HighWatermark != 77 {
		t.Errorf("%+v", got)
	}
}

func TestFetch_AnErrorThatComesWhileItWaitsEndsTheWait(t *testing.T) {
	s := ready(t)
	ticket, m := s.fetching(500, 1, 1000, 600)
	s.watched(2)
	s.state(m[0], ticket, 0, 0, 0)
	s.state(m[1], ticket, 1, 0, 0)
	s.state(m[0], ticket, 0, event.CodeNotLeaderOrFollower, 0)
	if got := s.reply[ticket].(*event.FetchReply).Partitions; got[0].Code != event.CodeNotLeaderOrFollower ||
		got[1].Code != 0 {
		t.Errorf("%+v", got)
	}
}

func TestFetch_UnknownPartitionsDoNotDelayTheOthers(t *testing.T) {
	s := ready(t)
	zero, _ := apart(t)
	ticket := s.request(&event.Fetch{MaxWaitMs: 500, MinBytes: 1, MaxBytes: 1000, Partitions: []event.FetchPartition{
		{Name: "absent", MaxBytes: 10}, {ID: event.UUID{0xff}, MaxBytes: 10}, {Name: "a", Partition: zero,
			MaxBytes: 10}, {Name: "elsewhere", MaxBytes: 10},
	}})
	s.watched(1)
	s.state(shardOf(zero), ticket, 2, 0, 0)
	got := s.reply[ticket].(*event.FetchReply).Partitions
	want := []event.Code{event.CodeUnknownTopicOrPartition, event.CodeUnknownTopicID, event.CodeNone,
		event.CodeNotLeaderOrFollower}
	for i, p := range got {
		if p.Code != want[i] {
			t.Errorf("partition %d: code %d, want %d", i, p.Code, want[i])
		}
	}
	if got[0].HighWatermark != -1 || got[3].Leader.Node != 2 {
		t.Errorf("%+v", got)
	}
	if r := s.request(&event.Fetch{MaxWaitMs: 500, MinBytes: 1}); s.reply[r] == nil {
		t.Error("a fetch of nothing waits")
	}
}

// F-2.
func TestFetch_Budgets(t *testing.T) {
	for name, c := range map[string]struct {
		max, partitionMax int32
		there             [2]int64 // what the shards report
		grants            [2]int64 // -1 for none
		found             [2][]int // the pieces that they read
		got               [2]int
	}{
		"both fit": {1000, 600, [2]int64{100, 100}, [2]int64{600, 600},
			[2][]int{{100}, {100}}, [2]int{100, 100}},
		"the second gets the rest": {1000, 600, [2]int64{900, 900}, [2]int64{600, 400},
			[2][]int{{600}, {400}}, [2]int{600, 400}},
		"nothing is left for the second": {500, 600, [2]int64{900, 900}, [2]int64{500, -1}, [2][]int{{500}, nil},
			[2]int{500, 0}},
		"the first batch is larger": {500, 600, [2]int64{900, 900}, [2]int64{500, -1}, [2][]int{{9000}, nil},
			[2]int{9000, 0}},
		"an empty one does not count": {500, 600, [2]int64{0, 900}, [2]int64{-1, 500}, [2][]int{nil, {9000}},
			[2]int{0, 9000}},
		"estimates were too low": {1000, 900, [2]int64{100, 100}, [2]int64{900, 900},
			[2][]int{{300, 400}, {200, 200}}, [2]int{700, 200}},
		"the broker's own limit": {9000, 9000, [2]int64{4000, 4000}, [2]int64{5000, 1000},
			[2][]int{{4000}, {1000}}, [2]int{4000, 1000}},
		"a budget of 0 still gives a batch": {0, 0, [2]int64{900, 900}, [2]int64{0, -1}, [2][]int{{300}, nil},
			[2]int{300, 0}},
	} {
		s := ready(t)
		ticket, m := s.fetching(0, 1, c.max, c.partitionMax)
		s.watched(2)
		s.state(m[0], ticket, 0, 0, c.there[0])
		s.state(m[1], ticket, 1, 0, c.there[1])
		grants := [2]int64{-1, -1}
		for _, e := range s.sent {
			if r, ok := e.Body.(*event.ShardRead); ok {
				for _, g := range r.Items {
					grants[g.Item.Index] = g.Bytes
				}
			}
		}
		if grants != c.grants {
			t.Errorf("%s: granted %v, want %v", name, grants, c.grants)
		}
		for i := range grants {
			if grants[i] >= 0 {
				s.data(m[i], ticket, i, c.found[i]...)
			}
		}
		reply := s.reply[ticket].(*event.FetchReply).Partitions
		if got := [2]int{reply[0].Bytes(), reply[1].Bytes()}; got != c.got {
			t.Errorf("%s: answered %v bytes, want %v", name, got, c.got)
		}
	}
}

func TestConnClosed_DropsWhatItWaitedFor(t *testing.T) {
	s := ready(t)
	fetch, m := s.fetching(500, 1, 1000, 600)
	s.watched(2)
	s.state(m[0], fetch, 0, 0, 0)
	zero, _ := apart(t)
	produce := s.request(&event.Produce{Acks: 1, Partitions: []event.ProducePartition{{Name: "a", Partition: zero}}})
	take[*event.ShardProduce](s)
	create := s.request(&event.CreateTopics{TimeoutMs: 100})
	take[*event.CreateTopics](s)
	id := s.request(&event.InitProducerID{})
	take[*event.PIDRequest](s)
	s.step(event.Event{Kind: event.KindConnClosed, Ticket: event.Ticket{Conn: 3}})
	for range 2 {
		take[*event.ShardUnwatch](s)
	}
	if _, e := take[*event.ShardForget](s); e.To != shardOf(zero) || e.Ticket != produce {
		t.Errorf("%s is told to forget %s", e.To, e.Ticket)
	}
	s.quiet()
	s.state(m[1], fetch, 1, 0, 900)
	s.from(shardOf(zero), produce, &event.ShardProduced{Items: make([]event.ShardProduceItem, 1),
		Results: make([]event.ProducePartitionReply, 1)})
	s.from(event.Home, create, &event.CreateTopicsReply{})
	s.from(event.Home, event.Ticket{Seq: 1 << 63}, &event.PIDBlock{First: 0, Count: 10})
	s.later(event.Second)
	for _, ticket := range []event.Ticket{fetch, produce, create, id} {
		if s.reply[ticket] != nil {
			t.Errorf("%v of a closed connection is answered", ticket)
		}
	}
	if s.front.room.Len() != 0 || s.front.NextDeadline() != event.Never {
		t.Error("something is left of a closed connection")
	}
}

func TestListOffsets_FansOut(t *testing.T) {
	s := ready(t)
	zero, one := apart(t)
	ticket := s.request(&event.ListOffsets{Partitions: []event.ListOffsetsPartition{
		{Name: "a", Partition: one, Timestamp: -1}, {Name: "absent"}, {Name: "a", Partition: zero, Timestamp: -2},
	}})
	for range 2 {
		m, e := take[*event.ShardListOffsets](s)
		if len(m.Index) != 1 || len(m.TP) != 1 || len(m.Items) != 1 {
			t.Fatalf("%+v", m)
		}
		s.from(e.To, ticket, &event.ShardListedOffsets{Index: m.Index,
			Results: []event.ListOffsetsPartitionReply{{Offset: m.Items[0].Timestamp * -100}}})
	}
	got := s.reply[ticket].(*event.ListOffsetsReply).Partitions
	if got[0].Offset != 100 || got[1].Code != event.CodeUnknownTopicOrPartition || got[1].Offset != -1 ||
		got[1].Timestamp != -1 || got[2].Offset != 200 {
		t.Errorf("%+v", got)
	}
}

func TestDeleteRecords_FansOut(t *testing.T) {
	s := ready(t)
	zero, one := apart(t)
	ticket := s.request(&event.DeleteRecords{TimeoutMs: 30, Partitions: []event.DeleteRecordsPartition{
		{Name: "a", Partition: one, Offset: 4}, {Name: "absent"}, {Name: "a", Partition: zero, Offset: event.HighWatermark},
		{Name: "elsewhere"}, {Name: "__consumer_offsets"}, {Name: "a", Partition: 99},
	}})
	for range 2 {
		m, e := take[*event.ShardDeleteRecords](s)
		if len(m.Index) != 1 || len(m.TP) != 1 || len(m.Items) != 1 || m.Deadline != s.now+30*event.Millisecond {
			t.Fatalf("%+v", m)
		}
		s.from(e.To, ticket, &event.ShardDeletedRecords{Index: m.Index,
			Results: []event.DeleteRecordsPartitionReply{{LowWatermark: m.Items[0].Offset + 7}}})
	}
	want := []event.DeleteRecordsPartitionReply{
		{LowWatermark: 11}, {Code: event.CodeUnknownTopicOrPartition, LowWatermark: -1}, {LowWatermark: 6},
		{Code: event.CodeNotLeaderOrFollower, LowWatermark: -1}, {Code: event.CodeInvalidTopic, LowWatermark: -1},
		{Code: event.CodeUnknownTopicOrPartition, LowWatermark: -1},
	}
	if got := s.reply[ticket].(*event.DeleteRecordsReply).Partitions; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	none := s.request(&event.DeleteRecords{Partitions: []event.DeleteRecordsPartition{{Name: "absent"}}})
	if got := s.reply[none].(*event.DeleteRecordsReply).Partitions; !slices.Equal(got, want[1:2]) {
		t.Errorf("%+v", got)
	}
}

func TestMetadata_ByNameByIDAndAll(t *testing.T) {
	s := ready(t)
	names := func(r []event.MetadataTopicReply) (out []string) {
		for _, x := range r {
			out = append(out, fmt.Sprintf("%s/%d/%d", x.Name, x.Code, len(x.Partitions)))
		}
		return out
	}
	ask := func(req *event.Metadata) *event.MetadataReply { return s.reply[s.request(req)].(*event.MetadataReply) }
	all := ask(&event.Metadata{All: true})
	if got, want := names(all.Topics), []string{"a/0/8", "elsewhere/0/2"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if len(all.Brokers) != 1 || all.Brokers[0] != (event.Broker{Node: 1, Host: "one", Port: 9092, Rack: "r"}) ||
		all.Controller != 1 || all.ClusterID == "" {
		t.Errorf("%+v", all)
	}
	p := all.Topics[1].Partitions
	if p[0].Leader.Node != 2 || p[1].Code != event.CodeLeaderNotAvailable || p[1].Leader.Node != -1 ||
		!slices.Equal(p[0].Offline, []event.NodeID{2}) {
		t.Errorf("%+v", p)
	}
	some := ask(&event.Metadata{Topics: []event.MetadataTopic{{ID: topicA}, {Name: "absent"}, {ID: event.UUID{0xff}},
		{Name: "b d"}, {Name: "elsewhere"}}})
	want := []string{"a/0/8", "absent/3/0", "/100/0", "b d/17/0", "elsewhere/0/2"}
	if got := names(some.Topics); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if none := ask(&event.Metadata{}); len(none.Topics) != 0 || len(none.Brokers) != 1 {
		t.Errorf("%+v", none)
	}
	s.quiet()
}

func TestMetadata_AutoCreateParksUntilHomeAnswersOrTheTimeIsOver(t *testing.T) {
	s := ready(t)
	req := &event.Metadata{AllowAutoCreate: true, Topics: []event.MetadataTopic{{Name: "n1"}, {Name: "a"},
		{Name: "b d"}, {Name: "n2"}, {Name: "n1"}, {ID: event.UUID{0xff}}}}
	ticket := s.request(req)
	m, e := take[*event.AutoCreate](s)
	if !slices.Equal(m.Names, []string{"n1", "n2"}) || e.To != event.Home {
		t.Fatalf("%+v", m)
	}
	s.im = image(t, "n1")
	s.from(event.Home, event.Ticket{}, &event.ImageUpdate{Image: s.im})
	if s.reply[ticket] != nil {
		t.Fatal("answered before home")
	}
	s.from(event.Home, ticket, &event.AutoCreated{Codes: []event.Code{0, event.CodePolicyViolation}})
	var codes []event.Code
	for _, x := range s.reply[ticket].(*event.MetadataReply).Topics {
		codes = append(codes, x.Code)
	}
	want := []event.Code{0, 0, event.CodeInvalidTopic, event.CodePolicyViolation, 0, event.CodeUnknownTopicID}
	if !slices.Equal(codes, want) {
		t.Errorf("%v, want %v", codes, want)
	}
	slow := s.request(&event.Metadata{AllowAutoCreate: true, Topics: []event.MetadataTopic{{Name: "n3"}}})
	s.later(event.Second)
	if r := s.reply[slow].(*event.MetadataReply); r.Topics[0].Code != event.CodeLeaderNotAvailable {
		t.Errorf("%+v", r.Topics)
	}
	s.from(event.Home, slow, &event.AutoCreated{Codes: []event.Code{0}}) // late: dropped
}

func TestInitProducerID_GivesEachIDOnce(t *testing.T) {
	s := ready(t)
	first, second := s.request(&event.InitProducerID{}), s.request(&event.InitProducerID{})
	third := s.request(&event.InitProducerID{})
	_, e := take[*event.PIDRequest](s)
	s.quiet() // one block at a time
	s.from(event.Home, e.Ticket, &event.PIDBlock{First: 1000, Count: 2})
	id := func(t event.Ticket) int64 { return s.reply[t].(*event.InitProducerIDReply).ProducerID }
	if id(first) != 1000 || id(second) != 1001 || s.reply[third] != nil {
		t.Fatalf("%d %d %v", id(first), id(second), s.reply[third])
	}
	take[*event.PIDRequest](s)
	s.from(event.Home, e.Ticket, &event.PIDBlock{First: 2000, Count: 2})
	if last := s.request(&event.InitProducerID{}); id(third) != 2000 || id(last) != 2001 {
		t.Errorf("%d %d", id(third), id(last))
	}
	none := s.request(&event.InitProducerID{})
	take[*event.PIDRequest](s)
	s.from(event.Home, e.Ticket, &event.PIDBlock{})
	if r := s.reply[none].(*event.InitProducerIDReply); r.Code != event.CodeCoordinatorLoadInProgress ||
		r.ProducerID != -1 || r.ProducerEpoch != -1 {
		t.Errorf("%+v", r)
	}
	slow := s.request(&event.InitProducerID{})
	s.later(5 * event.Second)
	if r := s.reply[slow].(*event.InitProducerIDReply); r.Code != event.CodeCoordinatorLoadInProgress {
		t.Errorf("%+v", r)
	}
	transactional := s.request(&event.InitProducerID{Transactional: true, TransactionalID: "x"})
	if r := s.reply[transactional].(*event.InitProducerIDReply); r.Code != event.CodeUnsupportedVersion ||
		r.ProducerID != -1 {
		t.Errorf("%+v", r)
	}
}

func TestAdmin_HomeAnswersOrTheTimeIsOver(t *testing.T) {
	s := ready(t)
	create := s.request(&event.CreateTopics{TimeoutMs: 100, Topics: []event.CreateTopic{{Name: "x"}}})
	take[*event.CreateTopics](s)
	want := &event.CreateTopicsReply{}
	s.from(event.Home, create, want)
	if s.reply[create] != want {
		t.Error("home's answer is not the reply")
	}
	remove := s.request(&event.DeleteTopics{TimeoutMs: 100, Topics: []event.MetadataTopic{{Name: "x"}}})
	create = s.request(&event.CreateTopics{TimeoutMs: 100, Topics: []event.CreateTopic{{Name: "x"}}})
	s.later(100 * event.Millisecond)
	if r := s.reply[remove].(*event.DeleteTopicsReply); len(r.Topics) != 1 ||
		r.Topics[0].Code != event.CodeRequestTimedOut || r.Topics[0].Name != "x" {
		t.Errorf("%+v", r)
	}
	if r := s.reply[create].(*event.CreateTopicsReply); len(r.Topics) != 1 ||
		r.Topics[0].Code != event.CodeRequestTimedOut || r.Topics[0].Name != "x" {
		t.Errorf("%+v", r)
	}
}

func TestDescribeConfigs(t *testing.T) {
	s := ready(t)
	ticket := s.request(&event.DescribeConfigs{Resources: []event.ConfigResource{
		{Type: event.ResourceTopic, Name: "a", All: true}, {Type: event.ResourceTopic, Name: "a",
			Keys: []string{"retention.ms"}},
		{Type: event.ResourceTopic, Name: "absent", All: true}, {Type: event.ResourceTopic, Name: "b d", All: true},
		{Type: event.ResourceBroker, Name: "1", Keys: []string{"num.partitions"}}, {Type: event.ResourceBroker,
			Name: "2", All: true},
		{Type: event.ResourceBroker, Name: "", All: true}, {Type: 9, Name: "x", All: true},
	}})
	r := s.reply[ticket].(*event.DescribeConfigsReply).Resources
	codes := []event.Code{0, 0, event.CodeUnknownTopicOrPartition, event.CodeInvalidTopic, 0, event.CodeInvalidRequest,
		0, event.CodeInvalidRequest}
	for i := range r {
		if r[i].Code != codes[i] || r[i].Code != 0 && r[i].Why == "" {
			t.Errorf("resource %d: %+v, want code %d", i, r[i], codes[i])
		}
	}
	if len(r[0].Configs) < 25 || len(r[1].Configs) != 1 || len(r[4].Configs) != 1 || !r[4].Configs[0].ReadOnly ||
		len(r[6].Configs) != 0 {
		t.Errorf("%d %d %d %d configurations", len(r[0].Configs), len(r[1].Configs), len(r[4].Configs),
			len(r[6].Configs))
	}
}

func TestDescribeClusterAndFindCoordinator(t *testing.T) {
	s := ready(t)
	live := s.reply[s.request(&event.DescribeCluster{})].(*event.DescribeClusterReply)
	all := s.reply[s.request(&event.DescribeCluster{IncludeFenced: true})].(*event.DescribeClusterReply)
	if len(live.Brokers) != 1 || len(all.Brokers) != 2 || !all.Brokers[1].Fenced ||
		live.ClusterID != s.im.ClusterID() || live.Controller != 1 {
		t.Errorf("%+v, %+v", live, all)
	}
	found := s.reply[s.request(&event.FindCoordinator{Keys: []string{"g", "h"}})].(*event.FindCoordinatorReply)
	if len(found.Coordinators) != 2 {
		t.Fatalf("%+v", found)
	}
	for i, c := range found.Coordinators {
		if c.Code != event.CodeCoordinatorNotAvailable || c.Node != -1 || c.Port != -1 || c.Key != []string{"g",
			"h"}[i] || c.Why == "" {
			t.Errorf("%+v", c)
		}
	}
}

// F-4.
func TestEarly_RequestsWaitAreServedInOrderOrTurnedAway(t *testing.T) {
	s := newStage(t)
	a, b := s.request(&event.Metadata{All: true}), s.request(&event.DescribeCluster{})
	s.step(event.Event{Kind: event.KindRequest, Ticket: event.Ticket{Conn: 4}, Body: &event.Metadata{}})
	full := s.request(&event.Produce{Partitions: make([]event.ProducePartition, 2)})
	if r := s.reply[full].(*event.ProduceReply); len(r.Partitions) != 2 ||
		r.Partitions[1].Code != event.CodeNotLeaderOrFollower || r.Partitions[1].BaseOffset != -1 {
		t.Errorf("turned away with %+v", r)
	}
	s.step(event.Event{Kind: event.KindConnClosed, Ticket: event.Ticket{Conn: 4}})
	s.later(event.Second)
	if s.reply[a] != nil || s.reply[b] != nil || s.front.Ready() {
		t.Fatal("answered before the broker is ready")
	}
	s.from(event.Home, event.Ticket{}, &event.ImageUpdate{Image: s.im})
	if s.reply[a] == nil || s.reply[b] == nil || !s.front.Ready() || s.front.NextDeadline() != event.Never {
		t.Fatal("not answered when the broker was ready")
	}
	if _, answered := s.reply[event.Ticket{Conn: 4}]; answered {
		t.Error("a request of a closed connection is answered")
	}
}

func TestEarly_EveryKindIsTurnedAwayInTime(t *testing.T) {
	for _, body := range []event.Body{
		&event.Produce{Partitions: make([]event.ProducePartition,
			1)}, &event.Fetch{Partitions: make([]event.FetchPartition, 1)},
		&event.ListOffsets{Partitions: make([]event.ListOffsetsPartition,
			1)}, &event.FindCoordinator{Keys: []string{"x"}}, &event.InitProducerID{},
		&event.Metadata{}, &event.CreateTopics{}, &event.DeleteTopics{}, &event.DescribeConfigs{},
		&event.DescribeCluster{}, &event.DeleteRecords{Partitions: make([]event.DeleteRecordsPartition, 1)},
	} {
		s := newStage(t)
		s.request(body)
		if s.front.NextDeadline() != s.now+10*event.Second {
			t.Fatalf("%T: next deadline %d", body, s.front.NextDeadline())
		}
		s.later(10 * event.Second)
		effects := s.out.Effects()
		if len(effects) != 1 || effects[0].Op != event.OpReply && effects[0].Op != event.OpCloseConn {
			t.Errorf("%T: %+v", body, effects)
		}
	}
}

func TestFront_BrokenLawsAreNamed(t *testing.T) {
	for law, do := range map[string]func(*stage){
		"F-4": func(s *stage) {
			s.from(event.Home, event.Ticket{}, &event.ImageUpdate{Image: metadata.New(event.UUID{})})
		},
		"F-0": func(s *stage) { s.request(&event.ShardState{}) },
		"F-3": func(s *stage) {
			_, m := s.fetching(500, 1, 10, 10)
			s.state(m[0], event.Ticket{Conn: 3}, 0, 0, 0)
			s.data(m[0], event.Ticket{Conn: 3}, 0)
		},
	} {
		func() {
			defer func() {
				if v, broken := recover().(invariant.Violation); !broken || !strings.HasPrefix(v.Text, law) {
					t.Errorf("%s: %v", law, v)
				}
			}()
			do(ready(t))
		}()
	}
}
