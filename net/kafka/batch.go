package kafka

import (
	"errors"
	"fmt"
	"math"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// Verdict is what validating a batch came to: CodeNone and nothing else, or why it is refused.
type Verdict struct {
	Code event.Code
	// Record is the number of the record that is wrong, from 0; -1 if it is the batch as a whole.
	Record int32
	Why    string
	// Earliest is the smallest timestamp of a record in milliseconds, of a sound batch; -1 if none has one. It is a
	// fact: if it is too early is not judged here.
	Earliest int64
}

// OK reports whether the batch may be appended.
func (v Verdict) OK() bool { return v.Code == event.CodeNone }

// zstdVersion is the first Produce version whose senders know that others may not read zstd (KIP-110).
const zstdVersion = 7

// refuse is a verdict on the batch as a whole.
func refuse(code event.Code, why string) Verdict { return Verdict{Code: code, Record: -1, Why: why} }

// Validate judges the record data of one partition in a Produce request of the version given, down to the last record.
// The codes are Kafka's: those of record.Validate for the header, UNSUPPORTED_COMPRESSION_TYPE for zstd in old
// versions, MESSAGE_TOO_LARGE for what decompresses to more than the limits (senders split the batch and try again),
// INVALID_RECORD for everything else.
//
// Of a sound batch the largest timestamp is set right where the client left it wrong: lookups by time rely on it. What
// the batch declares for base offset and leader epoch is not judged: the leader stamps both.
func (c *Codec) Validate(data []byte, version int16) Verdict {
	b := record.Batch(data)
	if len(b) == 0 {
		return refuse(event.CodeInvalidRecord, "no record batch: exactly one is expected for each partition")
	}
	if code, why := record.Validate(b); code != event.CodeNone {
		return refuse(code, why)
	}
	if b.Codec() == record.CodecZstd && version < zstdVersion {
		return refuse(event.CodeUnsupportedCompression, "zstd needs Produce version 7 or later")
	}
	return c.judgeRecords(b)
}

// judgeRecords walks the records: their lengths agree, their offsets are 0, 1, 2, ..., and nothing follows them.
func (c *Codec) judgeRecords(b record.Batch) Verdict {
	r := c.Records(b)
	earliest, latest := int64(math.MaxInt64), int64(math.MinInt64)
	for want := int32(0); ; want++ {
		rec, ok := r.Next()
		if !ok {
			break
		}
		if rec.OffsetDelta != want {
			why := fmt.Sprintf("record %d has the offset delta %d", want, rec.OffsetDelta)
			return Verdict{Code: event.CodeInvalidRecord, Record: want, Why: why}
		}
		at := timestampOf(b, rec)
		latest = max(latest, at)
		if at != noTimestamp {
			earliest = min(earliest, at)
		}
	}
	if err := r.Err(); err != nil {
		return unreadable(r, err)
	}
	if latest != b.MaxTimestamp() {
		b.SetMaxTimestamp(latest)
	}
	if earliest == math.MaxInt64 {
		earliest = noTimestamp
	}
	return Verdict{Record: -1, Earliest: earliest}
}

// noTimestamp is the timestamp of a record that has none (Kafka's RecordBatch.NO_TIMESTAMP).
const noTimestamp = -1

// unreadable is the verdict on a batch whose walk ended early. What the decompressor has against it concerns no record.
func unreadable(r *Records, err error) Verdict {
	v := refuse(event.CodeInvalidRecord, "")
	var bad *recordError
	switch {
	case errors.Is(err, errInflated):
		v.Code = event.CodeMessageTooLarge
		v.Why = "the batch " + err.Error()
	case errors.As(err, &bad):
		v.Record = r.Index()
		v.Why = fmt.Sprintf("record %d %s", v.Record, bad.why)
	default:
		v.Why = "decompressing the batch: " + err.Error()
	}
	return v
}

// FindTimestamp gives the offset and timestamp of the first record in b, from the offset floor on, with a timestamp of
// at least ts. ok is false if there is none. Errors mean that the batch cannot be read.
func (c *Codec) FindTimestamp(b record.Batch, floor, ts int64) (offset, timestamp int64, ok bool, err error) {
	r := c.Records(b)
	for {
		rec, more := r.Next()
		if !more {
			return -1, -1, false, r.Err()
		}
		offset, timestamp = b.BaseOffset()+int64(rec.OffsetDelta), timestampOf(b, rec)
		if offset >= floor && timestamp >= ts {
			return offset, timestamp, true, nil
		}
	}
}

// FindMax gives the offset and timestamp of the first record in b, from the offset floor on, that holds the largest
// timestamp there. ok is false if there is none. Errors mean that the batch cannot be read.
func (c *Codec) FindMax(b record.Batch, floor int64) (offset, timestamp int64, ok bool, err error) {
	offset, timestamp = -1, -1
	r := c.Records(b)
	for {
		rec, more := r.Next()
		if !more {
			return offset, timestamp, ok, r.Err()
		}
		o, ts := b.BaseOffset()+int64(rec.OffsetDelta), timestampOf(b, rec)
		if o >= floor && (!ok || ts > timestamp) {
			offset, timestamp, ok = o, ts, true
		}
	}
}

// timestampOf is the timestamp of a record of b, in milliseconds: the batch's own where the broker stamped it.
func timestampOf(b record.Batch, rec Record) int64 {
	if b.LogAppendTime() {
		return b.MaxTimestamp()
	}
	return b.BaseTimestamp() + rec.TimestampDelta
}
