package kafka

import "encoding/binary"

// encoder appends Kafka's primitives to a buffer.
type encoder struct {
	version  int16
	flexible bool
	buf      []byte
}

func (e *encoder) int16(v int16) { e.buf = binary.BigEndian.AppendUint16(e.buf, uint16(v)) }
func (e *encoder) int32(v int32) { e.buf = binary.BigEndian.AppendUint32(e.buf, uint32(v)) }
func (e *encoder) int64(v int64) { e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(v)) }

// length writes a count or the length of bytes.
func (e *encoder) length(n int) {
	if e.flexible {
		e.buf = binary.AppendUvarint(e.buf, uint64(n)+1)
	} else {
		e.int32(int32(n))
	}
}

// tagsEnd ends a struct that has no tagged fields.
func (e *encoder) tagsEnd() {
	if e.flexible {
		e.buf = append(e.buf, 0)
	}
}
