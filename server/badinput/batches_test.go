package badinput

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"testing"

	"github.com/highwater-log/highwater/core/record"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Kafka's error codes, as far as these tests meet them.
const (
	offsetOutOfRange   = 1
	corruptMessage     = 2
	unknownTopic       = 3
	messageTooLarge    = 10
	invalidTopic       = 17
	invalidAcks        = 21
	invalidTimestamp   = 32
	topicExists        = 36
	invalidPartitions  = 37
	invalidReplication = 38
	invalidAssignment  = 39
	invalidConfig      = 40
	invalidRequest     = 42
	policyViolation    = 44
	invalidTxnState    = 48
	outOfOrderSequence = 45
	unknownCompression = 76
	invalidRecord      = 87
)

// batch is a good batch of two records that a change has spoilt; its checksum is right again.
func batch(spoil func(b record.Batch)) []byte {
	b := record.Batch(goodBatch(2))
	spoil(b)
	b.Seal()
	return b
}

// unsealed is a good batch of two records that a change has spoilt where no checksum reaches: Seal would set its length right.
func unsealed(spoil func(b record.Batch)) []byte {
	b := goodBatch(2)
	spoil(b)
	return b
}

// compressed is a batch that says that its records are payload, compressed by codec.
func compressed(codec int16, payload []byte) []byte {
	b := append(bytes.Clone(goodBatch(2)[:record.HeaderSize]), payload...)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
	binary.BigEndian.PutUint16(b[21:], uint16(codec))
	record.Batch(b).Seal()
	return b
}

// bomb is many zeros, compressed: a header that fits them stands before them.
func bomb(t testing.TB, codec int16, zeros int64) []byte {
	t.Helper()
	var p bytes.Buffer
	var w io.WriteCloser
	var err error
	switch codec {
	case 1:
		w, err = gzip.NewWriterLevel(&p, gzip.BestSpeed)
	case 3:
		w = lz4.NewWriter(&p)
	case 4:
		w, err = zstd.NewWriter(&p, zstd.WithEncoderConcurrency(1))
	}
	if err != nil {
		t.Fatal(err)
	}
	head := binary.AppendVarint(nil, zeros+20) // of the one record
	head = append(head, 0, 0, 0, 1)            // attributes, time, offset, no key
	head = binary.AppendVarint(head, zeros)    // of its value
	for p := head; zeros > 0; p = make([]byte, min(zeros, 1<<20)) {
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
		if len(p) == 1<<20 {
			zeros -= 1 << 20
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b := compressed(codec, p.Bytes())
	binary.BigEndian.PutUint32(b[23:], 0) // last offset delta
	binary.BigEndian.PutUint32(b[57:], 1) // records
	record.Batch(b).Seal()
	return b
}

func put16(at int, v int16) func(record.Batch) {
	return func(b record.Batch) { binary.BigEndian.PutUint16(b[at:], uint16(v)) }
}

func put32(at int, v int32) func(record.Batch) {
	return func(b record.Batch) { binary.BigEndian.PutUint32(b[at:], uint32(v)) }
}

func put64(at int, v int64) func(record.Batch) {
	return func(b record.Batch) { binary.BigEndian.PutUint64(b[at:], uint64(v)) }
}

func both(f, g func(record.Batch)) func(record.Batch) {
	return func(b record.Batch) { f(b); g(b) }
}

// Offsets in a batch.
const (
	atLength, atMagic, atCRC, atAttributes, atLastDelta     = 8, 16, 17, 21, 23
	atProducer, atProducerEpoch, atSequence, atCount, inKey = 43, 51, 53, 57, 65
)

// Batches that are refused with a code, and of which nothing is kept.
func TestBatchesAreRefused(t *testing.T) {
	r := newRig(t)
	good := goodBatch(2)
	random := bytes.Repeat([]byte{0xa7, 0x13, 0x5c, 0xee}, 64)
	for _, c := range []struct {
		name  string
		batch []byte
		code  int16
	}{
		{"null", nil, invalidRecord},
		{"empty", []byte{}, invalidRecord},
		{"one byte", []byte{0}, corruptMessage},
		{"half a header", good[:30], corruptMessage},
		{"cut by one byte", good[:len(good)-1], corruptMessage},
		{"wrong checksum", append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1), corruptMessage},
		{"checksum 0", unsealed(put32(atCRC, 0)), corruptMessage},
		{"length too large", unsealed(put32(atLength, int32(len(good)))), corruptMessage},
		{"length too small", unsealed(put32(atLength, int32(len(good)-13))), invalidRecord},
		{"length below the header", unsealed(put32(atLength, 40)), corruptMessage},
		{"length -1", unsealed(put32(atLength, -1)), corruptMessage},
		{"length 2 GiB", unsealed(put32(atLength, 1<<31-1)), corruptMessage},
		{"two batches", append(bytes.Clone(good), good...), invalidRecord},
		{"no record", batch(both(put32(atCount, 0), put32(atLastDelta, -1))), invalidRecord},
		{"no record and no bytes", compressed(0, nil), invalidRecord},
		{"-1 records", batch(put32(atCount, -1)), invalidRecord},
		{"one record too many", batch(both(put32(atCount, 3), put32(atLastDelta, 2))), invalidRecord},
		{"one record too few", batch(both(put32(atCount, 1), put32(atLastDelta, 0))), invalidRecord},
		{"2^31-1 records", batch(both(put32(atCount, 1<<31-1), put32(atLastDelta, 1<<31-2))), invalidRecord},
		{"last offset too large", batch(put32(atLastDelta, 1000)), invalidRecord},
		{"a record's length of 2 GiB", batch(func(b record.Batch) { copy(b[61:], "\xfe\xff\xff\xff\x0f") }), invalidRecord},
		{"a negative key length", batch(func(b record.Batch) { b[inKey] = 5 }), invalidRecord},
		{"codec 5", batch(put16(atAttributes, 5)), unknownCompression},
		{"codec 7", batch(put16(atAttributes, 7)), unknownCompression},
		{"unused attribute bits", batch(put16(atAttributes, 1<<9)), invalidRecord},
		{"control bit", batch(put16(atAttributes, 1<<5)), invalidRecord},
		{"a control batch of a transaction", batch(both(put16(atAttributes, 3<<4), put64(atProducer, 1))), invalidRecord},
		{"LogAppendTime", batch(put16(atAttributes, 1<<3)), invalidTimestamp},
		{"a transaction without producer", batch(put16(atAttributes, 1<<4)), invalidRecord},
		{"a transaction", batch(func(b record.Batch) {
			put16(atAttributes, 1<<4)(b)
			put64(atProducer, 7)(b)
			put16(atProducerEpoch, 0)(b)
			put32(atSequence, 0)(b)
		}), invalidTxnState},
		{"a producer without epoch", batch(put64(atProducer, 7)), invalidRecord},
		{"producer -2", batch(put64(atProducer, -2)), invalidRecord},
		{"magic 0", batch(func(b record.Batch) { b[atMagic] = 0 }), invalidRecord},
		{"magic 1", batch(func(b record.Batch) { b[atMagic] = 1 }), invalidRecord},
		{"magic 3", batch(func(b record.Batch) { b[atMagic] = 3 }), invalidRecord},
		{"no gzip", compressed(1, random), invalidRecord},
		{"no snappy", compressed(2, random), invalidRecord},
		{"no lz4", compressed(3, random), invalidRecord},
		{"no zstd", compressed(4, random), invalidRecord},
		{"gzip of nothing", compressed(1, nil), invalidRecord},
		{"snappy that announces 2 GiB", compressed(2, []byte{0xff, 0xff, 0xff, 0xff, 7, 0, 'a'}), invalidRecord},
		{"zstd that announces 1 TiB", compressed(4, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0}), invalidRecord},
		{"zstd with a window of 2 GiB", compressed(4, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0}), invalidRecord},
		{"a gzip bomb", bomb(t, 1, 300<<20), messageTooLarge},
		{"an lz4 bomb", bomb(t, 3, 300<<20), messageTooLarge},
		{"a zstd bomb", bomb(t, 4, 300<<20), messageTooLarge},
		{"2 MiB", largeBatch(2 << 20), messageTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := dial(t, r.Address)
			ask[*kmsg.MetadataResponse](w, metadataRequest(target)) // larger frames are taken from now on
			p := produce(w, target, c.batch)
			why := ""
			if p.ErrorMessage != nil {
				why = *p.ErrorMessage
			}
			if p.ErrorCode != c.code || why == "" || p.BaseOffset != -1 {
				t.Errorf("error %d (%q), offset %d: want error %d", p.ErrorCode, why, p.BaseOffset, c.code)
			}
			t.Logf("error %d: %s", p.ErrorCode, why)
			r.unharmed(t)
		})
	}
}

// largeBatch is a batch with one record of n bytes.
func largeBatch(n int) []byte {
	b := record.NewBuilder()
	b.Add(1000, nil, make([]byte, n))
	return b.Build()
}

// Without an answer, the end of the connection tells of a refusal.
func TestRefusalOfAcks0EndsTheConnection(t *testing.T) {
	r := newRig(t)
	req := produceRequest(target, batch(put16(atAttributes, 1<<5)))
	req.Acks = 0
	w := dial(t, r.Address)
	w.send(frame(req, 1))
	w.closed()
	r.unharmed(t)
}
