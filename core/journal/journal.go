package journal

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// Journal is the ring of one store. It is a part of the store's machine: the store calls it within its own Step, and
// the journal orders disk operations and hears of their completions. See the package documentation for its life.
type Journal struct {
	cfg     Config
	super   Superblock // of this incarnation, once begun
	began   bool
	ready   bool   // a chunk was prepared
	ended   bool   // no chunk is prepared any more
	why     string // why the journal failed: latched
	reading *reading
	ring    ring
	prepare preparer

	// Sequence numbers, all exclusive bounds: durable <= submitted <= open.
	durable   uint64 // every frame below is durable
	submitted uint64 // every frame below was submitted
	reuse     uint64 // every frame below may be overwritten
	content   uint64 // the last submitted frame that is not a mere seal is content-1
	claimed   uint64 // the largest Durable in a submitted header
	proven    uint64 // the largest Durable in the header of a durable frame
	demanded  uint64 // every frame below may take its place from the reserve

	open   group // takes what is staged; no memory until the first entry
	closed []group
	flight []flying

	sealAt      event.Time
	previous    uint32  // CRC of the last submitted frame's header
	lastEntries []Entry // its directory, for the copy in the next frame
	spare       []Entry // memory of a directory that is no longer needed
	slab        slab
	// How large closed groups are, on average of late.
	usualEntries, usualBody int // lines, bytes of payload

	outgrown []*event.Buffer // that groups and the slab have left in this turn
}

// flying is one submitted frame.
type flying struct {
	seq    uint64
	io     event.IOID
	chunk  int64
	offset int64
	size   int64
	claim  uint64 // the Durable in its header
	memory *event.Buffer
	done   bool // it is written
	riders int  // direct writes that it waits for
}

// New makes a journal that has neither recovered nor begun. cfg must pass its Check.
func New(cfg Config) *Journal {
	if err := cfg.Check(); err != nil {
		invariant.Violated("J-7: %v", err)
	}
	return &Journal{cfg: cfg, ring: ring{size: cfg.ChunkSize}}
}

// Begin starts the incarnation super, which the store has made durable, on an empty ring: every chunk file that
// recovery found is free, because everything in it that counts is durable elsewhere. Staging is possible once Ready.
// The verdict of Recovery is forgotten.
func (j *Journal) Begin(now event.Time, super Superblock, out *event.Buf) {
	if j.began {
		invariant.Violated("J-7: incarnation %d begins inside incarnation %d", super.Incarnation, j.super.Incarnation)
	}
	if r := j.reading; r != nil {
		fresh := r.verdict != nil && super.Incarnation > r.super.Incarnation && super.First >= r.verdict.Next
		if !fresh && !invariant.Planted(invariant.CanaryTornFrameReturns) {
			invariant.Violated("J-8: incarnation %d begins at frame %d, not above what recovery saw",
				super.Incarnation, super.First)
		}
		j.prepare.found(r.found, &j.cfg)
		j.reading = nil
	}
	j.super, j.began = super, true
	j.durable, j.submitted, j.reuse = super.First, super.First, super.First
	j.content, j.claimed, j.proven = super.First, super.First, super.First
	j.open.seq = super.First
	j.work(now, out)
}

// Ready reports whether a chunk is prepared: entries may be staged. Once true it stays true.
func (j *Journal) Ready() bool { return j.ready }

// Failed reports whether a disk operation failed, and which. Nothing becomes durable and nothing is ordered after that,
// until a restart has read the disk anew (D6).
func (j *Journal) Failed() (failed bool, why string) { return j.why != "", j.why }

// fail latches the first failure.
func (j *Journal) fail(why string) {
	if j.why == "" {
		j.why = why
	}
}

// MaxPayload is the size in bytes of the largest payload of one entry. The store refuses larger batches.
func (j *Journal) MaxPayload() int { return j.cfg.MaxPayload() }

// Open is the sequence number of the group that takes what is staged next.
func (j *Journal) Open() uint64 { return j.open.seq }

// Submitted bounds the frames that were handed to the disk: all below it.
func (j *Journal) Submitted() uint64 { return j.submitted }

// Durable bounds the frames that are durable together with all before them: all below it. Frames complete in any
// order, but count only by contiguous prefix (J1).
func (j *Journal) Durable() uint64 {
	if invariant.Planted(invariant.CanaryAckBeforeFlush) {
		return j.submitted
	}
	return j.durable
}

// Idle reports that nothing is staged, nothing is in flight, and every frame that counts is sealed.
func (j *Journal) Idle() bool {
	return j.why == "" && !j.staged() && len(j.flight) == 0 && j.content <= j.claimed
}

// Flying is how many frames are on their way to the disk.
func (j *Journal) Flying() int { return len(j.flight) }

// staged reports whether anything waits to be submitted.
func (j *Journal) staged() bool { return len(j.closed) > 0 || len(j.open.entries) > 0 }

// Stage adds one entry to the open group, with the payload's pieces back to back, and returns the sequence number of
// its frame and the copy of the payload inside the frame's memory: immutable, for as long as a user of that memory is counted.
// Len of e is filled here, and CRC where the caller does not know it. Callers ask Room first; control entries may always be staged.
func (j *Journal) Stage(e Entry, payload ...[]byte) (seq uint64, stored []byte, memory *event.Buffer) {
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	if !j.ready || n > j.cfg.MaxPayload() || (n > 0 && !e.Kind.HasPayload()) {
		invariant.Violated("J-7: %v with %d bytes of payload staged, ready %t", e.Kind, n, j.ready)
	}
	j.Together(1, n)
	g := &j.open
	if g.buf == nil {
		j.begin(n)
	}
	j.reserve(n)
	return g.seq, g.add(e, payload), g.memory
}

// Together sees to it that the next entries, with bytes of payload in sum, are staged into one frame. They must fit
// into an empty one.
func (j *Journal) Together(entries, bytes int) {
	if g := &j.open; len(g.entries)+entries > j.cfg.maxEntries() || g.body+bytes > j.cfg.MaxPayload() {
		if len(g.entries) == 0 {
			invariant.Violated("J-3: %d entries with %d bytes do not fit into a frame of %d", entries, bytes, j.cfg.MaxFrame)
		}
		j.close()
	}
}

// copied is the number of entries that the open group has to repeat.
func (j *Journal) copied() int {
	if n := len(j.closed); n > 0 {
		return len(j.closed[n-1].entries)
	}
	return len(j.lastEntries)
}

// close ends the open group. It waits for its turn, and the next one opens.
func (j *Journal) close() {
	j.usualEntries = (3*j.usualEntries + len(j.open.entries)) / 4
	j.usualBody = (3*j.usualBody + j.open.body) / 4
	j.slab.used += j.open.head + blocksUp(j.open.body)
	j.closed = append(j.closed, j.open)
	j.open = group{seq: j.open.seq + 1}
}
