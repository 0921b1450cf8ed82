package record

import (
	"encoding/binary"
)

// HeaderSize is the size of a batch without records, in bytes.
const HeaderSize = 61

// Attribute bits.
const (
	codecMask        = 0x07
	logAppendTimeBit = 0x08
	transactionalBit = 0x10
	controlBit       = 0x20
	knownBits        = codecMask | logAppendTimeBit | transactionalBit | controlBit
)

// Compression codecs.
const (
	CodecNone   int8 = 0
	CodecGzip   int8 = 1
	CodecSnappy int8 = 2
	CodecLZ4    int8 = 3
	CodecZstd   int8 = 4
)

// Batch is one whole record batch in memory: header and records, nothing behind. Accessors assume that Parse or
// Validate accepted it.
type Batch []byte

// BaseOffset is the offset of the first record.
func (b Batch) BaseOffset() int64 { return int64(binary.BigEndian.Uint64(b)) }

// Size is the size of the whole batch in bytes, header included, as its length field declares it.
func (b Batch) Size() int { return int(int32(binary.BigEndian.Uint32(b[8:]))) + 12 }

// LeaderEpoch is the epoch of the leader that appended the batch.
func (b Batch) LeaderEpoch() int32 { return int32(binary.BigEndian.Uint32(b[12:])) }

// Magic is the format version, 2.
func (b Batch) Magic() int8 { return int8(b[16]) }

// CRC is the stored checksum: CRC-32C over everything from the attributes on.
func (b Batch) CRC() uint32 { return binary.BigEndian.Uint32(b[17:]) }

// Attributes are codec (bits 0-2), timestamp type (3), transactional (4), control (5), delete horizon (6).
func (b Batch) Attributes() int16 { return int16(binary.BigEndian.Uint16(b[21:])) }

// Codec is the compression codec: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
func (b Batch) Codec() int8 { return int8(b.Attributes() & codecMask) }

// Control reports whether the batch is a control batch: never from a client.
func (b Batch) Control() bool { return b.Attributes()&controlBit != 0 }

// Transactional reports whether the batch belongs to a transaction.
func (b Batch) Transactional() bool { return b.Attributes()&transactionalBit != 0 }

// LogAppendTime reports whether the broker's clock gave the records their timestamp, MaxTimestamp, instead of the
// client.
func (b Batch) LogAppendTime() bool { return b.Attributes()&logAppendTimeBit != 0 }

// LastOffsetDelta is the offset of the last record less the base offset.
func (b Batch) LastOffsetDelta() int32 { return int32(binary.BigEndian.Uint32(b[23:])) }

// NextOffset is the offset behind the last record.
func (b Batch) NextOffset() int64 { return b.BaseOffset() + int64(b.LastOffsetDelta()) + 1 }

// BaseTimestamp is the timestamp of the first record, in milliseconds.
func (b Batch) BaseTimestamp() int64 { return int64(binary.BigEndian.Uint64(b[27:])) }

// MaxTimestamp is the largest timestamp of the batch, in milliseconds.
func (b Batch) MaxTimestamp() int64 { return int64(binary.BigEndian.Uint64(b[35:])) }

// ProducerID is the idempotent producer's id, or -1.
func (b Batch) ProducerID() int64 { return int64(binary.BigEndian.Uint64(b[43:])) }

// ProducerEpoch is the producer's epoch, or -1.
func (b Batch) ProducerEpoch() int16 { return int16(binary.BigEndian.Uint16(b[51:])) }

// BaseSequence is the producer's sequence number of the first record, or -1.
func (b Batch) BaseSequence() int32 { return int32(binary.BigEndian.Uint32(b[53:])) }

// LastSequence is the producer's sequence number of the last record: sequences wrap from 2^31-1 to 0.
func (b Batch) LastSequence() int32 {
	return int32((int64(b.BaseSequence()) + int64(b.LastOffsetDelta())) & 0x7fffffff)
}

// Count is the number of records.
func (b Batch) Count() int32 { return int32(binary.BigEndian.Uint32(b[57:])) }

// Records are the bytes behind the header, compressed if Codec says so.
func (b Batch) Records() []byte { return b[HeaderSize:] }
