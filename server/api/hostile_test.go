package api

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// memoryPerByte is the most memory that decoding may take for each byte of a frame, and memoryFloor what it may take
// for any frame.
const (
	memoryPerByte = 64
	memoryFloor   = 16 << 10
)

// taken is how many bytes of memory f allocates.
func taken(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// one says whether exactly one of the three outcomes is there (law A-1).
func one(o Outcome) bool {
	n := 0
	for _, is := range []bool{o.Body != nil, o.Answer != nil, o.Close} {
		if is {
			n++
		}
	}
	return n == 1 && (o.Pending != nil) == (o.Body != nil) && o.Close == (o.Why != "")
}

// serve decodes a frame and answers it as a core might.
func serve(t failer, a *API, frame []byte) Outcome {
	t.Helper()
	out := a.Decode(ticket, frame)
	if !one(out) {
		t.Fatalf("outcome %+v of %x", out, frame)
	}
	if out.Body != nil {
		a.Encode(out.Pending, newDice(uint64(len(frame))).answer(out.Body))
	}
	return out
}

func TestTruncatedRequests(t *testing.T) {
	a := New(Config{})
	eachVersion(func(row kafka.API, v int16) {
		frame := frameOf(example(row.Key, v))
		for n := range frame {
			if out := serve(t, a, frame[:n:n]); !out.Close {
				t.Fatalf("%s v%d: %d of %d bytes pass: %+v", row.Name, v, n, len(frame), out)
			}
		}
		if out := serve(t, a, append(bytes.Clone(frame), 1, 2, 3)); out.Close {
			t.Fatalf("%s v%d: bytes behind the request: %s", row.Name, v, out.Why)
		}
	})
}

// TestMutatedRequests: whatever the bytes, an outcome and bounded memory.
func TestMutatedRequests(t *testing.T) {
	a := New(Config{})
	eachVersion(func(row kafka.API, v int16) {
		sound := frameOf(example(row.Key, v))
		rapid.Check(t, func(t *rapid.T) {
			frame := bytes.Clone(sound)
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				at := rapid.IntRange(4, len(frame)-1).Draw(t, "at")
				frame[at] = rapid.SampledFrom([]byte{0, 1, 2, 0x7f, 0x80, 0xfe, 0xff}).Draw(t, "byte")
			}
			serve(t, a, frame)
		})
	})
}

// TestLyingCounts puts the largest and the smallest counts and lengths at every place of every request.
func TestLyingCounts(t *testing.T) {
	a := New(Config{})
	serve(t, a, frameOf(example(kafka.KeyProduce, 9)))
	lies := [][]byte{
		{0x7f, 0xff, 0xff, 0xff}, {0x80, 0, 0, 0}, {0xff, 0xff, 0xff, 0xfe}, {0x00, 0x10, 0, 0}, {0x7f, 0xff}, {0x80, 0x00},
		{0xff, 0xff, 0xff, 0xff, 0x0f}, {0xff, 0xff, 0xff, 0xff, 0x07}, {0x80, 0x80, 0x80, 0x01}, {0xff, 0x7f},
	}
	eachVersion(func(row kafka.API, v int16) {
		sound := frameOf(example(row.Key, v))
		for at := 8; at < len(sound); at++ {
			took := taken(func() {
				for _, lie := range lies {
					frame := bytes.Clone(sound)
					copy(frame[at:], lie)
					a.Decode(ticket, frame)
				}
			})
			if allowed := memoryPerByte*uint64(len(sound)) + memoryFloor; took > uint64(len(lies))*allowed {
				t.Fatalf("%s v%d: %d bytes taken for lies at %d of %d", row.Name, v, took, at, len(sound))
			}
		}
	})
}

// TestMemoryPerByte measures what decoding takes for requests that are nothing but the smallest elements, in each of
// their arrays: the most that a client gets out of a byte it sends.
func TestMemoryPerByte(t *testing.T) {
	a := New(Config{})
	worst, where := 0.0, ""
	eachVersion(func(row kafka.API, v int16) {
		for path := range arraysOf(reflect.TypeOf(example(row.Key, v)).Elem()) {
			req := example(row.Key, v)
			crowd(reflect.ValueOf(req).Elem(), path, 20_000)
			frame := frameOf(req)
			if len(frame) < 10_000 {
				continue // the version has no such array
			}
			var out Outcome
			took := taken(func() { out = a.Decode(ticket, frame) })
			if out.Close && !strings.Contains(out.Why, "too much memory") {
				t.Fatalf("%s v%d %s: %s", row.Name, v, path, out.Why)
			}
			if per := float64(took) / float64(len(frame)); per > worst {
				worst, where = per, fmt.Sprintf("%s v%d %s", row.Name, v, path)
			}
		}
	})
	t.Logf("at most %.1f bytes of memory per byte of input (%s)", worst, where)
	if worst > memoryPerByte {
		t.Errorf("%.1f bytes of memory per byte of input: %s", worst, where)
	}
}

// arraysOf names the arrays of a request: "Topics", "Topics.Partitions", ...
func arraysOf(typ reflect.Type) map[string]bool {
	paths := map[string]bool{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Type.Kind() != reflect.Slice || f.Type.Elem().Kind() == reflect.Uint8 {
			continue
		}
		paths[f.Name] = true
		if f.Type.Elem().Kind() == reflect.Struct {
			for inner := range arraysOf(f.Type.Elem()) {
				paths[f.Name+"."+inner] = true
			}
		}
	}
	return paths
}

// crowd puts n empty elements into the array at path, and one into those on the way.
func crowd(v reflect.Value, path string, n int) {
	name, inner, nested := path, "", false
	for i := range len(path) {
		if path[i] == '.' {
			name, inner, nested = path[:i], path[i+1:], true
			break
		}
	}
	f := v.FieldByName(name)
	if nested {
		f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		crowd(f.Index(0), inner, n)
		return
	}
	f.Set(reflect.MakeSlice(f.Type(), n, n))
}

// TestLargeHonestRequests: the budget is no limit to requests whose names are names.
func TestLargeHonestRequests(t *testing.T) {
	a := New(Config{})
	eachVersion(func(row kafka.API, v int16) {
		for path := range arraysOf(reflect.TypeOf(example(row.Key, v)).Elem()) {
			req := example(row.Key, v)
			crowd(reflect.ValueOf(req).Elem(), path, 3000)
			christen(reflect.ValueOf(req).Elem(), new(int))
			if out := a.Decode(ticket, frameOf(req)); out.Close {
				t.Errorf("%s v%d %s: %s", row.Name, v, path, out.Why)
			}
		}
	})
}

// christen gives every string of a request a short name of its own.
func christen(v reflect.Value, count *int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "UnknownTags" {
				christen(v.Field(i), count)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			christen(v.Index(i), count)
		}
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.New(v.Type().Elem()))
			christen(v.Elem(), count)
		}
	case reflect.String:
		*count++
		v.SetString(strconv.FormatInt(int64(*count), 36))
	}
}

// TestUnknownTagsAreSkipped: a client from the future may tag what it likes, within reason.
func TestUnknownTagsAreSkipped(t *testing.T) {
	a := New(Config{})
	req := example(kafka.KeyMetadata, 12).(*kmsg.MetadataRequest)
	req.UnknownTags.Set(7, []byte("from the future"))
	req.Topics[0].UnknownTags.Set(9, nil)
	if out := serve(t, a, frameOf(req)); out.Body == nil {
		t.Fatalf("%+v", out)
	}
	for range 20_000 {
		topic := kmsg.NewMetadataRequestTopic()
		topic.UnknownTags.Set(1000, nil)
		req.Topics = append(req.Topics, topic)
	}
	frame := frameOf(req)
	took := taken(func() { a.Decode(ticket, frame) })
	if per := took / uint64(len(frame)); per > memoryPerByte {
		t.Errorf("%d bytes of memory per byte of tags", per)
	}
}

// TestRefusedPartitionsStayCheap: the answer to a flood of bad partitions grows with it, not faster.
func TestRefusedPartitionsStayCheap(t *testing.T) {
	a := New(Config{})
	req := example(kafka.KeyProduce, 9).(*kmsg.ProduceRequest)
	req.Topics[0].Partitions = make([]kmsg.ProduceRequestTopicPartition, 50_000)
	bad := batch(1)
	bad[len(bad)-1] = 1 // one header that is not there
	sealed(bad)
	for i := range req.Topics[0].Partitions {
		req.Topics[0].Partitions[i].Partition = int32(i)
		req.Topics[0].Partitions[i].Records = bad
	}
	frame := frameOf(req)
	out := a.Decode(ticket, frame)
	body := out.Body.(*event.Produce)
	if p := body.Partitions[7]; p.Refused != event.CodeInvalidRecord || len(out.Pending.produce.faults) != 50_000 {
		t.Fatalf("%+v, %d faults", p, len(out.Pending.produce.faults))
	}
	reply := &event.ProduceReply{}
	for _, p := range body.Partitions {
		reply.Partitions = append(reply.Partitions, event.ProducePartitionReply{Code: p.Refused, Why: p.Why})
	}
	bufs, _ := a.Encode(out.Pending, reply)
	for i, p := range clientReads(t, req, bytes.Join(bufs, nil)).(*kmsg.ProduceResponse).Topics[0].Partitions {
		if len(p.ErrorRecords) != 1 {
			t.Fatalf("partition %d: %+v", i, p)
		}
	}
	if n := len(bytes.Join(bufs, nil)); n > 4*len(frame) {
		t.Errorf("%d bytes in, %d bytes out", len(frame), n)
	}
}

// FuzzDecode feeds frames of any key and version: an outcome, an answer, bounded memory, and the same again.
func FuzzDecode(f *testing.F) {
	eachVersion(func(row kafka.API, v int16) { f.Add(frameOf(example(row.Key, v))) })
	f.Add([]byte{})
	f.Add([]byte{0, 18, 0x7f, 0xff, 1, 2, 3, 4})
	limits := kafka.Limits{Floor: 1 << 20, Inflated: 4 << 20}
	f.Fuzz(func(t *testing.T, frame []byte) {
		a := New(Config{Codec: limits})
		first := serve(t, a, bytes.Clone(frame))
		second := serve(t, a, bytes.Clone(frame))
		if !reflect.DeepEqual(first.Body, second.Body) || !reflect.DeepEqual(first.Answer, second.Answer) ||
			first.Why != second.Why {
			t.Fatalf("%+v, then %+v", first, second)
		}
		if len(first.Answer) == 1 && int(binary.BigEndian.Uint32(first.Answer[0])) != len(first.Answer[0])-4 {
			t.Fatalf("answer %x", first.Answer)
		}
	})
}
