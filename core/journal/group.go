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
// Growing means a larger buffer and one copy. The old buffer stays as it is for those who use it.
type group struct {
	seq     uint64
	memory  *event.Buffer // from Config.Alloc; the group is one of its users
	buf     []byte        // the part of it that is used
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

// reserve makes room for one more entry and n more bytes of payload. It returns the buffer that the group has outgrown, if it
// has.
func (g *group) reserve(n int, cfg *Config) (outgrown *event.Buffer) {
	head, room := g.head, len(g.buf)-g.head
	for head < headerSize(len(g.entries)+1, g.copied) {
		head *= 2
	}
	for room < blocksUp(g.body+n) {
		room *= 2
	}
	head, room = min(head, cfg.headerLimit()), min(room, cfg.MaxPayload())
	if head == g.head && room == len(g.buf)-g.head {
		return nil
	}
	memory := cfg.Alloc(head + room)
	copy(memory.Bytes[head:], g.buf[g.head:g.head+g.body])
	outgrown = g.memory
	g.memory, g.buf, g.head = memory, memory.Bytes[:head+room], head
	return outgrown
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

// newGroup opens the group seq behind a frame of copied entries, with memory for about as much as the last ones held.
func newGroup(seq uint64, copied, entries, body int, spare []Entry, cfg *Config) group {
	head := min(headerSize(entries, copied), cfg.headerLimit())
	room := event.BlockSize
	for room < body {
		room *= 2
	}
	room = min(room, cfg.MaxPayload())
	memory := cfg.Alloc(head + room)
	return group{
		seq: seq, memory: memory, buf: memory.Bytes[:head+room], head: head, copied: copied, entries: spare[:0],
	}
}
