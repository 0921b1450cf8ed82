package journal

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// group is one flush group in memory: a frame that is still growing, or waits for its turn on the disk. Its header is
// encoded at the end, when the number of entries is known, so it is kept right before the body:
//
//	buf  | unused ... | header blocks | body ........ | unused, zero |
//	     0            head-header     head            head+body      len(buf)
//
// buf is all that the slab has left.
type group struct {
	seq     uint64
	memory  *event.Buffer // the slab's; the group is one of its users
	buf     []byte        // the part of it that it may use
	head    int           // bytes kept before the body; whole blocks
	body    int           // bytes of payload so far
	copied  int           // entries of the previous frame, repeated in this one
	riders  int           // direct writes that the frame waits for
	entries []Entry
}

// header is the size of the header blocks, in bytes.
func (g *group) header() int { return headerSize(len(g.entries), g.copied) }

// size is the bytes that the frame will take in its chunk.
func (g *group) size() int { return g.header() + blocksUp(g.body) }

// seals reports that the frame only carries D forward: it needs no seal of its own.
func (g *group) seals() bool {
	for i := range g.entries {
		if g.entries[i].Kind != EntrySeal {
			return false
		}
	}
	return true
}

// add stages one entry with its payload and returns the copy of the payload inside the frame's memory.
func (g *group) add(e Entry, payload [][]byte) []byte {
	from := g.head + g.body
	at := from
	for _, p := range payload {
		at += copy(g.buf[at:], p)
	}
	stored := g.buf[from:at:at]
	g.body = at - g.head
	e.Len = int32(len(stored))
	if e.Kind.HasPayload() && e.CRC == 0 {
		e.CRC = record.Checksum(stored)
	}
	g.entries = append(g.entries, e)
	return stored
}

// frame is the whole frame as it goes to the disk: its header blocks, which encodeHeader fills, and what is left of the last
// block of the body are zero.
func (g *group) frame() []byte {
	end := g.head + g.body
	clear(g.buf[g.head-g.header() : g.head])
	clear(g.buf[end : g.head+blocksUp(g.body)])
	return g.buf[g.head-g.header() : g.head+blocksUp(g.body)]
}
