package workload

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/net/kafka"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"
)

func TestValue_IsSeenAndEveryWrongByteToo(t *testing.T) {
	for _, v := range []history.Value{history.NewValue(0, 0), history.NewValue(3, 17), history.NewValue(12, 123456)} {
		for _, size := range []int{0, 1, 8, 9, 100} {
			p := appendValue(nil, v, size)
			if got := parseValue(p); got != v || len(p) < size {
				t.Fatalf("%s in %d bytes is read as %s", v, len(p), got)
			}
			for i := range p {
				p[i] ^= 1
				if got := parseValue(p); got == v {
					t.Fatalf("%s is still seen with byte %d of %d wrong", v, i, len(p))
				}
				p[i] ^= 1
			}
		}
	}
	for _, junk := range []string{"", "|", "c|", "c-|", "c1|", "cx-1|", "record"} {
		if got := parseValue([]byte(junk)); got != history.Foreign {
			t.Errorf("%q is read as %s", junk, got)
		}
	}
}

// What a producer sends is what the edge of a broker takes for sound, and what a consumer reads back.
func TestBatch_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []byte
		var want []history.Record
		next := rapid.Int64Range(0, 1<<40).Draw(t, "offset")
		from := next
		for n := range rapid.IntRange(1, 4).Draw(t, "batches") {
			var values []history.Value
			for i := range rapid.IntRange(1, 9).Draw(t, "records") {
				values = append(values, history.NewValue(n, uint64(i)))
				want = append(want, history.Record{Offset: next + int64(i), Value: values[i]})
			}
			id := identity{pid: rapid.Int64Range(0, 99).Draw(t, "pid"), sequence: 5}
			b := appendBatch(nil, id, 1700, values, rapid.IntRange(1, 300).Draw(t, "bytes"))
			if v := kafka.NewCodec(kafka.Limits{}).Validate(b, 9); !v.OK() {
				t.Fatalf("%+v", v)
			}
			record.Batch(b).Stamp(next, 3)
			next += int64(len(values))
			all = append(all, b...)
		}
		skip := rapid.IntRange(0, len(want)).Draw(t, "skip")
		if got := parseBatches(nil, all, from+int64(skip)); len(got)+len(want[skip:]) > 0 && !reflect.DeepEqual(got, want[skip:]) {
			t.Fatalf("from %d: got %v, want %v", skip, got, want[skip:])
		}
		at := rapid.IntRange(17, len(all)-1).Draw(t, "flip")
		broken := bytes.Clone(all)
		broken[at] ^= 1
		if got := parseBatches(nil, broken, from); reflect.DeepEqual(got, want) {
			offset := at
			for b := record.Batch(all); offset >= b.Size(); b = b[b.Size():] {
				offset -= b.Size()
			}
			if offset >= 17 {
				t.Fatalf("byte %d is wrong, and nobody sees it", at)
			}
		}
	})
}

func TestGenerate_ClientsDrawFromTheirOwnStreams(t *testing.T) {
	profile, _ := fault.ProfileOf(1, "calm")
	of := func(ops []fault.Op, client int) (out []fault.Op) {
		for _, op := range ops {
			if op.Client == client {
				out = append(out, op)
			}
		}
		return out
	}
	for seed := range uint64(30) {
		h := fault.NewHeader(seed, profile)
		all := Generate(&h, DefaultSize)
		other := h
		other.Clients = append([]fault.Client(nil), h.Clients...)
		last := len(other.Clients) - 1 // the admin
		other.Clients[last].Role = fault.Consumer
		changed := Generate(&other, DefaultSize)
		if !reflect.DeepEqual(of(all, 0), of(changed, 0)) {
			t.Fatalf("seed %d: another client's role changes what client 0 does", seed)
		}
		for _, op := range all {
			if op.Topic >= len(h.Topics) || op.Do == DoProduce && (op.Partition >= h.Topics[op.Topic].Most() || op.Records*op.Bytes > mostDirect+64) {
				t.Fatalf("seed %d: %+v", seed, op)
			}
		}
	}
}

// script is a client with one batch to write, at the point where it has been sent once.
type script struct {
	t *testing.T
	c *Client
	m Moment
}

func newScript(t *testing.T, spec fault.Client, ops int) *script {
	h := &fault.Header{Topics: []fault.Topic{{Name: "a", Partitions: 1}}, Clients: []fault.Client{spec}}
	var plan []fault.Op
	for range ops {
		plan = append(plan, fault.Op{Do: DoProduce, Acks: -1, Records: 2, Bytes: 8})
	}
	s := &script{t: t, c: New(0, h, plan)}
	s.connect()
	meta := kmsg.NewPtrMetadataResponse()
	name := "a"
	topic := kmsg.NewMetadataResponseTopic()
	topic.Topic, topic.TopicID = &name, [16]byte{1}
	topic.Partitions = append(topic.Partitions, kmsg.NewMetadataResponseTopicPartition())
	meta.Topics = append(meta.Topics, topic)
	s.answer(meta, 12)
	if spec.Idempotent {
		s.answer(&kmsg.InitProducerIDResponse{ProducerID: 7}, 4)
	}
	return s
}

func (s *script) tick(d event.Time) {
	s.m.Now += d
	s.m.Event += 2
	s.c.Tick(s.m)
}

func (s *script) connect() {
	s.tick(event.Second)
	if !s.c.Wants().Dial {
		s.t.Fatal("no dial")
	}
	s.m.Event += 2
	s.c.Connected(s.m)
}

// answer gives the oldest request in flight its answer.
func (s *script) answer(resp kmsg.Response, version int16) {
	if len(s.c.waiting) == 0 {
		s.t.Fatal("nothing was asked")
	}
	resp.SetVersion(version)
	frame := []byte{0, 0, 0, 0, 0, 0, 0, byte(s.c.waiting[0].correlation)}
	if resp.IsFlexible() {
		frame = append(frame, 0)
	}
	frame = resp.AppendTo(frame)
	frame[2], frame[3] = byte((len(frame)-4)>>8), byte(len(frame)-4)
	s.m.Event += 2
	s.c.Received(s.m, frame)
}

func (s *script) produced(code event.Code, offset int64) {
	part := kmsg.NewProduceResponseTopicPartition()
	part.ErrorCode, part.BaseOffset = int16(code), offset
	topic := kmsg.NewProduceResponseTopic()
	topic.Topic, topic.Partitions = "a", []kmsg.ProduceResponseTopicPartition{part}
	s.answer(&kmsg.ProduceResponse{Topics: []kmsg.ProduceResponseTopic{topic}}, 9)
}

func (s *script) op(n int) *history.Op { return s.c.History()[n] }

func TestProducer_SendsAgainUnderTheSameSequence(t *testing.T) {
	s := newScript(t, fault.Client{Role: fault.Producer, Idempotent: true, InFlight: 2, Timeout: event.Second}, 2)
	first := bytes.Clone(s.c.Wants().Send)
	batch := bytes.Clone(s.c.role.(*producer).open[0].bytes)
	s.tick(2 * event.Second) // the requests time out
	if !s.c.Wants().Hang {
		t.Fatal("a request that timed out leaves the connection up")
	}
	s.connect()
	again := s.c.Wants().Send
	if s.op(0).Attempts != 2 || s.op(1).Attempts != 2 || !bytes.Contains(first, batch) || !bytes.Contains(again, batch) {
		t.Fatalf("%+v", s.op(0))
	}
	s.produced(event.CodeNone, 40)
	s.produced(event.CodeNone, 42)
	for i, want := range []int64{40, 42} {
		if op := s.op(i); op.Outcome != history.OK || op.Offset != want || op.Sequence != int32(2*i) || op.PID != 7 || op.Return <= op.Invoke {
			t.Errorf("%+v", op)
		}
	}
	if !s.c.Done() {
		t.Error("not done")
	}
}

func TestProducer_OutcomesSayOnlyWhatIsKnown(t *testing.T) {
	for _, tc := range []struct {
		name       string
		idempotent bool
		do         func(s *script)
		want       history.Outcome
	}{
		{"accepted", false, func(s *script) { s.produced(event.CodeNone, 0) }, history.OK},
		{"refused", false, func(s *script) { s.produced(event.CodeMessageTooLarge, -1) }, history.Fail},
		{"lost without sequence numbers", false, func(s *script) { s.tick(2 * event.Second) }, history.Unknown},
		{"time-out told by the broker", false, func(s *script) { s.produced(event.CodeRequestTimedOut, -1) }, history.Unknown},
		{"broken sequence", true, func(s *script) { s.produced(event.CodeOutOfOrderSequence, -1) }, history.Fail},
		{"broken sequence, second attempt", true, func(s *script) {
			s.tick(2 * event.Second)
			s.connect()
			s.produced(event.CodeOutOfOrderSequence, -1)
		}, history.Unknown},
		{"refused, second attempt", true, func(s *script) {
			s.tick(2 * event.Second)
			s.connect()
			s.produced(event.CodeMessageTooLarge, -1)
		}, history.Unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScript(t, fault.Client{Role: fault.Producer, Idempotent: tc.idempotent, InFlight: 1, Timeout: event.Second}, 1)
			tc.do(s)
			if op := s.op(0); op.Outcome != tc.want || (op.Return != 0) != (tc.want != history.Unknown) {
				t.Errorf("%+v", op)
			}
			if !s.c.Done() || s.c.Err() != nil {
				t.Errorf("done %v, %v", s.c.Done(), s.c.Err())
			}
		})
	}
}

func TestClient_SeesABrokenProtocol(t *testing.T) {
	s := newScript(t, fault.Client{Role: fault.Producer, InFlight: 1, Timeout: event.Second}, 1)
	s.produced(event.CodeInvalidRecord, -1)
	if s.c.Err() == nil {
		t.Error("a sound batch is called invalid, and the client believes it")
	}
	s = newScript(t, fault.Client{Role: fault.Producer, InFlight: 1, Timeout: event.Second}, 1)
	s.c.Received(s.m, []byte{0, 0, 0, 4, 0, 0, 0, 99})
	if s.c.Err() == nil {
		t.Error("an answer to nobody's question")
	}
}
