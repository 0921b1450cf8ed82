package journal

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// EntryOverhead is the bytes that an entry takes beside its payload: its line in the directory, and the copy in the
// next frame.
const EntryOverhead = 2 * entrySize

// Room is the size in bytes of the largest payload that may be staged as one more entry without touching the reserve
// (J6) and without queueing a second frame behind the open one (R15). 0 or less: hold appends back until a completion,
// a checkpoint or a prepared chunk makes room. It answers for one entry at a time; who stages several on one answer
// counts EntryOverhead with each.
func (j *Journal) Room() int64 {
	if !j.ready || j.why != "" || len(j.closed) > 0 || len(j.open.entries) >= j.cfg.maxEntries() {
		return 0
	}
	frame := min(j.ring.largest(j.cfg.Reserve), int64(j.cfg.MaxFrame)) &^ (event.BlockSize - 1)
	ring := frame - int64(headerSize(len(j.open.entries)+1, j.copied())) - int64(j.open.body)
	return min(ring, int64(j.cfg.MaxPayload()-j.open.body))
}

// holding reports whether the next frame waits in memory because it has control entries only and would take its place
// from the reserve: what comes meanwhile joins it. So the reserve is spent on frames that somebody cannot do without, by
// Demand, and not turn by turn on what can wait until the ring is freed (J6).
func (j *Journal) holding() bool {
	g := &j.open
	if len(j.closed) > 0 {
		g = &j.closed[0]
	}
	control := len(g.entries) > 0 && g.body == 0
	return control && g.seq >= j.demanded && int64(g.size()) > j.ring.largest(j.cfg.Reserve)
}

// Demand has the frames up to seq submitted, from the reserve if need be: the checkpoint that frees the ring waits for
// them, or the end of the store.
func (j *Journal) Demand(seq uint64, now event.Time, out *event.Buf) {
	held := j.holding()
	if j.demanded = max(j.demanded, seq+1); held {
		out.Hit("journal/reserve-spent")
		j.EndTurn(now, out)
	}
}

// Stuck reports that the frame seq has no place in the ring, and no chunk is on its way that it could go to.
func (j *Journal) Stuck(seq uint64) bool {
	if seq < j.submitted || len(j.closed) == 0 || j.preparing() || len(j.prepare.numbers) < j.cfg.MaxChunks {
		return false
	}
	return int64(j.closed[0].size()) > j.ring.largest(0)
}

// Capacity is the bytes of the ring when it has all its chunks.
func (j *Journal) Capacity() int64 { return int64(j.cfg.MaxChunks) * j.cfg.ChunkSize }

// Occupied is the bytes of the ring that frames from Oldest on keep from being written again: whole chunks, but for the
// one that is being filled. Where Room is used up, at most Reserve and about one frame of Capacity is not occupied.
func (j *Journal) Occupied() int64 { return j.ring.occupied() }

// Oldest is the first frame that the ring keeps: those below it may be overwritten.
func (j *Journal) Oldest() uint64 { return j.reuse }

// Reuse allows frames below the bound to be overwritten. The store says so only when a durable checkpoint covers them
// (J6). A lower bound than the last one changes nothing.
func (j *Journal) Reuse(below uint64) {
	if below > j.Durable() {
		invariant.Violated("J-4: frames below %d are given up, durable are those below %d", below, j.Durable())
	}
	if below > j.reuse {
		j.reuse = below
		j.ring.release(below)
	}
}

// work keeps a prepared chunk ahead of need: whenever less than one chunk, one frame and the reserve are free, and the
// ring may still grow, another one is begun.
func (j *Journal) work(now event.Time, out *event.Buf) {
	if !j.began || j.ended || j.why != "" {
		return
	}
	ahead := j.cfg.ChunkSize + int64(j.cfg.MaxFrame) + j.cfg.Reserve
	if j.ring.space() < ahead && len(j.prepare.numbers) < j.cfg.MaxChunks && !j.preparing() {
		if j.ready {
			out.Hit("journal/grow")
		}
		j.prepare.grow()
	}
	j.prepare.order(&j.cfg, now, out)
}

// preparing reports whether a chunk is on its way.
func (j *Journal) preparing() bool { return len(j.prepare.jobs) > 0 }

// onPrepared takes one step of a chunk's preparation.
func (j *Journal) onPrepared(ev *event.Event, out *event.Buf) {
	number, ready, why := j.prepare.onIO(ev, out)
	if why != "" {
		j.fail(why)
		out.Hit("journal/prepare-failed")
		return
	}
	if ready {
		j.ring.free = append(j.ring.free, vacant{number: number})
		j.ready = true
	}
	j.work(ev.Now, out)
}
