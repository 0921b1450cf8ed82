package kafka

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/record"
)

// builder makes batches for tests: sound ones, unless change says otherwise.
type builder struct {
	timestamps []int64 // one record each
	value      []byte
	codec      int8
	xerial     bool
	change     func(b *kmsg.RecordBatch, records *[]byte) // before compression
	seal       func(b *kmsg.RecordBatch)                  // after it
}

// encodeRecords gives the records one after the other.
func (s builder) encodeRecords() (out []byte) {
	for i, ts := range s.timestamps {
		r := kmsg.NewRecord()
		r.TimestampDelta64, r.OffsetDelta = ts-s.timestamps[0], int32(i)
		r.Key, r.Value = []byte("key"), s.value
		r.Headers = []kmsg.Header{{Key: "h", Value: nil}, {Key: "", Value: []byte("v")}}
		out = append(out, encodeRecord(r)...)
	}
	return out
}

// encodeRecord sets the length of a record and encodes it.
func encodeRecord(r kmsg.Record) []byte {
	r.Length = 0
	r.Length = int32(len(r.AppendTo(nil)) - 1)
	return r.AppendTo(nil)
}

func (s builder) build(t testing.TB) record.Batch {
	t.Helper()
	b := kmsg.NewRecordBatch()
	records := s.encodeRecords()
	b.Magic, b.Attributes = 2, int16(s.codec)
	b.PartitionLeaderEpoch = -1
	b.NumRecords, b.LastOffsetDelta = int32(len(s.timestamps)), int32(len(s.timestamps)-1)
	b.FirstTimestamp = s.timestamps[0]
	for _, ts := range s.timestamps {
		b.MaxTimestamp = max(b.MaxTimestamp, ts)
	}
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = -1, -1, -1
	if s.change != nil {
		s.change(&b, &records)
	}
	b.Records = compress(t, s.codec, s.xerial, records)
	if s.seal != nil {
		s.seal(&b)
	}
	return sealed(b.AppendTo(nil))
}

// sealed sets length and checksum to what they should be.
func sealed(raw []byte) record.Batch {
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], record.Checksum(raw[21:]))
	return raw
}

func compress(t testing.TB, codec int8, xerial bool, p []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var err error
	switch codec {
	case record.CodecGzip:
		w := gzip.NewWriter(&out)
		_, err = w.Write(p)
		_ = w.Close()
	case record.CodecSnappy:
		if !xerial {
			return snappy.Encode(nil, p)
		}
		out.WriteString(xerialMagic + "\x00\x00\x00\x01\x00\x00\x00\x01")
		for len(p) > 0 {
			n := min(len(p), 32<<10)
			block := snappy.Encode(nil, p[:n])
			out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(block))))
			out.Write(block)
			p = p[n:]
		}
	case record.CodecLZ4:
		w := lz4.NewWriter(&out)
		_, err = w.Write(p)
		_ = w.Close()
	case record.CodecZstd:
		var w *zstd.Encoder
		if w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
			zstd.WithWindowSize(256<<10)); err == nil {
			_, err = w.Write(p)
			_ = w.Close()
		}
	default:
		return p
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
