package journal

import "github.com/highwater-log/highwater/core/event"

// slab is memory that frames take one behind the other: so a frame grows in its place, and none keeps more than it uses, however much
// one differs from the next and however long readers keep it.
//
//	| header body | header body | header body .. grows -> |
//	0                           used                      len(memory.Bytes)
type slab struct {
	memory *event.Buffer // from Config.Alloc; the journal is one of its users. nil before the first frame
	used   int           // bytes that closed groups take; whole blocks
}

// Bounds of a slab in bytes, and how many usual frames fit into it.
const (
	leastSlab  = 64 << 10
	mostSlab   = 2 << 20
	slabFrames = 8
)

// rest is what the open group may take.
func (s *slab) rest() []byte {
	if s.memory == nil {
		return nil
	}
	return s.memory.Bytes[s.used:]
}

// fresh replaces the slab by one for about as much as is usual, at least need bytes. Who uses the old one keeps it.
func (j *Journal) fresh(need int) {
	if j.slab.memory != nil {
		j.outgrown = append(j.outgrown, j.slab.memory)
	}
	size := min(max(slabFrames*j.usualBody, leastSlab), mostSlab, 2*j.cfg.MaxFrame)
	j.slab = slab{memory: j.cfg.Alloc(max(size, need))}
}

// begin gives the open group memory, for a payload of n bytes at least.
func (j *Journal) begin(n int) {
	g := &j.open
	copied := j.copied()
	head := min(headerSize(j.usualEntries+j.usualEntries/4, copied), j.cfg.headerLimit())
	if need := head + blocksUp(max(n, min(j.usualBody, j.cfg.MaxPayload()))); len(j.slab.rest()) < need {
		j.fresh(need)
	}
	*g = group{seq: g.seq, head: head, copied: copied, entries: j.spare[:0]}
	j.spare = nil
	j.settle(g)
}

// settle gives g what the slab has left.
func (j *Journal) settle(g *group) {
	g.memory, g.buf = j.slab.memory, j.slab.rest()
	g.memory.Retain()
}

// reserve makes room for one more entry and n more bytes of payload in the open group. Where the slab has none, that means one copy.
// The old memory stays as it is for those who use it.
func (j *Journal) reserve(n int) {
	g := &j.open
	head, body := g.head, blocksUp(g.body+n)
	for head < headerSize(len(g.entries)+1, g.copied) {
		head *= 2
	}
	head = min(head, j.cfg.headerLimit())
	if head == g.head && head+body <= len(g.buf) {
		return
	}
	old := *g
	j.fresh(head + min(2*body, j.cfg.MaxPayload()))
	g.head = head
	j.settle(g)
	copy(g.buf[head:], old.buf[old.head:old.head+old.body])
	j.outgrown = append(j.outgrown, old.memory)
}
