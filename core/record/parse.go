package record

import (
	"encoding/binary"
	"errors"
)

// What Parse and Verify refuse.
var (
	ErrShort  = errors.New("record batch: it ends early")
	ErrLength = errors.New("record batch: length field below the header's size")
	ErrMagic  = errors.New("record batch: magic is not 2")
	ErrCRC    = errors.New("record batch: checksum does not match")
	ErrOffset = errors.New("record batch: offsets out of range")
)

// logOverhead is the part of the header that the length field does not count, in bytes.
const logOverhead = 12

// MaxOffset is the largest base offset that a batch may have: far enough from the end that no sum of offsets overflows.
const MaxOffset = 1<<62 - 1

// Parse takes the first batch off p and returns it with what lies behind it. It looks at the framing only. ErrShort
// says that p ends inside the batch, so that more bytes may help.
func Parse(p []byte) (b Batch, rest []byte, err error) {
	if len(p) < logOverhead {
		return nil, p, ErrShort
	}
	n := int64(int32(binary.BigEndian.Uint32(p[8:]))) + logOverhead
	if n < HeaderSize {
		return nil, p, ErrLength
	}
	if n > int64(len(p)) {
		return nil, p, ErrShort
	}
	return Batch(p[:n:n]), p[n:], nil
}

// Verify judges a batch that Parse framed and that a broker has stamped: what must hold for every batch of a log,
// control batches and compacted ones included. It is what stands between a disk and a reader.
func Verify(b Batch) error {
	switch {
	case b.Magic() != 2:
		return ErrMagic
	case b.CRC() != b.ComputeCRC():
		return ErrCRC
	case b.BaseOffset() < 0 || b.BaseOffset() > MaxOffset || b.LastOffsetDelta() < 0 || b.Count() < 0:
		return ErrOffset
	}
	return nil
}

// ComputeCRC is the checksum that the batch should carry.
func (b Batch) ComputeCRC() uint32 { return Checksum(b[crcFrom:]) }

// crcFrom is where the checksummed bytes begin: at the attributes.
const crcFrom = 21
