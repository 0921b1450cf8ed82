package kafka

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/highwater-log/highwater/core/record"
)

// Record is what decisions need of one record: no key, value or header is kept.
type Record struct {
	OffsetDelta    int32
	TimestampDelta int64 // milliseconds
	NullKey        bool
}

// Records walks the records of one batch in order, through a window of fixed size where they are compressed:
//
//	length attributes timestampDelta offsetDelta keyLength key valueLength value headers...      (all varints zigzag)
//
// Source: Kafka's DefaultRecord; KIP-98.
type Records struct {
	data   []byte    // received and not yet walked
	source io.Reader // where more comes from; nil if data is all there is
	ended  bool      // source has nothing more
	window []byte
	allow  int // bytes that source may still give

	count, next int32
	left        int // bytes of the current record
	err         error
}

// recordError is what is wrong with the bytes of one record. Other errors of a walk come from the decompressor.
type recordError struct{ why string }

// Error implements error.
func (e *recordError) Error() string { return "a record " + e.why }

// Errors of the walk.
var (
	errRecordEnd     = &recordError{"is cut off"}
	errRecordLength  = &recordError{"has a length that does not agree with its fields"}
	errRecordVarint  = &recordError{"has a malformed integer"}
	errRecordHeaders = &recordError{"has malformed headers"}
	errRecordRest    = &recordError{"should be the last, but bytes follow"}
)

// Records begins to walk the records of b, whose header was judged before. The Codec does nothing else until the walk
// is over.
func (c *Codec) Records(b record.Batch) *Records {
	r := &c.walk
	*r = Records{count: b.Count()}
	if b.Codec() == record.CodecNone {
		r.data = b.Records()
		return r
	}
	if c.window == nil {
		c.window = make([]byte, windowSize)
	}
	r.window = c.window
	r.allow = c.limits.inflated(len(b.Records()))
	r.source, r.err = c.open(b.Codec(), b.Records(), r.allow)
	return r
}

// Next takes the next record. False at the end and on errors: see Err. At the end everything was read and nothing was
// left over.
func (r *Records) Next() (rec Record, ok bool) {
	if r.err != nil {
		return rec, false
	}
	if r.next == r.count {
		r.finish()
		return rec, false
	}
	r.next++
	r.left = binary.MaxVarintLen64
	length := r.int32()
	if length < 0 {
		r.fail(errRecordLength)
	}
	if r.err == nil {
		r.left = int(length)
	}
	r.skip(1) // attributes, unused
	rec.TimestampDelta = r.varint()
	rec.OffsetDelta = r.int32()
	rec.NullKey = r.field()
	r.field() // value
	headers := r.int32()
	if int(headers) < 0 || int(headers) > r.left/2 {
		r.fail(errRecordHeaders)
	}
	for i := int32(0); i < headers && r.err == nil; i++ {
		if null := r.field(); null {
			r.fail(errRecordHeaders)
		}
		r.field()
	}
	if r.left != 0 {
		r.fail(errRecordLength)
	}
	return rec, r.err == nil
}

// Index is the number of the record that Next took or failed on last, from 0.
func (r *Records) Index() int32 { return r.next - 1 }

// Err is why the walk ended early; nil if it did not.
func (r *Records) Err() error { return r.err }

func (r *Records) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.left = 0
	r.data = nil
}

// finish makes sure that nothing follows the last record, decompressor's trailer included.
func (r *Records) finish() {
	if len(r.data) == 0 && r.source != nil {
		r.fill(1)
	}
	if r.err == nil && len(r.data) > 0 {
		r.fail(errRecordRest)
	}
}

// fill gets at least n bytes into data unless the source ends.
func (r *Records) fill(n int) {
	if r.source == nil || r.ended {
		return
	}
	have := copy(r.window, r.data)
	idle := 0
	for have < n && r.err == nil && !r.ended {
		got, err := r.source.Read(r.window[have:])
		have += got
		r.allow -= got
		switch {
		case r.allow < 0:
			r.fail(errInflated)
		case errors.Is(err, io.EOF):
			r.ended = true
		case err != nil:
			r.fail(err)
		case got == 0:
			if idle++; idle > 100 {
				r.fail(io.ErrNoProgress)
			}
		}
	}
	if r.err == nil {
		r.data = r.window[:have]
	}
}

// varint takes a zigzag integer of at most 64 bits.
func (r *Records) varint() int64 {
	if len(r.data) < binary.MaxVarintLen64 {
		r.fill(binary.MaxVarintLen64)
	}
	v, n := binary.Varint(r.data)
	switch {
	case r.err != nil:
		return 0
	case n == 0:
		r.fail(errRecordEnd)
		return 0
	case n < 0:
		r.fail(errRecordVarint)
		return 0
	case n > r.left:
		r.fail(errRecordLength)
		return 0
	}
	r.data = r.data[n:]
	r.left -= n
	return v
}

// int32 takes a zigzag integer of at most 32 bits.
func (r *Records) int32() int32 {
	before := r.left
	v := r.varint()
	if before-r.left > binary.MaxVarintLen32 || v != int64(int32(v)) {
		r.fail(errRecordVarint)
		return 0
	}
	return int32(v)
}

// field passes over bytes with their length before them, -1 for null.
func (r *Records) field() (null bool) {
	n := r.int32()
	if n < -1 {
		r.fail(errRecordLength)
		return false
	}
	r.skip(int(max(n, 0)))
	return n == -1
}

// skip passes over n bytes of the current record.
func (r *Records) skip(n int) {
	if n > r.left {
		r.fail(errRecordLength)
		return
	}
	r.left -= n
	for r.err == nil && n > len(r.data) {
		n -= len(r.data)
		r.data = nil
		r.fill(1)
		if r.err == nil && len(r.data) == 0 {
			r.fail(errRecordEnd)
		}
	}
	if r.err == nil {
		r.data = r.data[n:]
	}
}
