package journal

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

// world is a journal on a lying disk beside the naive model of what it was told: every entry staged, by frame.
type world struct {
	t     *rapid.T
	cfg   Config
	disk  *disk
	out   event.Buf
	j     *Journal
	super Superblock
	from  uint64 // the model's checkpoint: frames below are covered by it
	now   event.Time
	ios   uint64

	staged map[uint64][]stagedEntry
	acked  uint64 // largest Durable seen
	next   uint64 // first sequence number that no frame has yet
}

type stagedEntry struct {
	entry   Entry
	payload []byte
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, disk: newDisk(), staged: map[uint64][]stagedEntry{}}
	w.out.Probing = true
	w.cfg = Config{
		Store:     event.Shard0,
		ChunkSize: int64(rapid.SampledFrom([]int{4, 5, 8, 16}).Draw(t, "chunk blocks")) * event.BlockSize,
		MaxChunks: rapid.IntRange(3, 5).Draw(t, "chunks"),
		MaxFrame:  4 * event.BlockSize,
		InFlight:  rapid.IntRange(1, 4).Draw(t, "in flight"),
		Reserve:   2 * event.BlockSize,
		SealAfter: event.Millisecond,
		Alloc:     func(n int) *event.Buffer { return event.NewBuffer(make([]byte, n), event.Machine{}) },
		NextIO:    func() event.IOID { w.ios++; return event.NewIOID(event.Shard0, w.ios) },
	}
	w.cfg.Writing = rapid.IntRange(1, w.cfg.InFlight).Draw(t, "being written")
	w.super = Superblock{Secret: [16]byte{1, 2, 3}, Incarnation: 1, First: 1, Durable: 1}
	w.from = 1
	w.begin()
	return w
}

func (w *world) begin() {
	if w.j == nil {
		w.j = New(w.cfg)
	}
	w.j.Begin(w.now, w.super, &w.out)
	w.acked = w.super.First
	w.staged = map[uint64][]stagedEntry{}
	for !w.j.Ready() {
		w.disk.take(&w.out)
		w.j.OnIO(w.disk.finish(0, w.now), &w.out)
	}
	w.disk.take(&w.out)
}

// stage tells the journal and the model the same.
func (w *world) stage(e Entry, payload []byte) {
	seq, stored, _ := w.j.Stage(e, payload)
	if !bytes.Equal(stored, payload) {
		w.t.Fatalf("stored %d bytes differ from the %d staged", len(stored), len(payload))
	}
	w.staged[seq] = append(w.staged[seq], stagedEntry{e, bytes.Clone(payload)})
	w.next = seq + 1
}

func (w *world) append() {
	room := min(w.j.Room(), int64(w.j.MaxPayload()))
	if room <= 0 {
		return
	}
	n := rapid.OneOf(rapid.IntRange(0, int(min(room, 300))), rapid.IntRange(0, int(room))).Draw(w.t, "payload")
	e := Entry{Kind: EntryAppend, TP: event.TP{Partition: int32(n % 7)}, Epoch: 3, Base: int64(w.next), End: int64(n)}
	if n%5 == 0 {
		e.Kind = EntryPrefix
	}
	w.stage(e, bytes.Repeat([]byte{byte(w.next), byte(n), 7}, n/3+1)[:n])
}

func (w *world) control() {
	if w.j.Room() > 0 || len(w.j.closed) == 0 {
		w.stage(Entry{Kind: EntryTruncate, TP: event.TP{Partition: 1}, Base: int64(w.next), Pos: 9}, nil)
	}
}

func (w *world) complete() {
	if len(w.disk.pending) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.disk.pending)-1).Draw(w.t, "completes")
	if !w.j.OnIO(w.disk.finish(i, w.now), &w.out) {
		w.t.Fatal("the journal denies its own operation")
	}
	w.disk.take(&w.out)
	w.acked = max(w.acked, w.j.Durable())
}

func (w *world) endTurn() { w.j.EndTurn(w.now, &w.out); w.disk.take(&w.out) }

func (w *world) tick() {
	w.now += event.Millisecond
	w.j.OnTick(w.now, &w.out)
	w.next = w.j.Open() + uint64(min(1, len(w.j.open.entries)))
	w.disk.take(&w.out)
}

func (w *world) checkpoint() {
	if w.acked > w.from {
		w.from += uint64(rapid.IntRange(1, int(w.acked-w.from)).Draw(w.t, "covered"))
		w.j.Reuse(w.from)
	}
}

// settle completes what is in flight.
func (w *world) settle() {
	for len(w.disk.pending) > 0 {
		w.complete()
	}
}

// drain completes everything, seal included.
func (w *world) drain() {
	for range 10_000 {
		if w.j.Idle() && len(w.disk.pending) == 0 {
			return
		}
		w.endTurn()
		if len(w.disk.pending) > 0 {
			w.complete()
		} else if w.j.staged() {
			w.from = w.acked
			w.j.Reuse(w.from)
		} else {
			w.tick()
		}
	}
	w.t.Fatal("the journal never comes to rest")
}

// recover runs the recovery machine on the disk, to its verdict.
func (w *world) recover() *Recovery {
	w.j = New(w.cfg)
	w.out.Reset()
	w.j.Recover(w.super, w.from, &w.out)
	for {
		if r, ok := w.j.Recovery(); ok {
			w.out.Reset()
			return r
		}
		w.disk.take(&w.out)
		w.j.OnIO(w.disk.finish(0, w.now), &w.out)
	}
}

func (w *world) images() []ChunkImage {
	var list []ChunkImage
	for _, n := range w.disk.numbers() {
		list = append(list, ChunkImage{Number: n, Data: w.disk.files[n].data})
	}
	return list
}

// restart begins the next incarnation on what the verdict left.
func (w *world) restart(r *Recovery) {
	w.super.Incarnation++
	w.super.First, w.super.Durable, w.from, w.next = r.Next, r.Next, r.Next, r.Next
	w.begin()
}

// checkFrames holds recovered frames against the model: an unbroken run from the checkpoint on that reaches the last
// acknowledged frame at least, each equal to what was staged.
func (w *world) checkFrames(r *Recovery) {
	first := max(w.super.First, w.from)
	for i, f := range r.Frames {
		if f.Seq != first+uint64(i) || f.Seq >= w.next {
			w.t.Fatalf("frame %d is the %d. recovered from %d on, staged were those below %d", f.Seq, i, first, w.next)
		}
		want := w.staged[f.Seq]
		if want == nil { // a seal that a tick staged
			want = []stagedEntry{{entry: Entry{Kind: EntrySeal}}}
		}
		if len(f.Entries) != len(want) || len(f.Payload) != len(want) {
			w.t.Fatalf("frame %d has %d entries, staged were %d", f.Seq, len(f.Entries), len(want))
		}
		for k := range want {
			checkEntry(w.t, f.Seq, f.Entries[k], f.Payload[k], want[k])
		}
	}
	if end := first + uint64(len(r.Frames)); end < w.acked {
		w.t.Fatalf("acknowledged frames [%d, %d) are lost: %+v", end, w.acked, r.Lost)
	}
	if r.Next < w.j0next() || r.Next < r.Durable {
		w.t.Fatalf("next frame %d collides with frames that exist below %d", r.Next, w.j0next())
	}
}

// j0next bounds the frames that were certainly on the disk.
func (w *world) j0next() uint64 { return max(w.acked, w.super.First, w.from) }

func checkEntry(t *rapid.T, seq uint64, got Entry, payload []byte, want stagedEntry) {
	plain := got
	plain.Len, plain.CRC = 0, 0
	if plain != want.entry || !bytes.Equal(payload, want.payload) {
		t.Fatalf("frame %d: recovered %+v, staged %+v", seq, got, want.entry)
	}
}

func (w *world) checkClean(r *Recovery) {
	w.checkFrames(r)
	if len(r.Damage) > 0 || r.Lost != "" {
		w.t.Fatalf("damage without rot: %+v %q", r.Damage, r.Lost)
	}
}

// run takes the journal through a random history.
func (w *world) run(steps int) {
	for range rapid.IntRange(0, steps).Draw(w.t, "steps") {
		switch rapid.IntRange(0, 9).Draw(w.t, "step") {
		case 0, 1, 2:
			w.append()
		case 3:
			w.control()
		case 4, 5:
			w.endTurn()
		case 6, 7:
			w.complete()
		case 8:
			w.tick()
		case 9:
			w.checkpoint()
		}
	}
}

func TestJournal_RecoversEveryAckedFrameAfterAnyCrash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 4).Draw(t, "incarnations") {
			w.run(60)
			w.disk.crash(t)
			r := w.recover()
			w.checkClean(r)
			if again := w.recover(); !reflect.DeepEqual(r, again) {
				t.Fatalf("recovered twice, %+v then %+v", r, again)
			}
			images := w.images()
			slices.Reverse(images)
			if again := Judge(w.super, w.from, images); !reflect.DeepEqual(r, again) {
				t.Fatalf("the order of chunks changes the verdict from %+v to %+v", r, again)
			}
			w.restart(r)
		}
	})
}

func TestJournal_LapsTheRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		size := w.j.MaxPayload() / rapid.IntRange(1, 3).Draw(t, "share")
		for i := range 40 {
			w.settle()
			if w.j.Room() < int64(size) {
				t.Fatalf("append %d: room %d for %d bytes in an empty ring, occupied %d", i, w.j.Room(), size, w.j.Occupied())
			}
			w.stage(Entry{Kind: EntryAppend, Base: int64(i)}, bytes.Repeat([]byte{byte(i)}, size))
			w.drain()
			w.from = w.acked
			w.j.Reuse(w.from)
			if w.j.Occupied() != 0 {
				t.Fatalf("occupied %d with nothing to keep", w.j.Occupied())
			}
		}
		w.disk.crash(t)
		r := w.recover()
		w.checkClean(r)
		if len(r.Frames) != 0 || r.Torn {
			t.Fatalf("%d frames recovered, all were checkpointed", len(r.Frames))
		}
	})
}

// A store that stages appends only by Room, and checkpoints when Room ends, never waits for the ring with control
// entries, and always gets room again.
func TestJournal_RoomKeepsTheReserve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range 30 {
			for w.settle(); w.j.Room() > 0; w.settle() {
				w.append()
				w.endTurn()
			}
			w.control()
			w.endTurn()
			if len(w.j.closed) > 0 {
				t.Fatalf("a control entry does not fit: room %d, space %d", w.j.Room(), w.j.ring.space())
			}
			if used := w.j.Capacity() - w.j.Occupied(); used > w.cfg.Reserve+2*int64(w.cfg.MaxFrame)+w.cfg.ChunkSize {
				t.Fatalf("no room left although %d bytes are not occupied", used)
			}
			w.drain()
			w.checkpoint()
			w.from = w.acked
			w.j.Reuse(w.from)
			w.settle()
			if w.j.Room() < int64(w.j.MaxPayload()) {
				t.Fatalf("room %d in a free ring", w.j.Room())
			}
		}
	})
}
