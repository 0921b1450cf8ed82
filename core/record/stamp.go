package record

import "encoding/binary"

// Stamp writes base offset and leader epoch. Both lie outside the checksum.
func (b Batch) Stamp(base int64, leaderEpoch int32) {
	binary.BigEndian.PutUint64(b, uint64(base))
	binary.BigEndian.PutUint32(b[12:], uint32(leaderEpoch))
}

// SetLogAppendTime gives every record of the batch the time ms, in milliseconds: readers take the batch's largest
// timestamp for all of them. The checksum is computed anew.
func (b Batch) SetLogAppendTime(ms int64) {
	binary.BigEndian.PutUint16(b[crcFrom:], uint16(b.Attributes()|logAppendTimeBit))
	b.SetMaxTimestamp(ms)
}

// SetMaxTimestamp corrects the largest timestamp, in milliseconds: lookups by time rely on it, and some clients do not
// fill it in. The checksum is computed anew.
func (b Batch) SetMaxTimestamp(ms int64) {
	binary.BigEndian.PutUint64(b[35:], uint64(ms))
	b.Seal()
}

// Seal makes length field and checksum fit the rest of the batch, which is all of b: the last step of whoever changed
// it.
func (b Batch) Seal() {
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-logOverhead))
	binary.BigEndian.PutUint32(b[17:], b.ComputeCRC())
}
