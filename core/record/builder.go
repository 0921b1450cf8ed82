package record

import (
	"encoding/binary"
	"math"

	"github.com/highwater-log/highwater/core/invariant"
)

// Builder makes uncompressed batches, one after the other. The exported fields go into the header of every batch that
// is built; NewBuilder sets them to what a batch without a producer has.
type Builder struct {
	BaseOffset    int64
	LeaderEpoch   int32
	ProducerID    int64
	ProducerEpoch int16
	BaseSequence  int32
	Transactional bool
	Control       bool

	p             []byte // room for the header, then the records so far
	count         int32
	baseTimestamp int64
	maxTimestamp  int64
}

// NewBuilder makes a builder without records: base offset 0, no leader epoch, no producer.
func NewBuilder() *Builder {
	return &Builder{LeaderEpoch: -1, ProducerID: -1, ProducerEpoch: -1, BaseSequence: -1}
}

// Count is the number of records so far.
func (w *Builder) Count() int32 { return w.count }

// Size is the size in bytes that the batch would have now.
func (w *Builder) Size() int { return max(len(w.p), HeaderSize) }

// Add appends one record with its timestamp in milliseconds. Nil key or value is null.
func (w *Builder) Add(timestamp int64, key, value []byte, headers ...Header) {
	if w.count == 0 {
		w.p = append(w.p[:0], make([]byte, HeaderSize)...)
		w.baseTimestamp, w.maxTimestamp = timestamp, timestamp
	}
	w.maxTimestamp = max(w.maxTimestamp, timestamp)
	delta := timestamp - w.baseTimestamp
	size := 1 + varintSize(delta) + varintSize(int64(w.count)) + bytesSize(key) + bytesSize(value) +
		varintSize(int64(len(headers)))
	for _, h := range headers {
		size += varintSize(int64(len(h.Key))) + len(h.Key) + bytesSize(h.Value)
	}
	w.p = binary.AppendVarint(w.p, int64(size))
	w.p = append(w.p, 0)
	w.p = binary.AppendVarint(w.p, delta)
	w.p = binary.AppendVarint(w.p, int64(w.count))
	w.p = appendBytes(w.p, key)
	w.p = appendBytes(w.p, value)
	w.p = binary.AppendVarint(w.p, int64(len(headers)))
	for _, h := range headers {
		w.p = binary.AppendVarint(w.p, int64(len(h.Key)))
		w.p = append(w.p, h.Key...)
		w.p = appendBytes(w.p, h.Value)
	}
	w.count++
}

// Build returns the batch, which the caller owns, and begins the next one. There must be a record.
func (w *Builder) Build() Batch {
	if w.count == 0 || len(w.p) > math.MaxInt32 {
		invariant.Violated("B-1: a batch of %d records in %d bytes", w.count, len(w.p))
	}
	b := Batch(w.p)
	binary.BigEndian.PutUint64(b, uint64(w.BaseOffset))
	binary.BigEndian.PutUint32(b[12:], uint32(w.LeaderEpoch))
	b[16] = 2
	binary.BigEndian.PutUint16(b[21:], uint16(w.attributes()))
	binary.BigEndian.PutUint32(b[23:], uint32(w.count-1))
	binary.BigEndian.PutUint64(b[27:], uint64(w.baseTimestamp))
	binary.BigEndian.PutUint64(b[35:], uint64(w.maxTimestamp))
	binary.BigEndian.PutUint64(b[43:], uint64(w.ProducerID))
	binary.BigEndian.PutUint16(b[51:], uint16(w.ProducerEpoch))
	binary.BigEndian.PutUint32(b[53:], uint32(w.BaseSequence))
	binary.BigEndian.PutUint32(b[57:], uint32(w.count))
	b.Seal()
	w.p, w.count = nil, 0
	return b
}

func (w *Builder) attributes() (a int16) {
	if w.Transactional {
		a |= transactionalBit
	}
	if w.Control {
		a |= controlBit
	}
	return a
}

// appendBytes appends length and content, -1 for nil.
func appendBytes(dst, p []byte) []byte {
	if p == nil {
		return append(dst, 1)
	}
	return append(binary.AppendVarint(dst, int64(len(p))), p...)
}

func bytesSize(p []byte) int {
	if p == nil {
		return 1
	}
	return varintSize(int64(len(p))) + len(p)
}

func varintSize(v int64) int {
	n := 1
	for u := uint64(v)<<1 ^ uint64(v>>63); u >= 0x80; u >>= 7 {
		n++
	}
	return n
}
