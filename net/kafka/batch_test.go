package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// newestProduce is the version that batches are validated under unless a test is about versions.
const newestProduce = 13

// codecCases are all codecs, snappy in both framings.
var codecCases = []struct {
	name   string
	codec  int8
	xerial bool
}{
	{"none", record.CodecNone, false}, {"gzip", record.CodecGzip, false}, {"snappy", record.CodecSnappy, false},
	{"xerial", record.CodecSnappy, true}, {"lz4", record.CodecLZ4, false}, {"zstd", record.CodecZstd, false},
}

func TestValidateAcceptsSoundBatches(t *testing.T) {
	c := NewCodec(Limits{})
	for _, test := range codecCases {
		t.Run(test.name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				n := rapid.IntRange(1, 50).Draw(rt, "records")
				s := builder{
					timestamps: rapid.SliceOfN(rapid.Int64Range(0, 1<<40), n, n).Draw(rt, "timestamps"),
					value:      bytes.Repeat([]byte("abcde"), rapid.IntRange(0, 5_000).Draw(rt, "value")/n),
					codec:      test.codec, xerial: test.xerial,
				}
				if v := c.Validate(s.build(t), newestProduce); !v.OK() {
					rt.Fatalf("%+v", v)
				}
			})
		})
	}
}

func TestValidateRefuses(t *testing.T) {
	const corrupt, invalid = event.CodeCorruptMessage, event.CodeInvalidRecord
	header := func(f func(b *kmsg.RecordBatch)) builder {
		return builder{timestamps: []int64{5, 6, 7}, seal: f}
	}
	records := func(f func(records *[]byte)) builder {
		return builder{timestamps: []int64{5, 6, 7}, change: func(_ *kmsg.RecordBatch, r *[]byte) { f(r) }}
	}
	count := func(n int32) builder {
		return header(func(b *kmsg.RecordBatch) { b.NumRecords, b.LastOffsetDelta = n, n-1 })
	}
	// fill has one record of these very bytes, claims the codec without using it, squeezed changes compressed bytes.
	fill := func(p []byte) builder {
		return builder{timestamps: []int64{5}, change: func(_ *kmsg.RecordBatch, r *[]byte) { *r = p }}
	}
	claims := func(codec int8) builder {
		return header(func(b *kmsg.RecordBatch) { b.Attributes = int16(codec) })
	}
	squeezed := func(codec int8, f func(p []byte) []byte) builder {
		return builder{timestamps: []int64{5}, codec: codec, seal: func(b *kmsg.RecordBatch) { b.Records = f(b.Records) }}
	}
	one := func(f func(r *kmsg.Record)) builder {
		return records(func(out *[]byte) {
			r := kmsg.NewRecord()
			f(&r)
			first := (builder{timestamps: []int64{5}}).encodeRecords()
			third := (builder{timestamps: []int64{5, 6, 7}}).encodeRecords()[2*len(first):]
			*out = slices.Concat(first, encodeRecord(r), third)
		})
	}
	tests := []struct {
		name    string
		builder builder
		raw     func(b []byte) []byte
		version int16
		code    event.Code
		record  int32
		why     string
	}{
		// The header is judged by record.Validate, and tested there: a sample.
		{name: "last byte missing", raw: func(b []byte) []byte { return b[:len(b)-1] },
			code: corrupt, record: -1, why: "length field"},
		{name: "two batches", raw: func(b []byte) []byte { return append(b, b...) },
			code: invalid, record: -1, why: "exactly one batch"},
		{name: "flipped bit", raw: func(b []byte) []byte { b[70] ^= 1; return b },
			code: corrupt, record: -1, why: "checksum"},
		{name: "control", builder: header(func(b *kmsg.RecordBatch) { b.Attributes |= 0x20 }),
			code: invalid, record: -1, why: "control"},
		{name: "log append time", builder: header(func(b *kmsg.RecordBatch) { b.Attributes |= 8 }),
			code: event.CodeInvalidTimestamp, record: -1, why: "LogAppendTime"},

		{name: "nothing", raw: func([]byte) []byte { return nil }, code: invalid, record: -1, why: "exactly one"},
		{name: "old zstd", builder: builder{timestamps: []int64{1}, codec: record.CodecZstd}, version: 6,
			code: event.CodeUnsupportedCompression, record: -1, why: "zstd"},

		{name: "one record too many", builder: count(2), code: invalid, record: 1, why: "bytes follow"},
		{name: "one record too few", builder: count(4), code: invalid, record: 3, why: "cut off"},
		{name: "offset twice", builder: one(func(r *kmsg.Record) { r.OffsetDelta = 0 }),
			code: invalid, record: 1, why: "delta 0"},
		{name: "offset gap", builder: one(func(r *kmsg.Record) { r.OffsetDelta = 2 }),
			code: invalid, record: 1, why: "delta 2"},
		{name: "trailing byte", builder: records(func(r *[]byte) { *r = append(*r, 0) }),
			code: invalid, record: 2, why: "bytes follow"},
		{name: "length too long", builder: records(func(r *[]byte) { (*r)[0] += 2 }), code: invalid, why: "length"},
		{name: "length too short", builder: records(func(r *[]byte) { (*r)[0] -= 2 }), code: invalid, why: "length"},
		{name: "length negative", builder: records(func(r *[]byte) { (*r)[0] = 1 }), code: invalid, why: "length"},
		{name: "varint without end", builder: fill(bytes.Repeat([]byte{0xff}, 40)), code: invalid, why: "integer"},
		{name: "offset of six bytes", builder: fill([]byte{24, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1, 1, 0}),
			code: invalid, why: "integer"},
		{name: "key of -2", builder: fill([]byte{12, 0, 0, 0, 3, 1, 0}), code: invalid, why: "length"},
		{name: "header count", builder: fill([]byte{12, 0, 0, 0, 1, 1, 100}), code: invalid, why: "headers"},
		{name: "null header key", builder: fill([]byte{16, 0, 0, 0, 1, 1, 2, 1, 1}), code: invalid, why: "headers"},

		{name: "not gzip", builder: claims(record.CodecGzip), code: invalid, record: -1, why: "gzip"},
		{name: "not snappy", builder: claims(record.CodecSnappy), code: invalid, record: -1, why: "snappy"},
		{name: "not lz4", builder: claims(record.CodecLZ4), code: invalid, record: -1, why: "LZ4"},
		{name: "not zstd", builder: claims(record.CodecZstd), code: invalid, record: -1, why: "magic"},
		{name: "gzip cut", builder: squeezed(record.CodecGzip, func(p []byte) []byte { return p[:len(p)-4] }),
			code: invalid, record: -1, why: "EOF"},
		{name: "gzip checksum", builder: squeezed(record.CodecGzip, func(p []byte) []byte { p[len(p)-6] ^= 1; return p }),
			code: invalid, record: -1, why: "checksum"},
		{name: "legacy lz4", builder: squeezed(record.CodecLZ4, func(p []byte) []byte {
			binary.LittleEndian.PutUint32(p, 0x184c2102)
			return p
		}), code: invalid, record: -1, why: "LZ4"},
		{name: "snappy that only S2 reads", builder: builder{
			timestamps: make([]int64, 20), codec: record.CodecSnappy,
			seal: func(b *kmsg.RecordBatch) {
				plain, err := snappy.DecodeStrict(nil, b.Records)
				b.Records = s2.EncodeBest(nil, plain)
				if again, s2err := snappy.Decode(nil, b.Records); err != nil || s2err != nil || !bytes.Equal(again, plain) {
					t.Fatal(err, s2err)
				}
			},
		}, code: invalid, record: -1, why: "snappy"},
		{name: "a block behind the last record", builder: builder{
			timestamps: []int64{5}, codec: record.CodecSnappy, xerial: true,
			change: func(_ *kmsg.RecordBatch, records *[]byte) {
				r := kmsg.NewRecord()
				r.Headers = []kmsg.Header{{Key: "h", Value: make([]byte, 40)}} // nothing to look ahead for at the end
				*records = encodeRecord(r)
			},
			seal: func(b *kmsg.RecordBatch) { b.Records = append(b.Records, 0, 0, 0, 3, 1, 0, 'x') },
		}, code: invalid, record: 0, why: "bytes follow"},
		{name: "xerial block longer than the batch", builder: squeezed(record.CodecSnappy, func([]byte) []byte {
			return []byte(xerialMagic + "\x00\x00\x00\x01\x00\x00\x00\x01\xff\xff\xff\xff")
		}), code: invalid, record: -1, why: "snappy"},
		{name: "snappy that declares 4 GiB", builder: squeezed(record.CodecSnappy, func([]byte) []byte {
			return []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}
		}), code: invalid, record: -1, why: "snappy"},
	}
	c := NewCodec(Limits{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := test.builder
			if s.timestamps == nil {
				s = header(nil)
			}
			raw := []byte(s.build(t))
			if test.raw != nil {
				raw = test.raw(raw)
			}
			if test.version == 0 {
				test.version = newestProduce
			}
			v := c.Validate(raw, test.version)
			if v.Code != test.code || v.Record != test.record || !strings.Contains(v.Why, test.why) {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestValidateIgnoresTheBrokersFields: base offset and leader epoch are stamped later, whatever they say.
func TestValidateIgnoresTheBrokersFields(t *testing.T) {
	b := builder{timestamps: []int64{1, 2}}.build(t)
	b.Stamp(1<<63-1, 1<<31-1)
	if v := NewCodec(Limits{}).Validate(b, newestProduce); !v.OK() {
		t.Errorf("%+v", v)
	}
}

// TestWalkAgreesWithRecord holds the streaming walk against the plain one of core/record, on sound and unsound bytes.
func TestWalkAgreesWithRecord(t *testing.T) {
	c := NewCodec(Limits{})
	for _, test := range codecCases {
		t.Run(test.name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				n := rapid.IntRange(1, 6).Draw(rt, "records")
				var plain []byte
				b := builder{
					timestamps: make([]int64, n), value: make([]byte, rapid.IntRange(0, 30).Draw(rt, "value")),
					codec: test.codec, xerial: test.xerial,
					change: func(_ *kmsg.RecordBatch, records *[]byte) {
						for range rapid.IntRange(0, 3).Draw(rt, "changes") {
							at := rapid.IntRange(0, len(*records)-1).Draw(rt, "at")
							(*records)[at] = byte(rapid.IntRange(-3, 40).Draw(rt, "byte"))
						}
						plain = *records
					},
				}.build(t)
				want := record.Walk(plain, int32(n), nil)
				if got := c.Validate(b, newestProduce); got.OK() != (want == nil) {
					rt.Fatalf("%+v, but %v", got, want)
				}
			})
		})
	}
}

func TestValidateSetsTheLargestTimestamp(t *testing.T) {
	for _, wrong := range []int64{-1, 0, 25, 99} {
		b := builder{timestamps: []int64{10, 30, 20}, seal: func(b *kmsg.RecordBatch) { b.MaxTimestamp = wrong }}.build(t)
		if v := NewCodec(Limits{}).Validate(b, newestProduce); !v.OK() || b.MaxTimestamp() != 30 || record.Verify(b) != nil {
			t.Errorf("declared %d: %+v, set to %d, %v", wrong, v, b.MaxTimestamp(), record.Verify(b))
		}
	}
}

// TestMutatedBatches: no bytes behind a matching checksum make Validate panic, and what it answers does not depend on
// what the decoders saw before (law X-2).
func TestMutatedBatches(t *testing.T) {
	used := NewCodec(Limits{})
	for _, test := range codecCases {
		t.Run(test.name, func(t *testing.T) {
			sound := builder{
				timestamps: []int64{1, 2, 3, 4}, value: bytes.Repeat([]byte("0123456789"), 10),
				codec: test.codec, xerial: test.xerial,
			}.build(t)
			rapid.Check(t, func(t *rapid.T) {
				b := bytes.Clone(sound)
				for range rapid.IntRange(1, 4).Draw(t, "changes") {
					b[rapid.IntRange(23, len(b)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
				}
				b = sealed(b[:rapid.IntRange(61, len(b)).Draw(t, "cut")])
				v, again := used.Validate(b, newestProduce), NewCodec(Limits{}).Validate(b, newestProduce)
				if v != again {
					t.Fatalf("a used codec says %+v, a new one %+v", v, again)
				}
				if again := used.Validate(sound, newestProduce); !again.OK() {
					t.Fatalf("a sound batch after %+v: %+v", v, again)
				}
			})
		})
	}
}

// lz4Block is the largest block of an LZ4 frame, in bytes.
const lz4Block = 4 << 20

func TestBombs(t *testing.T) {
	limits := Limits{Ratio: 10, Floor: 1 << 20, Inflated: 4 << 20}
	c := NewCodec(limits)
	zeros := make([]byte, 8<<20)
	for _, test := range codecCases[1:] {
		t.Run(test.name, func(t *testing.T) {
			bomb := builder{timestamps: []int64{1}, value: zeros, codec: test.codec, xerial: test.xerial}.build(t)
			if v := c.Validate(bomb, newestProduce); v.Code != event.CodeMessageTooLarge {
				t.Errorf("%d bytes for %d: %+v", len(bomb), len(zeros), v)
			}
			small := builder{timestamps: []int64{1}, value: zeros[:1<<19], codec: test.codec, xerial: test.xerial}.build(t)
			if v := c.Validate(small, newestProduce); !v.OK() {
				t.Errorf("%d bytes for %d: %+v", len(small), 1<<19, v)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			c.Validate(bomb, newestProduce)
			runtime.ReadMemStats(&after)
			allowed := min(64*len(bomb), limits.Inflated) + 128<<10
			if test.codec == record.CodecLZ4 {
				allowed += 2 * lz4Block // its pool may have been emptied by the garbage collector
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > uint64(allowed) {
				t.Errorf("%d bytes allocated for a bomb of %d", took, len(bomb))
			}
		})
	}
}

func TestZstdWindowIsBounded(t *testing.T) {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<20))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(make([]byte, 1<<10))
	_ = w.Flush()
	_, _ = w.Write(make([]byte, 1<<10))
	_ = w.Close()
	b := builder{
		timestamps: []int64{1}, codec: record.CodecZstd,
		seal: func(b *kmsg.RecordBatch) { b.Records = out.Bytes() },
	}.build(t)
	v := NewCodec(Limits{}).Validate(b, newestProduce)
	if v.Code != event.CodeInvalidRecord || !strings.Contains(v.Why, "window") {
		t.Errorf("%+v", v)
	}
}

func TestFindByTime(t *testing.T) {
	c := NewCodec(Limits{})
	tests := []struct {
		timestamps []int64
		floor, ts  int64
		offset, at int64 // FindTimestamp; -1 for none
		maxOffset  int64
		maxAt      int64
	}{
		{[]int64{10, 20, 30}, 0, 15, 101, 20, 102, 30},
		{[]int64{10, 20, 30}, 0, 20, 101, 20, 102, 30},
		{[]int64{10, 20, 30}, 0, 31, -1, -1, 102, 30},
		{[]int64{10, 20, 30}, 0, 0, 100, 10, 102, 30},
		{[]int64{10, 20, 30}, 102, 0, 102, 30, 102, 30},
		{[]int64{10, 20, 30}, 103, 0, -1, -1, -1, -1},
		{[]int64{30, 10, 30, 20}, 0, 25, 100, 30, 100, 30}, // out of order: the first that is late enough, the first maximum
		{[]int64{30, 10, 30, 20}, 101, 25, 102, 30, 102, 30},
	}
	for _, test := range tests {
		for _, codec := range codecCases {
			b := builder{timestamps: test.timestamps, codec: codec.codec, xerial: codec.xerial}.build(t)
			b.Stamp(100, 3)
			offset, at, ok, err := c.FindTimestamp(b, test.floor, test.ts)
			if offset != test.offset || at != test.at || ok != (test.offset >= 0) || err != nil {
				t.Errorf("%v from %d, %d: %d at %d, %v, %v", test.timestamps, test.floor, test.ts, offset, at, ok, err)
			}
			offset, at, ok, err = c.FindMax(b, test.floor)
			if offset != test.maxOffset || at != test.maxAt || ok != (test.maxOffset >= 0) || err != nil {
				t.Errorf("%v from %d, maximum: %d at %d, %v, %v", test.timestamps, test.floor, offset, at, ok, err)
			}
		}
	}
	stamped := builder{timestamps: []int64{10, 20}}.build(t)
	stamped.SetLogAppendTime(99)
	if offset, at, ok, err := c.FindTimestamp(stamped, 0, 50); offset != 0 || at != 99 || !ok || err != nil {
		t.Errorf("LogAppendTime: %d at %d, %v, %v", offset, at, ok, err)
	}
}

func FuzzValidate(f *testing.F) {
	for _, test := range codecCases {
		f.Add([]byte(builder{timestamps: []int64{1, 2}, codec: test.codec, xerial: test.xerial}.build(f)))
	}
	c := NewCodec(Limits{Floor: 1 << 20, Inflated: 4 << 20})
	f.Fuzz(func(t *testing.T, b []byte) {
		c.Validate(b, newestProduce)
		if len(b) >= 61 {
			sealed(b)
			if v := c.Validate(b, newestProduce); v.Code == event.CodeCorruptMessage {
				t.Errorf("sealed, but %+v", v)
			}
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	for _, test := range codecCases {
		b.Run(test.name, func(b *testing.B) {
			timestamps := make([]int64, 1000)
			value := []byte(strings.Repeat(fmt.Sprint(1234567890), 100))
			batch := builder{timestamps: timestamps, value: value, codec: test.codec, xerial: test.xerial}.build(b)
			c := NewCodec(Limits{})
			b.SetBytes(int64(len(value) * len(timestamps)))
			b.ReportAllocs()
			for b.Loop() {
				if v := c.Validate(batch, newestProduce); !v.OK() {
					b.Fatal(v)
				}
			}
		})
	}
}
