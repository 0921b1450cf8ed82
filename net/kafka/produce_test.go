package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
)

// The oracle of Produce is what every other API goes through: Check, and kmsg behind it.

// produceByKmsg decodes body as Check and kmsg do.
func produceByKmsg(h Header, body []byte) (*kmsg.ProduceRequest, error) {
	if err := Check(h, body); err != nil {
		return nil, err
	}
	req := kmsg.NewPtrProduceRequest()
	req.Version = h.Version
	return req, req.ReadFrom(body)
}

// sameProduce says where got differs from what kmsg read; "" if it does not.
func sameProduce(got *ProduceRequest, want *kmsg.ProduceRequest) string {
	if got.Acks != want.Acks || got.TimeoutMs != max(want.TimeoutMillis, 0) || len(got.Topics) != len(want.Topics) {
		return fmt.Sprintf("acks %d, timeout %d, %d topics", got.Acks, got.TimeoutMs, len(got.Topics))
	}
	var partitions []event.ProducePartition
	for i, topic := range want.Topics {
		if t := got.Topics[i]; t != (ProduceTopic{topic.Topic, topic.TopicID, len(topic.Partitions)}) {
			return fmt.Sprintf("topic %d is %+v", i, t)
		}
		for _, p := range topic.Partitions {
			partitions = append(partitions, event.ProducePartition{
				Name: topic.Topic, ID: topic.TopicID, Partition: p.Partition, Batch: p.Records,
			})
		}
	}
	if len(partitions) != len(got.Partitions) || len(partitions) > 0 && !reflect.DeepEqual(partitions, got.Partitions) {
		return fmt.Sprintf("partitions %+v, want %+v", got.Partitions, partitions)
	}
	return ""
}

// compareProduce decodes body in both ways: the same request, or the same refusal.
func compareProduce(t interface{ Fatalf(string, ...any) }, h Header, body []byte, names *Names) {
	want, wantErr := produceByKmsg(h, body)
	got := new(ProduceRequest)
	switch err := got.Decode(h, body, names); {
	case (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error():
		t.Fatalf("v%d %x: %v, want %v", h.Version, body, err, wantErr)
	case err == nil:
		if diff := sameProduce(got, want); diff != "" {
			t.Fatalf("v%d %x: %s", h.Version, body, diff)
		}
	}
}

// eachProduce runs f for every version of Produce.
func eachProduce(f func(h Header)) {
	api, _ := Lookup(KeyProduce)
	for v := api.Served; v <= api.Max; v++ {
		f(Header{Key: KeyProduce, Version: v, Correlation: 7, Flexible: api.IsFlexible(v)})
	}
}

// drawTags draws tagged fields that nobody knows.
func drawTags(t *rapid.T, tags *kmsg.Tags) {
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2, 9}).Draw(t, "tags") {
		tags.Set(rapid.Uint32().Draw(t, "tag"), rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "value"))
	}
}

// drawProduce draws the body of a request.
func drawProduce(t *rapid.T, version int16) []byte {
	req := kmsg.NewPtrProduceRequest()
	fill(t, reflect.ValueOf(req).Elem())
	req.Version = version
	req.TimeoutMillis = rapid.Int32().Draw(t, "timeout")
	if rapid.Bool().Draw(t, "one") {
		req.Topics = make([]kmsg.ProduceRequestTopic, 1)
		req.Topics[0].Partitions = make([]kmsg.ProduceRequestTopicPartition, 1)
		fill(t, reflect.ValueOf(&req.Topics[0]).Elem())
	}
	drawTags(t, &req.UnknownTags)
	for i := range req.Topics {
		drawTags(t, &req.Topics[i].UnknownTags)
		for j := range req.Topics[i].Partitions {
			p := &req.Topics[i].Partitions[j]
			drawTags(t, &p.UnknownTags)
			if rapid.IntRange(0, 3).Draw(t, "records") == 0 {
				p.Records = nil
			}
		}
	}
	return req.AppendTo(nil)
}

func TestProduceDecodesAsKmsgDoes(t *testing.T) {
	var names Names
	eachProduce(func(h Header) {
		rapid.Check(t, func(t *rapid.T) {
			body := drawProduce(t, h.Version)
			compareProduce(t, h, body, &names)
			if got := new(ProduceRequest); got.Decode(h, body, &names) != nil {
				t.Fatalf("v%d: refused", h.Version)
			}
			compareProduce(t, h, append(body, 1, 2, 3), &names)
		})
	})
}

func TestProduceRefusesAsKmsgDoes(t *testing.T) {
	var names Names
	eachProduce(func(h Header) {
		rapid.Check(t, func(t *rapid.T) {
			body := drawProduce(t, h.Version)
			compareProduce(t, h, body[:rapid.IntRange(0, len(body)).Draw(t, "cut")], &names)
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				at := rapid.IntRange(0, len(body)-1).Draw(t, "at")
				body[at] = rapid.OneOf(rapid.SampledFrom([]byte{0, 1, 2, 0x7f, 0x80, 0xfe, 0xff}), rapid.Byte()).Draw(t, "byte")
			}
			compareProduce(t, h, body, &names)
		})
	})
}

// TestProduceLies puts the largest and the smallest counts and lengths at every place of a request.
func TestProduceLies(t *testing.T) {
	var names Names
	lies := [][]byte{
		{0x7f, 0xff, 0xff, 0xff}, {0x80, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0xfe}, {0x00, 0x10, 0, 0},
		{0x7f, 0xff}, {0x80, 0x00}, {0xff, 0xff}, {0xff, 0xff, 0xff, 0xff, 0x0f}, {0xff, 0xff, 0xff, 0xff, 0x1f},
		{0x80, 0x80, 0x80, 0x80, 0x80, 0}, {0xff, 0x7f}, {2, 5, 0, 4, 0}, {2, 5, 0, 5, 0}, {0}, {1}, {3},
	}
	eachProduce(func(h Header) {
		req := kmsg.NewPtrProduceRequest()
		req.Version = h.Version
		for i := range 2 {
			topic := kmsg.NewProduceRequestTopic()
			topic.Topic, topic.TopicID = "orders", [16]byte{1, byte(i)}
			for j := range 2 {
				p := kmsg.NewProduceRequestTopicPartition()
				p.Partition, p.Records = int32(j), []byte("not a batch")
				topic.Partitions = append(topic.Partitions, p)
			}
			req.Topics = append(req.Topics, topic)
		}
		sound := req.AppendTo(nil)
		for at := range sound {
			for _, lie := range lies {
				body := bytes.Clone(sound)
				copy(body[at:], lie)
				compareProduce(t, h, body, &names)
			}
		}
	})
}

// TestProduceBudgets: what takes too much memory or has too many elements is refused as elsewhere.
func TestProduceBudgets(t *testing.T) {
	var names Names
	eachProduce(func(h Header) {
		many := func(topics, partitions, tags int) []byte {
			req := kmsg.NewPtrProduceRequest()
			req.Version = h.Version
			req.Topics = make([]kmsg.ProduceRequestTopic, topics)
			for i := range req.Topics {
				req.Topics[i].Partitions = make([]kmsg.ProduceRequestTopicPartition, partitions)
				for j := range req.Topics[i].Partitions {
					for tag := range tags {
						req.Topics[i].Partitions[j].UnknownTags.Set(uint32(tag), nil)
					}
				}
			}
			return req.AppendTo(nil)
		}
		for _, body := range [][]byte{
			many(3000, 0, 0), many(3000, 1, 0), many(1, 3000, 0), many(3000, 3, 1), many(2, 3000, 9), many(1, MaxElements+1, 0),
		} {
			compareProduce(t, h, body, &names)
		}
	})
}

func FuzzProduce(f *testing.F) {
	eachProduce(func(h Header) {
		req := kmsg.NewPtrProduceRequest()
		req.Version = h.Version
		topic := kmsg.NewProduceRequestTopic()
		topic.Topic, topic.TopicID = "orders", [16]byte{1}
		topic.Partitions = append(topic.Partitions, kmsg.NewProduceRequestTopicPartition())
		req.Topics = append(req.Topics, topic)
		f.Add(h.Version, req.AppendTo(nil))
		req.Topics = append(req.Topics, topic)
		req.UnknownTags.Set(3, []byte("x"))
		f.Add(h.Version, req.AppendTo(nil))
	})
	f.Fuzz(func(t *testing.T, version int16, body []byte) {
		if api, _ := Lookup(KeyProduce); api.Serves(version) {
			var names Names
			compareProduce(t, Header{Key: KeyProduce, Version: version, Flexible: api.IsFlexible(version)}, body, &names)
		}
	})
}

// producedByKmsg is the whole reply as kmsg has it.
func producedByKmsg(h Header, req *ProduceRequest, answers []event.ProducePartitionReply, faults []RecordFault) []byte {
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	resp := kmsg.NewPtrProduceResponse()
	resp.Version = h.Version
	item := 0
	for _, from := range req.Topics {
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic, topic.TopicID = from.Name, from.ID
		for range from.Partitions {
			p, r := kmsg.NewProduceResponseTopicPartition(), &answers[item]
			p.Partition, p.ErrorCode, p.LogStartOffset = req.Partitions[item].Partition, int16(r.Code), r.LogStart
			p.BaseOffset, p.LogAppendTime = r.BaseOffset, r.LogAppendTime
			if r.Code != event.CodeNone {
				p.BaseOffset, p.LogAppendTime, p.ErrorMessage = -1, -1, text(r.Why)
				if h.Version >= 10 && WrongLeader(r.Code) && r.Leader.Node >= 0 {
					p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch = int32(r.Leader.Node), r.Leader.Epoch
				}
			}
			for _, f := range faults {
				if f.Item == item {
					e := kmsg.NewProduceResponseTopicPartitionErrorRecord()
					e.RelativeOffset, e.ErrorMessage = f.Record, text(r.Why)
					p.ErrorRecords = append(p.ErrorRecords, e)
				}
			}
			topic.Partitions = append(topic.Partitions, p)
			item++
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return Encode(h, resp, 64)
}

func drawProduced(t *rapid.T) (req *ProduceRequest, answers []event.ProducePartitionReply, faults []RecordFault) {
	req = new(ProduceRequest)
	for range rapid.IntRange(0, 3).Draw(t, "topics") {
		topic := ProduceTopic{
			Name: rapid.StringMatching("[a-z]{0,200}").Draw(t, "name"), ID: event.UUID{rapid.Byte().Draw(t, "id")},
			Partitions: rapid.IntRange(0, 4).Draw(t, "partitions"),
		}
		for range topic.Partitions {
			if rapid.IntRange(0, 2).Draw(t, "fault") == 0 {
				faults = append(faults, RecordFault{len(answers), rapid.Int32().Draw(t, "record")})
			}
			req.Partitions = append(req.Partitions, event.ProducePartition{Partition: rapid.Int32().Draw(t, "partition")})
			answers = append(answers, event.ProducePartitionReply{
				Code: rapid.SampledFrom([]event.Code{
					event.CodeNone, event.CodeNone, event.CodeInvalidRecord, event.CodeNotLeaderOrFollower,
					event.CodeFencedLeaderEpoch, event.CodeUnknownServer,
				}).Draw(t, "code"),
				BaseOffset: rapid.Int64().Draw(t, "base"), LogAppendTime: rapid.Int64().Draw(t, "time"),
				LogStart: rapid.Int64().Draw(t, "start"), Why: rapid.StringN(0, 9, 300).Draw(t, "why"),
				Leader: event.Leader{
					Node: event.NodeID(rapid.Int32Range(-1, 3).Draw(t, "leader")), Epoch: rapid.Int32().Draw(t, "epoch"),
				},
			})
		}
		req.Topics = append(req.Topics, topic)
	}
	return req, answers, faults
}

// TestProducedIsWhatKmsgWouldWrite is law X-3.
func TestProducedIsWhatKmsgWouldWrite(t *testing.T) {
	eachProduce(func(h Header) {
		rapid.Check(t, func(t *rapid.T) {
			req, answers, faults := drawProduced(t)
			want := producedByKmsg(h, req, answers, faults)
			size := ProducedSize(req, answers, faults)
			before := []byte("before")
			got := AppendProduced(append(make([]byte, 0, len(before)+size), before...), h, req, answers, faults)
			if !bytes.Equal(got, append(before, want...)) {
				t.Fatalf("v%d:\n%x\n%x", h.Version, got[len(before):], want)
			}
			if cap(got) != len(before)+size {
				t.Fatalf("v%d: %d bytes, and room for %d was said to be enough", h.Version, len(got)-len(before), size)
			}
			resp := kmsg.NewPtrProduceResponse()
			resp.Version = h.Version
			skip := 8
			if h.Flexible {
				skip++
			}
			if err := resp.ReadFrom(want[skip:]); err != nil || int(binary.BigEndian.Uint32(want)) != len(want)-4 {
				t.Fatalf("v%d: %v", h.Version, err)
			}
		})
	})
}

// A request for one partition is decoded and answered without an allocation, once its topic is known.
func TestOneProduceDoesNotAllocate(t *testing.T) {
	var names Names
	eachProduce(func(h Header) {
		req := kmsg.NewPtrProduceRequest()
		req.Version = h.Version
		topic := kmsg.NewProduceRequestTopic()
		topic.Topic, topic.TopicID = "orders", [16]byte{1}
		topic.Partitions = append(topic.Partitions, kmsg.NewProduceRequestTopicPartition())
		req.Topics = append(req.Topics, topic)
		body := req.AppendTo(nil)
		call, buf := new(ProduceRequest), make([]byte, 0, 1024)
		answers := make([]event.ProducePartitionReply, 1)
		if n := testing.AllocsPerRun(100, func() {
			if err := call.Decode(h, body, &names); err != nil {
				t.Fatal(err)
			}
			AppendProduced(buf, h, call, answers, nil)
		}); n > 0 {
			t.Errorf("v%d: %v allocations", h.Version, n)
		}
	})
}

// TestNamesAreTheirBytes is law X-2 of names: what was there before does not show.
func TestNamesAreTheirBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var names Names
		for range rapid.IntRange(1, 200).Draw(t, "names") {
			b := []byte(rapid.StringN(0, 2, 2*longestName).Draw(t, "name"))
			if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
				b = bytes.Repeat([]byte("x"), longestName+rapid.IntRange(0, 1).Draw(t, "more"))
			}
			want := string(b)
			got := names.Of(b)
			clear(b)
			if got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	})
}
