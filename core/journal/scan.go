package journal

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

// ChunkImage is what could be read of one chunk file.
type ChunkImage struct {
	Number int64  // of the chunk
	Data   []byte // from its beginning; a last partial block counts for nothing
	Unread []Span // bytes of Data that the disk refused to give, ascending
}

// Span is bytes [From, To) of a chunk.
type Span struct{ From, To int64 }

// unread reports whether any of the bytes [from, to) could not be read.
func (c *ChunkImage) unread(from, to int64) bool {
	for _, s := range c.Unread {
		if s.From < to && from < s.To {
			return true
		}
	}
	return false
}

// unreadHeader reports whether header blocks that begin at byte at would lie in bytes that could not be read. What the
// first block says of their number is not checked: the rest of the proof is missing.
func (c *ChunkImage) unreadHeader(at int64) bool {
	size := int64(event.BlockSize)
	if at+size <= int64(len(c.Data)) && binary.BigEndian.Uint32(c.Data[at:]) == frameMagic {
		size = max(size, int64(binary.BigEndian.Uint16(c.Data[at+6:]))*event.BlockSize)
	}
	return c.unread(at, at+size)
}

// Found is a frame with whole header blocks, in the chunk for which it was written.
type Found struct {
	Header
	image *ChunkImage
}

// body is the frame's payload bytes.
func (f *Found) body() []byte {
	at := f.Offset + int64(f.HeaderLen)
	return f.image.Data[at : at+int64(f.BodyLen)]
}

// Scan finds every frame that the directory of this secret ever wrote and that still has whole header blocks, of any
// incarnation, in the order of incarnation, sequence number and place. It looks at every block: the keyed CRC, not the
// place where the last frame ended, says what is a frame.
func Scan(secret [16]byte, chunks []ChunkImage) []Found {
	var list []Found
	for i := range chunks {
		c := &chunks[i]
		for at := int64(0); at+event.BlockSize <= int64(len(c.Data)); at += event.BlockSize {
			h, ok := decodeHeader(c.Data[at:], &secret, c.Number, at)
			if ok && !c.unread(at, at+int64(h.HeaderLen)) {
				list = append(list, Found{Header: h, image: c})
			}
		}
	}
	slices.SortFunc(list, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Incarnation, b.Incarnation), cmp.Compare(a.Seq, b.Seq),
			cmp.Compare(a.Chunk, b.Chunk), cmp.Compare(a.Offset, b.Offset))
	})
	return list
}
