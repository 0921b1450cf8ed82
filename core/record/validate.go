package record

import (
	"encoding/binary"

	"github.com/highwater-log/highwater/core/event"
)

// Validate judges bytes that a client sent as one batch, up to the records: CodeNone, or the answer to the client and
// its reason. Records that are not compressed must still pass Walk, the others after decompression.
func Validate(b Batch) (event.Code, string) {
	if len(b) < HeaderSize {
		return event.CodeCorruptMessage, "the batch ends inside its header"
	}
	size := int64(int32(binary.BigEndian.Uint32(b[8:]))) + logOverhead
	switch {
	case size < HeaderSize:
		return event.CodeCorruptMessage, "the length field is smaller than the header"
	case size > int64(len(b)):
		return event.CodeCorruptMessage, "the batch ends before its length field says so"
	case size < int64(len(b)):
		return event.CodeInvalidRecord, "bytes follow the batch: exactly one batch per partition is taken"
	case b.Magic() != 2:
		return event.CodeInvalidRecord, "the magic byte is not 2"
	case b.CRC() != b.ComputeCRC():
		return event.CodeCorruptMessage, "the checksum does not match"
	}
	if code, why := b.validateAttributes(); code != event.CodeNone {
		return code, why
	}
	if code, why := b.validateCount(); code != event.CodeNone {
		return code, why
	}
	return b.validateProducer()
}

func (b Batch) validateAttributes() (event.Code, string) {
	switch attributes := b.Attributes(); {
	case attributes&controlBit != 0:
		return event.CodeInvalidRecord, "clients may not write control batches"
	case attributes&^knownBits != 0:
		return event.CodeInvalidRecord, "an unused attribute bit is set"
	case attributes&codecMask > int16(CodecZstd):
		return event.CodeUnsupportedCompression, "the compression codec is unknown"
	case attributes&logAppendTimeBit != 0:
		return event.CodeInvalidTimestamp, "clients may not set the timestamp type to LogAppendTime"
	}
	return event.CodeNone, ""
}

func (b Batch) validateCount() (event.Code, string) {
	switch count := b.Count(); {
	case count <= 0:
		return event.CodeInvalidRecord, "the batch holds no record"
	case b.LastOffsetDelta() != count-1:
		return event.CodeInvalidRecord, "the last offset delta does not fit the number of records"
	case b.Codec() == CodecNone && int64(count)*minRecordSize > int64(len(b)-HeaderSize):
		return event.CodeInvalidRecord, "the batch is too small for its number of records"
	}
	return event.CodeNone, ""
}

// validateProducer leaves epoch and sequence of a batch without producer id alone: there are clients that put 0 there.
func (b Batch) validateProducer() (event.Code, string) {
	switch {
	case b.ProducerID() < -1:
		return event.CodeInvalidRecord, "the producer id is negative"
	case b.ProducerID() < 0 && b.Transactional():
		return event.CodeInvalidRecord, "a transactional batch needs a producer id"
	case b.ProducerID() < 0:
		return event.CodeNone, ""
	case b.ProducerEpoch() < 0:
		return event.CodeInvalidRecord, "a batch with a producer id needs a producer epoch"
	case b.BaseSequence() < 0:
		return event.CodeInvalidRecord, "a batch with a producer id needs a sequence number"
	}
	return event.CodeNone, ""
}
