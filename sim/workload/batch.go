package workload

import (
	"encoding/binary"
	"slices"

	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/linearizability/history"
)

// identity is what an idempotent producer stamps on a batch: -1 everywhere for others.
type identity struct {
	pid      int64
	epoch    int16
	sequence int32
}

// appendBatch appends one uncompressed record batch v2 that holds values of size bytes each.
func appendBatch(dst []byte, id identity, timestamp int64, values []history.Value, size int) []byte {
	start := len(dst)
	dst = slices.Grow(dst, record.HeaderSize+len(values)*(size+64))
	dst = append(dst, make([]byte, record.HeaderSize)...)
	one := make([]byte, 0, size+64)
	for i, v := range values {
		one = append(one[:0], 0) // attributes
		one = binary.AppendVarint(one, int64(i))
		one = binary.AppendVarint(one, int64(i))
		one = binary.AppendVarint(one, -1) // no key
		at := len(one)
		one = appendValue(one, v, size)
		n := len(one) - at
		var head [binary.MaxVarintLen64]byte
		length := binary.PutVarint(head[:], int64(n))
		one = append(one, head[:length]...)
		copy(one[at+length:], one[at:at+n])
		copy(one[at:], head[:length])
		one = binary.AppendVarint(one, 0) // no headers
		dst = binary.AppendVarint(dst, int64(len(one)))
		dst = append(dst, one...)
	}
	b := dst[start:]
	last := uint32(len(values) - 1)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
	binary.BigEndian.PutUint32(b[12:], ^uint32(0)) // no leader epoch
	b[16] = 2
	binary.BigEndian.PutUint32(b[23:], last)
	binary.BigEndian.PutUint64(b[27:], uint64(timestamp))
	binary.BigEndian.PutUint64(b[35:], uint64(timestamp+int64(last)))
	binary.BigEndian.PutUint64(b[43:], uint64(id.pid))
	binary.BigEndian.PutUint16(b[51:], uint16(id.epoch))
	binary.BigEndian.PutUint32(b[53:], uint32(id.sequence))
	binary.BigEndian.PutUint32(b[57:], uint32(len(values)))
	binary.BigEndian.PutUint32(b[17:], record.Checksum(b[21:]))
	return dst
}

// parseBatches appends to dst the records at and behind offset from in the batches p. A batch that is not one, or whose
// checksum is wrong, is one foreign record; a batch cut off at the end is left out, as Kafka allows.
func parseBatches(dst []history.Record, p []byte, from int64) []history.Record {
	for len(p) >= record.HeaderSize {
		b := record.Batch(p)
		size := b.Size()
		if size < record.HeaderSize {
			return append(dst, history.Record{Offset: b.BaseOffset(), Value: history.Foreign})
		}
		if size > len(p) {
			return dst
		}
		b, p = b[:size], p[size:]
		if b.Magic() != 2 || b.CRC() != record.Checksum(b[21:]) {
			dst = append(dst, history.Record{Offset: b.BaseOffset(), Value: history.Foreign})
			continue
		}
		if !b.Control() {
			dst = parseRecords(dst, b, from)
		}
	}
	return dst
}

// parseRecords appends the records of one sound batch.
func parseRecords(dst []history.Record, b record.Batch, from int64) []history.Record {
	r := reader{p: b.Records()}
	for range b.Count() {
		end := r.varint()
		end = int64(len(r.p)) - end
		r.skip(1)
		r.varint()
		offset := b.BaseOffset() + r.varint()
		if n := r.varint(); n > 0 {
			r.skip(n)
		}
		value := r.bytes(r.varint())
		if r.bad || end < 0 || end > int64(len(r.p)) {
			return append(dst, history.Record{Offset: b.BaseOffset(), Value: history.Foreign})
		}
		r.p = r.p[int64(len(r.p))-end:]
		if offset >= from {
			dst = append(dst, history.Record{Offset: offset, Value: parseValue(value)})
		}
	}
	return dst
}

// reader takes a record apart; bad is set once something is missing.
type reader struct {
	p   []byte
	bad bool
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.p)
	if n <= 0 {
		r.bad, r.p = true, nil
		return 0
	}
	r.p = r.p[n:]
	return v
}

func (r *reader) bytes(n int64) []byte {
	if n < 0 || n > int64(len(r.p)) {
		r.bad = true
		return nil
	}
	p := r.p[:n]
	r.p = r.p[n:]
	return p
}

func (r *reader) skip(n int64) { r.bytes(n) }
