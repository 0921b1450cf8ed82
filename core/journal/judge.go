package journal

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/record"
)

// Reasons of a Damage.
const (
	WhyPayload    = "payload does not match its checksum"
	WhyUnreadable = "payload cannot be read"
	WhyHeader     = "frame header is gone, the next frame names what it held"
)

// judging is one verdict in the making. seq walks from the first frame that is required towards the end:
//
//	         from                          D                        end
//	----------|----------------------------|------------------------|------
//	not asked |  a bad or missing frame is | the first bad or       |
//	for       |  corruption: name it, go on | missing frame: cut     |
type judging struct {
	super  Superblock
	chunks []ChunkImage
	frames []Found // of the incarnation, by sequence number; the first one may be the one before seq, for its place
	seq    uint64
	newest uint64 // the last frame of the incarnation that was found, whether asked for or not; 0 for none
	before *Found // frame seq-1, where its header is whole
	out    Recovery
}

// Judge says what the chunks hold under super, from the sequence number from on (J1). It is a pure function of the
// arguments' bytes, whatever the order of chunks. Nothing in a chunk can make it fail: what is not a frame is noise.
func Judge(super Superblock, from uint64, chunks []ChunkImage) *Recovery {
	g := judging{super: super, chunks: chunks, seq: max(super.First, from)}
	g.out.Next = max(g.seq, super.Durable)
	g.out.Durable = super.Durable
	for i := range chunks {
		for _, span := range chunks[i].Unread {
			g.out.Unread = append(g.out.Unread, Hole{chunks[i].Number, span})
		}
	}
	slices.SortStableFunc(g.out.Unread, func(a, b Hole) int { return cmp.Compare(a.Chunk, b.Chunk) })
	g.lostFiles(from)
	g.sift(Scan(super.Secret, chunks))
	g.older()
	for g.step() {
	}
	return &g.out
}

// sift keeps the incarnation's frames that matter, and learns D and Next from all of them. Frames of a later
// incarnation mean that the superblock is an old copy: what they acknowledged would be judged dead.
func (g *judging) sift(all []Found) {
	for i := range all {
		f := &all[i]
		if f.Incarnation > g.super.Incarnation {
			g.lost("frame %d of incarnation %d: the hard state, of incarnation %d, is older than the journal",
				f.Seq, f.Incarnation, g.super.Incarnation)
			g.out.Next = max(g.out.Next, f.Seq+1)
			continue
		}
		if f.Incarnation < g.super.Incarnation {
			continue
		}
		g.newest = f.Seq
		g.out.Durable = max(g.out.Durable, f.Durable)
		g.out.Next = max(g.out.Next, f.Seq+1)
		if f.Seq+1 == g.seq {
			g.before = f
		}
		if n := len(g.frames); f.Seq >= g.seq && (n == 0 || g.frames[n-1].Seq < f.Seq) {
			g.frames = append(g.frames, *f)
		}
	}
}

// older looks for the newest frames that the superblock knows of: the last one below its bound, and the one behind it that
// made the bound. Nothing older has overwritten them, so a ring without them is an older copy of this one, or wiped, and what was
// acknowledged later is gone with it, whether or not the checkpoint needs its frames (J8). One of the two may rot, and is judged
// by whether it is needed.
func (g *judging) older() {
	if g.super.Durable > g.super.First && g.newest+1 < g.super.Durable {
		g.lost("frames below %d were durable, the newest in it is %d: the journal is an older copy, or wiped",
			g.super.Durable, g.newest)
	}
}

// step judges the frame seq and moves on. false: the log ends before it.
func (g *judging) step() bool {
	if len(g.frames) == 0 || g.frames[0].Seq > g.seq {
		return g.missing()
	}
	f := &g.frames[0]
	if !g.follows(f) {
		if g.torn(false) {
			g.out.Torn = true
			return false
		}
		g.lost("frame %d does not follow the frame %d that was found", f.Seq, g.before.Seq)
	}
	frame, damage := g.open(f)
	if len(damage) > 0 && g.torn(slices.ContainsFunc(damage, unreadable)) {
		g.out.Torn = true
		return false
	}
	g.out.Frames = append(g.out.Frames, frame)
	g.out.Damage = append(g.out.Damage, damage...)
	g.pass(f)
	return true
}

// follows reports whether f was written behind the frame that was found before it.
func (g *judging) follows(f *Found) bool {
	if g.before == nil || invariant.Planted(invariant.CanaryTornFrameReturns) {
		return true
	}
	return f.Previous == g.before.CRC
}

// torn reports whether the bad frame seq is a torn tail rather than corruption (J1). A block that cannot be read is
// never a torn write.
func (g *judging) torn(unread bool) bool {
	if invariant.Planted(invariant.CanaryCutBelowDurable) {
		return true
	}
	return g.seq >= g.out.Durable && !unread
}

// pass moves on to the frame behind f, which is the first of those left.
func (g *judging) pass(f *Found) {
	g.before, g.seq, g.frames = f, f.Seq+1, g.frames[1:]
}

// open verifies the payloads of f: the entries that are whole, and those that are not.
func (g *judging) open(f *Found) (frame Frame, damage []Damage) {
	frame = Frame{Seq: f.Seq, Entries: make([]Entry, 0, len(f.Entries)), Payload: make([][]byte, 0, len(f.Entries))}
	body := f.body()
	at := f.Offset + int64(f.HeaderLen)
	unchecked := invariant.Planted(invariant.CanaryTornTailAccepted) && f.Seq >= g.out.Durable
	for _, e := range f.Entries {
		var payload []byte
		if e.Kind.HasPayload() {
			n := int64(e.Len)
			payload, body = body[:n:n], body[n:]
			why := ""
			if f.image.unread(at, at+n) {
				why = WhyUnreadable
			} else if record.Checksum(payload) != e.CRC && !unchecked {
				why = WhyPayload
			}
			at += n
			if why != "" {
				damage = append(damage, Damage{Seq: f.Seq, Entry: e, Why: why})
				continue
			}
		}
		frame.Entries = append(frame.Entries, e)
		frame.Payload = append(frame.Payload, payload)
	}
	return frame, damage
}

func unreadable(d Damage) bool { return d.Why == WhyUnreadable }

// missing judges that no frame seq was found. It is the end of the log, unless seq lies below D or where the disk
// cannot be read; then the frame behind the gap names what the last missing one held (J3).
func (g *judging) missing() bool {
	unread := g.mayBeUnread()
	if g.torn(unread) {
		g.out.Torn = len(g.frames) > 0
		return false
	}
	end := max(g.out.Durable, g.seq+1) // the first frame that need not exist
	if len(g.frames) == 0 || g.frames[0].Seq > end {
		above := g.seq >= g.out.Durable
		g.lostFrames(g.seq, end)
		g.seq, g.before = end, nil
		g.out.Torn = above && len(g.frames) > 0
		return !above // above D the log ends at what cannot be read
	}
	f := &g.frames[0]
	if f.Seq-1 > g.seq {
		g.lostFrames(g.seq, f.Seq-1)
	}
	g.fromCopy(f)
	g.seq, g.before = f.Seq, nil
	return true
}

// fromCopy rebuilds the frame before f from the copy of its directory: control entries are whole, payloads are gone.
func (g *judging) fromCopy(f *Found) {
	frame := Frame{Seq: f.Seq - 1}
	for _, e := range f.Copy {
		if e.Kind.HasPayload() {
			g.out.Damage = append(g.out.Damage, Damage{Seq: frame.Seq, Entry: e, Why: WhyHeader})
			continue
		}
		frame.Entries = append(frame.Entries, e)
		frame.Payload = append(frame.Payload, nil)
	}
	g.out.Frames = append(g.out.Frames, frame)
}

// mayBeUnread reports whether the frame seq could begin in a block that the disk refused: behind the frame before it,
// or at the beginning of a chunk; anywhere if nothing is known of the frame before it.
func (g *judging) mayBeUnread() bool {
	first := g.seq == g.super.First
	for i := range g.chunks {
		c := &g.chunks[i]
		if len(c.Unread) == 0 {
			continue
		}
		if c.unreadHeader(0) || (g.before == nil && !first) {
			return true
		}
		if g.before != nil && g.before.Chunk == c.Number && c.unreadHeader(g.before.Offset+int64(g.before.Size())) {
			return true
		}
	}
	return false
}

// lostFiles looks for chunks that are not there: files are made in the order of their numbers, each durable before the
// next, and the checkpoint that covers a frame proves that the ring had a file.
func (g *judging) lostFiles(from uint64) {
	numbers := make([]int64, len(g.chunks))
	for i := range g.chunks {
		numbers[i] = g.chunks[i].Number
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != int64(i) {
			g.lost("journal chunk %d is missing", i)
			return
		}
	}
	if len(numbers) == 0 && from > g.super.First {
		g.lost("all journal chunks are missing")
	}
}

// lostFrames says that the frames [from, to) are gone together with the copies of their directories.
func (g *judging) lostFrames(from, to uint64) {
	if to == from+1 {
		g.lost("frame %d is gone, and no copy of its directory was found", from)
	} else {
		g.lost("frames %d to %d are gone, and no copy of their directories was found", from, to-1)
	}
}

// lost records the first loss that cannot be named by range, and that there are more.
func (g *judging) lost(format string, args ...any) {
	const more = "; and more"
	if g.out.Lost == "" {
		g.out.Lost = fmt.Sprintf(format, args...)
	} else if len(g.out.Lost) < len(more) || g.out.Lost[len(g.out.Lost)-len(more):] != more {
		g.out.Lost += more
	}
}

// Cut judges that frame number i of r.Frames is the torn tail, after all: what it refers to is not there.
func (r *Recovery) Cut(i int) {
	seq := r.Frames[i].Seq
	r.Frames, r.Torn = r.Frames[:i], true
	r.Damage = slices.DeleteFunc(r.Damage, func(d Damage) bool { return d.Seq >= seq })
}

// Lose judges that entry k of frame number i is damage, after all.
func (r *Recovery) Lose(i, k int, why string) {
	f := &r.Frames[i]
	d := Damage{Seq: f.Seq, Entry: f.Entries[k], Why: why}
	at := slices.IndexFunc(r.Damage, func(o Damage) bool {
		return o.Seq > d.Seq || o.Seq == d.Seq && o.Entry.TP == d.Entry.TP && o.Entry.Base > d.Entry.Base
	})
	if at < 0 {
		at = len(r.Damage)
	}
	r.Damage = slices.Insert(r.Damage, at, d)
	f.Entries, f.Payload = slices.Delete(f.Entries, k, k+1), slices.Delete(f.Payload, k, k+1)
}

// probe tells which rare branches a verdict took.
func (r *Recovery) probe(out *event.Buf) {
	if r.Torn {
		out.Hit("journal/torn-tail")
	}
	if r.Lost != "" {
		out.Hit("journal/lost")
	}
	for i := range r.Damage {
		switch r.Damage[i].Why {
		case WhyPayload:
			out.Hit("journal/corrupt-payload")
		case WhyHeader:
			out.Hit("journal/corrupt-header")
		case WhyUnreadable:
			out.Hit("journal/corrupt-unreadable")
		}
	}
}
