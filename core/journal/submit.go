package journal

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// Accepts reports whether a frame may go to the disk now: fewer than InFlight do not count yet, and fewer than Writing of them are
// being written. The others only wait for their riders.
func (j *Journal) Accepts() bool {
	if j.why != "" || len(j.flight) >= j.cfg.InFlight {
		return false
	}
	writing := 0
	for i := range j.flight {
		if !j.flight[i].done {
			writing++
		}
	}
	return writing < j.cfg.Writing
}

// EndTurn submits what is staged, if the next frame is accepted. Otherwise the open group keeps growing until a completion:
// that is the group commit.
func (j *Journal) EndTurn(now event.Time, out *event.Buf) {
	for j.staged() && j.Accepts() && !j.holding() {
		if len(j.closed) == 0 {
			j.close()
		}
		if !j.submit(&j.closed[0], out) {
			break
		}
		j.closed[0] = group{}
		j.closed = append(j.closed[:0], j.closed[1:]...)
	}
	for i, memory := range j.outgrown {
		out.Drop(memory)
		j.outgrown[i] = nil
	}
	j.outgrown = j.outgrown[:0]
	j.work(now, out)
}

// submit hands the frame of g to the disk. It reports false where no chunk is free: the frame waits in memory for the
// next one, which is either being prepared or freed by the checkpoint that the store must have begun.
func (j *Journal) submit(g *group, out *event.Buf) bool {
	size := int64(g.size())
	if size > int64(j.cfg.MaxFrame) || g.header() > j.cfg.headerLimit() || g.copied != len(j.lastEntries) {
		invariant.Violated("J-3: frame %d of %d bytes with a header of %d repeats %d entries instead of %d",
			g.seq, size, g.header(), g.copied, len(j.lastEntries))
	}
	number, offset, lap, ok := j.ring.place(g.seq, size)
	if !ok {
		j.full(out)
		return false
	}
	if lap {
		out.Hit("journal/lap")
	}
	if g.seq != j.submitted {
		invariant.Violated("J-1: frame %d is submitted where %d is next", g.seq, j.submitted)
	}
	if j.durable > g.seq {
		invariant.Violated("J-5: frame %d would claim that those below %d are durable", g.seq, j.durable)
	}
	frame := g.frame()
	j.previous = encodeHeader(frame[:g.header()], &j.super.Secret, &Header{
		Incarnation: j.super.Incarnation, Seq: g.seq, Durable: j.durable, Chunk: number, Offset: offset,
		BodyLen: g.body, Previous: j.previous, Entries: g.entries, Copy: j.lastEntries,
	})
	j.spare, j.lastEntries = j.lastEntries, g.entries
	j.submitted, j.claimed = g.seq+1, max(j.claimed, j.durable)
	if !g.seals() {
		j.content = g.seq + 1
	}
	f := flying{
		seq: g.seq, io: j.cfg.NextIO(), chunk: number, offset: offset, size: size, claim: j.durable, memory: g.memory, riders: g.riders,
	}
	j.flight = append(j.flight, f)
	out.WriteFile(f.io, chunkFile(j.cfg.Store, number), offset, frame, true)
	return true
}

// full judges a ring without a free chunk. Frames that wait in memory are the store's control entries, and what it
// staged before Room said no: more than the reserve of them means that no checkpoint frees the ring, and to die, restart
// and free it by recovery is better than to stand still.
func (j *Journal) full(out *event.Buf) {
	out.Hit("journal/full")
	waiting := int64(j.open.size())
	for i := range j.closed {
		waiting += int64(j.closed[i].size())
	}
	if len(j.prepare.numbers) == j.cfg.MaxChunks && !j.preparing() && waiting > j.cfg.Reserve+int64(j.cfg.MaxFrame) {
		invariant.Violated("J-6: %d bytes wait in memory for a full ring, frames from %d on are not freed", waiting, j.reuse)
	}
}

// OnIO takes the completion of a disk operation. It reports false where the operation was not the journal's.
func (j *Journal) OnIO(ev *event.Event, out *event.Buf) bool {
	if j.prepare.busy && ev.IO == j.prepare.io {
		j.onPrepared(ev, out)
		return true
	}
	for i := range j.flight {
		if j.flight[i].io == ev.IO {
			j.onWritten(i, ev, out)
			return true
		}
	}
	return j.reading != nil && j.reading.onIO(ev, &j.cfg, out)
}

// onWritten counts frame i of those in flight. Durable moves over the frames that are complete together with all
// before them.
func (j *Journal) onWritten(i int, ev *event.Event, out *event.Buf) {
	f := &j.flight[i]
	if ev.Status != event.StatusOK || ev.N != f.size {
		j.fail(fmt.Sprintf("write of frame %d to journal chunk %d at %d: %v, %d of %d bytes",
			f.seq, f.chunk, f.offset, ev.Status, ev.N, f.size))
		out.Hit("journal/write-failed")
	}
	if j.why != "" {
		return
	}
	f.done = true
	out.Drop(f.memory)
	f.memory = nil
	if i > 0 {
		out.Hit("journal/out-of-order-completion")
	}
	if invariant.Planted(invariant.CanaryAckOutOfOrder) {
		j.durable = max(j.durable, f.seq+1)
	}
	j.count(ev.Now, out)
}

// count moves the durable bound over the frames that are whole.
func (j *Journal) count(now event.Time, out *event.Buf) {
	n := 0
	for n < len(j.flight) && j.flight[n].whole() {
		j.durable = max(j.durable, j.flight[n].seq+1)
		j.proven = max(j.proven, j.flight[n].claim)
		n++
	}
	j.flight = append(j.flight[:0], j.flight[n:]...)
	if j.durable > j.submitted {
		invariant.Violated("J-1: frames below %d count as durable, submitted were those below %d", j.durable, j.submitted)
	}
	j.sealAt = now + j.cfg.SealAfter
	j.work(now, out)
}

// unsealed reports that acknowledged frames may lie above every D that the disk knows, and nothing is under way that
// would carry it forward (J2).
func (j *Journal) unsealed() bool {
	return j.began && j.why == "" && j.content > j.claimed && j.durable >= j.content && (!j.staged() || j.holding())
}

// OnTick seals an idle journal: one small frame says that all before it are durable. It needs no seal itself. A frame
// that is held back serves as well.
func (j *Journal) OnTick(now event.Time, out *event.Buf) {
	if j.unsealed() && now >= j.sealAt {
		out.Hit("journal/sealed")
		if !j.staged() {
			j.Stage(Entry{Kind: EntrySeal})
		}
		j.demanded = max(j.demanded, j.submitted+1)
		j.EndTurn(now, out)
		return
	}
	j.work(now, out)
}

// NextDeadline is when the next tick is due.
func (j *Journal) NextDeadline() event.Time {
	due := event.Never
	if j.unsealed() {
		due = j.sealAt
	}
	if j.began && j.why == "" && !j.prepare.busy && len(j.prepare.jobs) > 0 {
		due = min(due, j.prepare.retryAt)
	}
	return due
}
