package kafka

import (
	"encoding/binary"
	"errors"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"
)

// eachVersion runs f for every version of every API that is served.
func eachVersion(f func(api API, version int16)) {
	for _, api := range APIs() {
		for v := api.Served; v <= api.Max; v++ {
			f(api, v)
		}
	}
}

// requestOf is an empty request of kmsg in version v.
func requestOf(key Key, v int16) kmsg.Request {
	r := kmsg.RequestForKey(int16(key))
	r.SetVersion(v)
	return r
}

// fill draws values for the exported fields of a kmsg struct, whatever it holds.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Version" && name != "UnknownTags" {
				fill(t, v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes"))
			return
		}
		s := reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "count"), 3)
		for i := range s.Len() {
			fill(t, s.Index(i))
		}
		v.Set(s)
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(rapid.Byte().Draw(t, "byte")))
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "null") {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.String:
		v.SetString(rapid.StringN(0, 8, 30).Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(rapid.Int8().Draw(t, "int")))
	default:
		t.Fatalf("a field of kind %v", v.Kind())
	}
}

// TestSchemasAgreeWithKmsg holds the table of layouts against kmsg: what kmsg writes passes, to its last byte, and
// nothing shorter does.
func TestSchemasAgreeWithKmsg(t *testing.T) {
	eachVersion(func(api API, v int16) {
		rapid.Check(t, func(t *rapid.T) {
			req := requestOf(api.Key, v)
			fill(t, reflect.ValueOf(req).Elem())
			body := req.AppendTo(nil)
			h := Header{Key: api.Key, Version: v, Flexible: api.IsFlexible(v)}
			if err := Check(h, body); err != nil {
				t.Fatalf("%s v%d: %v", api.Name, v, err)
			}
			w := walk{reader: reader{rest: body}, version: v, flexible: h.Flexible, budget: 1 << 30, elements: 1 << 30}
			w.fields(schemaOf(api.Key), true)
			if len(w.rest) != 0 {
				t.Fatalf("%s v%d: %d bytes left", api.Name, v, len(w.rest))
			}
			if len(body) > 0 {
				cut := rapid.IntRange(0, len(body)-1).Draw(t, "cut")
				if err := Check(h, body[:cut]); err == nil {
					t.Fatalf("%s v%d: %d of %d bytes pass", api.Name, v, cut, len(body))
				}
			}
		})
	})
}

// TestPassedBodiesDecode holds Check to its promise on bytes that nobody meant as a request.
func TestPassedBodiesDecode(t *testing.T) {
	eachVersion(func(api API, v int16) {
		rapid.Check(t, func(t *rapid.T) {
			req := requestOf(api.Key, v)
			fill(t, reflect.ValueOf(req).Elem())
			body := req.AppendTo(nil)
			for range rapid.IntRange(0, 3).Draw(t, "flips") {
				if len(body) > 0 {
					body[rapid.IntRange(0, len(body)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
				}
			}
			h := Header{Key: api.Key, Version: v, Flexible: api.IsFlexible(v)}
			if Check(h, body) != nil {
				return
			}
			if err := requestOf(api.Key, v).ReadFrom(body); err != nil {
				t.Fatalf("%s v%d: passed but %v", api.Name, v, err)
			}
		})
	})
}

// TestCostsCoverKmsg compares the cost of every array element with what kmsg makes of it, array by array.
func TestCostsCoverKmsg(t *testing.T) {
	for _, s := range schemas {
		var costs, sizes []int
		costsOf(s.fields, &costs)
		sizesOf(reflect.TypeOf(kmsg.RequestForKey(int16(s.key))).Elem(), &sizes)
		if len(costs) != len(sizes) {
			t.Fatalf("key %d: %d arrays, kmsg has %d", s.key, len(costs), len(sizes))
		}
		for i := range costs {
			if costs[i] < sizes[i] {
				t.Errorf("key %d: an element of array %d costs %d, kmsg takes %d", s.key, i, costs[i], sizes[i])
			}
		}
	}
}

func costsOf(fs []field, out *[]int) {
	for _, f := range fs {
		if f.to == 0 {
			continue // the same array of version 0, which has other nulls
		}
		if f.kind == kindArray || f.kind == kindNullArray {
			*out = append(*out, f.cost)
		}
		costsOf(f.elem, out)
	}
}

func sizesOf(typ reflect.Type, out *[]int) {
	for i := range typ.NumField() {
		f := typ.Field(i).Type
		if f.Kind() == reflect.Slice && f.Elem().Kind() != reflect.Uint8 {
			*out = append(*out, int(f.Elem().Size()))
			if f.Elem().Kind() == reflect.Struct {
				sizesOf(f.Elem(), out)
			}
		}
	}
}

// TestLies are bodies that promise more than they hold.
func TestLies(t *testing.T) {
	flexible := func(key Key, v int16, body ...byte) error {
		return Check(Header{Key: key, Version: v, Flexible: true}, body)
	}
	plain := func(key Key, v int16, body ...byte) error { return Check(Header{Key: key, Version: v}, body) }
	manyTags := func() []byte {
		// A Metadata request of topics "" that carry one unknown tag each.
		body := []byte{0x80, 0x09} // 1151 topics
		for range 1151 {
			body = append(body, 1, 1, 100, 0)
		}
		return append(body, 0, 0, 0, 0)
	}
	tests := []struct {
		name string
		err  error
	}{
		{"array of 2^31-1", plain(KeyMetadata, 1, 0x7f, 0xff, 0xff, 0xff)},
		{"array of -2", plain(KeyMetadata, 1, 0xff, 0xff, 0xff, 0xfe, 0)},
		{"null array where there is none", plain(KeyListOffsets, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)},
		{"compact array of 2^32-2", flexible(KeyMetadata, 9, 0xff, 0xff, 0xff, 0xff, 0x0f)},
		{"varint of six bytes", flexible(KeyMetadata, 9, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00)},
		{"varint above 32 bits", flexible(KeyMetadata, 9, 0xff, 0xff, 0xff, 0xff, 0x1f)},
		{"string longer than the body", flexible(KeyMetadata, 9, 2, 0x7f, 'a', 0, 0)},
		{"null string where there is none", flexible(KeyMetadata, 9, 2, 0, 0, 0, 0, 0, 0)},
		{"tag count", flexible(KeyDescribeCluster, 0, 0, 0xff, 0x7f)},
		{"tag size", flexible(KeyDescribeCluster, 0, 0, 1, 0, 0x7f)},
		{"tags out of order", flexible(KeyDescribeCluster, 0, 0, 2, 5, 0, 4, 0)},
		{"tag twice", flexible(KeyDescribeCluster, 0, 0, 2, 5, 0, 5, 0)},
	}
	for _, test := range tests {
		if test.err == nil {
			t.Errorf("%s: passed", test.name)
		}
	}
	if err := flexible(KeyMetadata, 9, manyTags()...); !errors.Is(err, errCost) {
		t.Errorf("a tag for every topic: %v", err)
	}
	if err := plain(KeyMetadata, 1, 0, 0, 0, 2, 0, 0, 0); !errors.Is(err, errCount) {
		t.Errorf("two strings in three bytes: %v", err)
	}
	many := kmsg.NewPtrFetchRequest()
	many.Version = 7
	forgotten := kmsg.NewFetchRequestForgottenTopic()
	forgotten.Partitions = make([]int32, MaxElements)
	many.ForgottenTopics = append(many.ForgottenTopics, forgotten)
	if err := plain(KeyFetch, 7, many.AppendTo(nil)...); !errors.Is(err, errElements) {
		t.Errorf("more elements than are allowed: %v", err)
	}
	tags := binary.AppendUvarint([]byte{0}, MaxElements+1)
	for tag := range uint64(MaxElements + 1) {
		tags = append(binary.AppendUvarint(tags, tag), 0)
	}
	if err := flexible(KeyDescribeCluster, 0, tags...); !errors.Is(err, errElements) {
		t.Errorf("more tags than are allowed: %v", err)
	}
	if err := flexible(KeyDescribeCluster, 0, 0, 2, 4, 1, 'x', 5, 0); err != nil {
		t.Errorf("unknown tags in order: %v", err)
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	req := kmsg.NewFetchRequest()
	req.Version = 16
	for range 10 {
		topic := kmsg.NewFetchRequestTopic()
		topic.Partitions = append(topic.Partitions, kmsg.NewFetchRequestTopicPartition())
		req.Topics = append(req.Topics, topic)
	}
	body := req.AppendTo(nil)
	h := Header{Key: KeyFetch, Version: 16, Flexible: true}
	if n := testing.AllocsPerRun(100, func() { _ = Check(h, body) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
