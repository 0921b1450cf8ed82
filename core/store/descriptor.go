package store

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// descriptor is what a direct entry's payload says of the bytes that are not in it. Its batches, one large or many small ones (run.go),
// lie from byte pos of their segment on:
//
//	blocks    |        |        |   ...  |        |
//	file      [ seam | head     |  middle         | tail ]      seam: the end of what came before them
//	               pos                              pos+length
//	written directly:  from ...................... to           whole blocks
//	payload: descriptor, headers, head if the seam's block went to the file before (from lies behind it), tail
//
// The integers are little-endian:
//
//	0         8         12       16       20      22        24
//	+---------+---------+--------+--------+-------+---------+--- - - ---+---- - - ---+---- - - ---+
//	| segment | length  | CRC of | CRC of | bytes | batches | a header  | head of    | tail of    |
//	|         | of all  | all    | the    | of    | less 1  | for each  | the bytes, | the bytes  |
//	|         | batches | bytes  | seam   | head  |         | batch     | if inline  |            |
//	+---------+---------+--------+--------+-------+---------+--- - - ---+---- - - ---+---- - - ---+
//
// The headers are what derived state is made of: they outlive the bytes in the segment, when these go with a log's beginning.
type descriptor struct {
	segment int64
	pos     int64 // from the entry
	length  int64
	sum     uint32 // CRC-32C of all stamped batches
	seam    uint32 // CRC-32C of the bytes before them in their first block, where they go the same way
	head    int64  // bytes
	headers []byte // of the batches, back to back
}

// descriptorSize is the size of a descriptor without headers, most how many of these it has at most.
const (
	descriptorSize = 24
	mostBatches    = 1 << 16
)

// size is the bytes of the whole descriptor.
func (d *descriptor) size() int { return descriptorSize + len(d.headers) }

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

// appendTo puts d, but for its headers, behind dst.
func (d *descriptor) appendTo(dst []byte) []byte {
	dst = put64(dst, d.segment)
	dst = put32(put32(put32(dst, uint32(d.length)), d.sum), d.seam)
	return put32(dst, uint32(d.head)|uint32(len(d.headers)/record.HeaderSize-1)<<16)
}

// take reads a descriptor at the front of f. Its headers are a view.
func (d *descriptor) take(pos int64, f *fields) {
	*d = descriptor{segment: f.int64(), pos: pos, length: int64(f.uint32()), sum: f.uint32(), seam: f.uint32()}
	both := f.uint32()
	d.head = int64(both & (mostBatches - 1))
	d.headers = f.take((int(both>>16) + 1) * record.HeaderSize)
}

// readDescriptor reads the payload of a direct entry at byte pos, and the parts of its batches that are inline.
func readDescriptor(pos int64, payload []byte) (d descriptor, head, tail []byte, err error) {
	f := fields{p: payload}
	d.take(pos, &f)
	inline := d.head == 0 || d.head == ceilBlock(pos)-pos
	if f.err != nil || pos < 0 || d.length < int64(len(d.headers)) || !inline || d.from()+event.BlockSize > d.to() {
		return d, nil, nil, fmt.Errorf("a descriptor of %d bytes for batches of %d at %d makes no sense", len(payload), d.length, pos)
	}
	head = f.take(int(d.head))
	tail = f.take(int(d.pos + d.length - d.to()))
	if f.err != nil || len(f.p) > 0 {
		return d, nil, nil, fmt.Errorf("a descriptor of %d bytes does not hold the ends of batches of %d at %d", len(payload), d.length, pos)
	}
	return d, head, tail, nil
}

// assemble puts the batches together: their inline ends, and the bytes of the segment from d.from() to d.to() between them. They are
// either what was written for this entry, or not believed at all.
func (d *descriptor) assemble(head, middle, tail []byte) ([]byte, bool) {
	if int64(len(middle)) != d.to()-d.from() || record.Checksum(middle[:d.seamSize()]) != d.seam {
		return nil, false
	}
	b := make([]byte, 0, d.length)
	b = append(append(append(b, head...), middle[d.seamSize():]...), tail...)
	return b, record.Checksum(b) == d.sum
}
