package store

import (
	"encoding/binary"
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// descriptor is what a direct entry's payload says of the bytes that are not in it. Its batch lies at byte pos of its segment:
//
//	blocks    |        |        |   ...  |        |
//	file      [ seam | head     |  middle         | tail ]      seam: the end of what came before the batch
//	               pos                              pos+length
//	written directly:  from ...................... to           whole blocks
//	payload: descriptor, head if the seam's block went to the file before (from lies behind it), tail
//
// The integers are little-endian:
//
//	0         8         12       16       20      24       85
//	+---------+---------+--------+--------+-------+--------+----- - - ---+---- - - ---+
//	| segment | length  | CRC of | CRC of | bytes | the    | head of     | tail of    |
//	|         | of the  | the    | the    | of    | batch's| the batch,  | the batch  |
//	|         | batch   | batch  | seam   | head  | header | if inline   |            |
//	+---------+---------+--------+--------+-------+--------+----- - - ---+---- - - ---+
//
// The header is what derived state is made of: it outlives the bytes in the segment, when these go with a log's beginning.
type descriptor struct {
	segment int64
	pos     int64 // from the entry
	length  int64
	sum     uint32 // CRC-32C of the whole stamped batch
	seam    uint32 // CRC-32C of the bytes before it in its first block, where they go the same way
	head    int64  // bytes
	header  [record.HeaderSize]byte
}

const descriptorSize = 24 + record.HeaderSize

// from and to bound what goes to the segment.
func (d *descriptor) from() int64 {
	if d.head > 0 {
		return ceilBlock(d.pos)
	}
	return floorBlock(d.pos)
}
func (d *descriptor) to() int64 { return floorBlock(d.pos + d.length) }

// seamSize is how many bytes before the batch go with it.
func (d *descriptor) seamSize() int64 { return max(d.pos-d.from(), 0) }

// put writes d into the first descriptorSize bytes of dst.
func (d *descriptor) put(dst []byte) {
	le := binary.LittleEndian
	le.PutUint64(dst, uint64(d.segment))
	le.PutUint32(dst[8:], uint32(d.length))
	le.PutUint32(dst[12:], d.sum)
	le.PutUint32(dst[16:], d.seam)
	le.PutUint32(dst[20:], uint32(d.head))
	copy(dst[24:], d.header[:])
}

// take reads a descriptor at the front of f.
func (d *descriptor) take(pos int64, f *fields) {
	*d = descriptor{segment: f.int64(), pos: pos, length: int64(f.uint32()), sum: f.uint32(), seam: f.uint32(), head: int64(f.uint32())}
	copy(d.header[:], f.take(record.HeaderSize))
}

// readDescriptor reads the payload of a direct entry at byte pos, and the parts of the batch that are inline.
func readDescriptor(pos int64, payload []byte) (d descriptor, head, tail []byte, err error) {
	f := fields{p: payload}
	d.take(pos, &f)
	inline := d.head == 0 || d.head == ceilBlock(pos)-pos
	if f.err != nil || pos < 0 || d.length < record.HeaderSize || !inline || d.from()+event.BlockSize > d.to() {
		return d, nil, nil, fmt.Errorf("a descriptor of %d bytes for a batch of %d at %d makes no sense", len(payload), d.length, pos)
	}
	head = f.take(int(d.head))
	tail = f.take(int(d.pos + d.length - d.to()))
	if f.err != nil || len(f.p) > 0 {
		return d, nil, nil, fmt.Errorf("a descriptor of %d bytes does not hold the ends of a batch of %d at %d", len(payload), d.length, pos)
	}
	return d, head, tail, nil
}

// assemble puts the batch together: its inline ends, and the bytes of the segment from d.from() to d.to() between them. They are
// either what was written for this batch, or not believed at all.
func (d *descriptor) assemble(head, middle, tail []byte) (record.Batch, bool) {
	if int64(len(middle)) != d.to()-d.from() || record.Checksum(middle[:d.seamSize()]) != d.seam {
		return nil, false
	}
	b := make([]byte, 0, d.length)
	b = append(append(append(b, head...), middle[d.seamSize():]...), tail...)
	return b, record.Checksum(b) == d.sum
}
