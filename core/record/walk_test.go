package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// plain is one record as a test thinks of it.
type plain struct {
	timestamp  int64
	key, value []byte
	headers    []Header
}

// plainBatch is what a test builds and expects back.
type plainBatch []plain

func (p plainBatch) build() (Batch, plainBatch) {
	w := NewBuilder()
	for _, r := range p {
		w.Add(r.timestamp, r.key, r.value, r.headers...)
	}
	return w.Build(), p
}

func batches() *rapid.Generator[plainBatch] {
	blob := rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOfN(rapid.Byte(), 0, 200))
	header := rapid.Custom(func(t *rapid.T) Header {
		return Header{Key: rapid.StringN(0, 10, -1).Draw(t, "key"), Value: blob.Draw(t, "value")}
	})
	return rapid.Custom(func(t *rapid.T) plainBatch {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) plain {
			return plain{
				timestamp: rapid.Int64Range(-1, 1<<45).Draw(t, "timestamp"),
				key:       blob.Draw(t, "key"), value: blob.Draw(t, "value"),
				headers: rapid.SliceOfN(header, 0, 3).Draw(t, "headers"),
			}
		}), 1, 70).Draw(t, "records")
	})
}

// same compares bytes and nullness.
func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

func TestWalk_ReadsWhatTheBuilderWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, want := batches().Draw(t, "batch").build()
		i := 0
		err := Walk(b.Records(), b.Count(), func(r *Record) error {
			w := want[i]
			if int(r.Index) != i || b.BaseTimestamp()+r.TimestampDelta != w.timestamp ||
				!same(r.Key, w.key) || !same(r.Value, w.value) || r.HeaderCount != len(w.headers) {
				t.Fatalf("record %d: %+v, want %+v", i, r, w)
			}
			h := 0
			for k, v := range r.Headers() {
				if string(k) != w.headers[h].Key || !same(v, w.headers[h].Value) {
					t.Fatalf("record %d header %d: %q %q", i, h, k, v)
				}
				h++
			}
			if h != len(w.headers) {
				t.Fatalf("record %d: %d headers", i, h)
			}
			i++
			return nil
		})
		if err != nil || i != len(want) {
			t.Fatalf("%d of %d records: %v", i, len(want), err)
		}
		// Every cut, and every wrong count, is an error.
		cut := rapid.IntRange(0, len(b.Records())-1).Draw(t, "cut")
		if Walk(b.Records()[:cut], b.Count(), nil) == nil {
			t.Fatalf("cut at %d of %d: no error", cut, len(b.Records()))
		}
		if Walk(b.Records(), b.Count()-1, nil) == nil || Walk(b.Records(), b.Count()+1, nil) == nil {
			t.Fatal("a wrong count: no error")
		}
	})
}

// raw is a record of the given fields with its length in front.
func raw(fields ...byte) []byte {
	return append(binary.AppendVarint(nil, int64(len(fields))), fields...)
}

func TestWalk_Refuses(t *testing.T) {
	good := raw(0, 0, 0, 1, 1, 0)
	if err := Walk(good, 1, nil); err != nil || len(good) != minRecordSize {
		t.Fatalf("the smallest record, %d bytes: %v", len(good), err)
	}
	for _, c := range []struct {
		name  string
		in    []byte
		count int32
		index int32
		why   string
	}{
		{"no record", nil, 1, 0, "length is cut off"},
		{"length cut off", []byte{0x80}, 1, 0, "length is cut off"},
		{"length overlong", []byte{0x8c, 0x80, 0x80, 0x80, 0x80, 0x00}, 1, 0, "length is longer than a varint can be"},
		{"length of eleven bytes", bytes.Repeat([]byte{0xff}, 11), 1, 0, "length is longer than a varint can be"},
		{"length negative", []byte{1}, 1, 0, "length runs past the batch"},
		{"length past the end", good[:6], 1, 0, "length runs past the batch"},
		{"second record missing", good, 2, 1, "length is cut off"},
		{"one record too many", append(bytes.Clone(good), good...), 1, 1, "bytes follow the last record"},
		{"empty record", raw(), 1, 0, "attributes is cut off"},
		{"no timestamp", raw(0), 1, 0, "timestamp delta is cut off"},
		{"no offset", raw(0, 0), 1, 0, "offset delta is cut off"},
		{"offset of the next", raw(0, 0, 2, 1, 1, 0), 1, 0, "offset delta out of order"},
		{"same offset twice", append(bytes.Clone(good), good...), 2, 1, "offset delta out of order"},
		{"no key", raw(0, 0, 0), 1, 0, "key is cut off"},
		{"key past the record", raw(0, 0, 0, 40, 1, 0), 1, 0, "key runs past the record"},
		{"key of length -2", raw(0, 0, 0, 3, 1, 0), 1, 0, "key runs past the record"},
		{"no value", raw(0, 0, 0, 1), 1, 0, "value is cut off"},
		{"value past the record", raw(0, 0, 0, 1, 40, 0), 1, 0, "value runs past the record"},
		{"no headers", raw(0, 0, 0, 1, 1), 1, 0, "header count is cut off"},
		{"headers negative", raw(0, 0, 0, 1, 1, 1), 1, 0, "header count runs past the record"},
		{"a million headers", raw(0, 0, 0, 1, 1, 0x80, 0x89, 0x7a, 0, 0), 1, 0, "header count runs past the record"},
		{"one header too many", raw(0, 0, 0, 1, 1, 4, 0, 1), 1, 0, "header count runs past the record"},
		{"header key null", raw(0, 0, 0, 1, 1, 2, 1, 1), 1, 0, "header key runs past the record"},
		{"header value past the record", raw(0, 0, 0, 1, 1, 2, 0, 8), 1, 0, "header value runs past the record"},
		{"longer than its fields", raw(0, 0, 0, 1, 1, 0, 9), 1, 0, "record longer than its fields"},
	} {
		err := Walk(c.in, c.count, nil)
		var bad *MalformedError
		if !errors.As(err, &bad) || bad.Index != c.index || bad.Why != c.why {
			t.Errorf("%s: %v, want record %d: %s", c.name, err, c.index, c.why)
			continue
		}
		if !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A padded varint is not what this builder writes, but Kafka's readers take it.
func TestWalk_TakesPaddedVarints(t *testing.T) {
	if err := Walk(raw(0, 0x80, 0x00, 0x80, 0x00, 1, 1, 0), 1, nil); err != nil {
		t.Error(err)
	}
}

func TestWalk_EndsWithTheErrorOfTheBody(t *testing.T) {
	b := sample()
	stop := errors.New("stop")
	n := 0
	err := Walk(b.Records(), b.Count(), func(*Record) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("%d records, then %v", n, err)
	}
}

func TestWalk_DoesNotAllocate(t *testing.T) {
	w := NewBuilder()
	for i := range int64(100) {
		w.Add(i, []byte("key"), []byte("value"), Header{Key: "h", Value: []byte("v")})
	}
	b := w.Build()
	bytesSeen := 0
	if n := testing.AllocsPerRun(20, func() {
		err := Walk(b.Records(), b.Count(), func(r *Record) error {
			bytesSeen += len(r.Key) + len(r.Value)
			for k, v := range r.Headers() {
				bytesSeen += len(k) + len(v)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if code, _ := Validate(b); code != 0 {
			t.Error(code)
		}
	}); n > 1 { // the record itself, once per walk
		t.Errorf("%v allocations", n)
	}
}

func FuzzWalk(f *testing.F) {
	f.Add(sample().Records(), int32(2))
	f.Add(raw(0, 0, 0, 1, 1, 0), int32(1))
	f.Fuzz(func(t *testing.T, p []byte, count int32) {
		seen := int32(0)
		err := Walk(p, count, func(r *Record) error {
			if r.Index != seen || len(r.Key)+len(r.Value) > len(p) || r.HeaderCount > len(p) {
				t.Fatalf("record %+v of %d bytes", r, len(p))
			}
			for k, v := range r.Headers() {
				_, _ = k, v
			}
			seen++
			return nil
		})
		if err == nil && (seen != max(count, 0) || int64(seen)*minRecordSize > int64(len(p))) {
			t.Fatalf("%d records of %d in %d bytes", seen, count, len(p))
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	w := NewBuilder()
	for i := range int64(1000) {
		w.Add(i, []byte("key-0123456789"), make([]byte, 100))
	}
	batch := w.Build()
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Walk(batch.Records(), batch.Count(), nil); err != nil {
			b.Fatal(err)
		}
	}
}
