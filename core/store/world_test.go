package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand"
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/log"
	"github.com/highwater-log/highwater/core/record"
)

// world is a store, its disk, and a model of what the store must hold.
type world struct {
	seed  int64
	t     testing.TB
	rng   *rand.Rand
	disk  *disk
	store *Store
	out   event.Buf
	now   event.Time
	cfg   Config
	// ops is everything that was asked since the last recovery, in order, on top of base; certain says how many of them
	// are known to be durable.
	base    model
	ops     []op
	certain int
	cookie  uint64
	reads   map[uint64]Read
	large   bool // batches that fill the ring
	calm    bool // no truncations and deletions: checkpoints come to their end
	churn   bool // many deletions
}

// op is one change, as the model applies it.
type op struct {
	kind  string // create, append, truncate, trim, epoch, delete
	tp    event.TP
	batch record.Batch
	to    int64
	epoch int32
	seq   uint64 // of a trim's frame
}

// model is the content of all partitions.
type model map[event.TP]*modelLog

type modelLog struct {
	base    int64
	start   int64 // batches below it are kept here, for reads that a trim overtakes
	batches []record.Batch
	epochs  []log.EpochEntry
}

func (m *modelLog) end() int64 {
	if n := len(m.batches); n > 0 {
		return m.batches[n-1].NextOffset()
	}
	return m.base
}

func (m *modelLog) assign(epoch int32, start int64) {
	for len(m.epochs) > 0 && m.epochs[len(m.epochs)-1].Start >= start && m.epochs[len(m.epochs)-1].Epoch < epoch {
		m.epochs = m.epochs[:len(m.epochs)-1]
	}
	if n := len(m.epochs); n == 0 || m.epochs[n-1].Epoch < epoch {
		m.epochs = append(slices.Clone(m.epochs), log.EpochEntry{Epoch: epoch, Start: start})
	}
}

// trim moves the start, and lets the epoch that holds it begin there.
func (m *modelLog) trim(to int64) {
	m.start = to
	for len(m.epochs) > 1 && m.epochs[1].Start <= to {
		m.epochs = slices.Clone(m.epochs[1:])
	}
	if len(m.epochs) > 0 && m.epochs[0].Start < to {
		m.epochs = slices.Clone(m.epochs)
		m.epochs[0].Start = to
	}
}

// live is the number of the first batch that is still there.
func (m *modelLog) live() int {
	n := 0
	for n < len(m.batches) && m.batches[n].NextOffset() <= m.start {
		n++
	}
	return n
}

// after is m with the first n of ops applied.
func (m model) after(ops []op) model {
	r := model{}
	for tp, l := range m {
		c := *l
		c.batches, c.epochs = slices.Clip(c.batches), slices.Clip(c.epochs)
		r[tp] = &c
	}
	for _, o := range ops {
		switch o.kind {
		case "create":
			r[o.tp] = &modelLog{base: o.to, start: o.to}
		case "delete":
			delete(r, o.tp)
		case "append":
			l := r[o.tp]
			l.assign(o.batch.LeaderEpoch(), l.end())
			l.batches = append(l.batches, o.batch)
		case "epoch":
			r[o.tp].assign(o.epoch, o.to)
		case "trim":
			r[o.tp].trim(o.to)
		case "truncate":
			l := r[o.tp]
			for len(l.batches) > 0 && l.end() > o.to {
				l.batches = slices.Clip(l.batches[:len(l.batches)-1])
			}
			for len(l.epochs) > 0 && l.epochs[len(l.epochs)-1].Start >= o.to {
				l.epochs = slices.Clip(l.epochs[:len(l.epochs)-1])
			}
		}
	}
	return r
}

// chain is derived state in its plainest form: a checksum over the order and the bytes of all batches.
type chain struct{ sum, count uint64 }

func (c *chain) Apply(b record.Batch) {
	c.sum = c.sum*1099511628211 + uint64(crc32.ChecksumIEEE(b[:record.HeaderSize]))
	c.count++
}
func (c *chain) AppendTo(dst []byte) []byte { return put64(dst, int64(c.sum), int64(c.count)) }
func (c *chain) Reset()                     { *c = chain{} }
func (c *chain) Load(p []byte) error {
	f := fields{p: p}
	c.sum, c.count = f.uint64(), f.uint64()
	return f.err
}

func smallConfig() Config {
	return Config{
		Machine: event.Shard0, Directory: event.UUID{7}, Secret: [16]byte{9},
		ChunkSize: 64 << 10, MaxChunks: 6, MaxFrame: 32 << 10, InFlight: 2, Writing: 2, Reserve: 96 << 10, SealAfter: event.Millisecond,
		WriteBehind: 8 << 10, CheckpointAge: 50 * event.Millisecond, CheckpointAt: 60, TailBytes: 12 << 10,
		SegmentBytes: 24 << 10, IndexInterval: 1 << 10, MaxReadBytes: 6 << 10,
		Alloc:      func(n int) *event.Buffer { return event.NewBuffer(make([]byte, n), event.Machine{}) },
		NewDerived: func(event.TP) Derived { return &chain{} },
	}
}

func newWorld(t testing.TB, seed int64) *world {
	rng := rand.New(rand.NewSource(seed))
	w := &world{seed: seed, t: t, rng: rng, cfg: smallConfig(), base: model{}, reads: map[uint64]Read{}, now: 1}
	w.disk = newDisk(rng, func(format string, args ...any) {
		t.Helper()
		t.Fatalf("seed %d: "+format, append([]any{seed}, args...)...)
	})
	w.out.Probing = true
	return w
}

func (w *world) fatal(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %d: "+format, append([]any{w.seed}, args...)...)
}

// start opens the store without finishing that.
func (w *world) start() {
	w.store = New(w.cfg)
	w.store.Open(w.now, &w.out)
	w.disk.submit(&w.out)
}

// step completes one disk operation, or lets time pass, and ends the turn.
func (w *world) step() {
	w.now += event.Time(w.rng.Intn(200)) * event.Microsecond
	if len(w.disk.flying) > 0 {
		w.store.OnIO(w.disk.complete(w.now), &w.out)
	} else {
		w.now = max(w.now, min(w.store.NextDeadline(), w.now+event.Second))
		w.store.OnTick(w.now, &w.out)
	}
	w.turn()
}

func (w *world) turn() {
	w.store.EndTurn(w.now, &w.out)
	w.disk.submit(&w.out)
	w.learn()
}

// until steps until the store is in one of the states.
func (w *world) until(states ...State) State {
	for range 200000 {
		if slices.Contains(states, w.store.State()) {
			return w.store.State()
		}
		w.step()
	}
	s := w.store
	w.fatal("the store stays %v: checkpoint %d waits %d, %d flights, %d graves, last %d durable %d, writes %d, %v, ring %d of %d, oldest %d",
		s.State(), s.ckpt.phase, s.ckpt.waits, len(s.flights), len(s.gone), s.lastSeq, s.journal.Durable(), s.writes, w.disk, s.journal.Occupied(), s.journal.Capacity(), s.journal.Oldest())
	return 0
}

// learn takes what the store says is durable, and the answers of reads.
func (w *world) learn() {
	for _, p := range w.store.TakeFlushed() {
		for i := len(w.ops) - 1; i >= w.certain; i-- {
			o := &w.ops[i]
			if o.tp == p.TP() && (o.kind == "append" && o.batch.NextOffset() <= p.Log().Flushed() ||
				o.kind == "trim" && o.seq < w.store.journal.Durable()) {
				w.certain = i + 1
				break
			}
		}
	}
	for _, d := range w.store.TakeReads() {
		r, ok := w.reads[d.Cookie]
		if !ok {
			w.fatal("answer to the unknown read %d", d.Cookie)
		}
		delete(w.reads, d.Cookie)
		w.checkRead(r, d)
	}
}

// do asks the store for o and notes it.
func (w *world) do(o op) {
	p := w.store.Get(o.tp)
	switch o.kind {
	case "create":
		w.store.Create(o.tp, o.to, &w.out)
	case "append":
		w.store.Append(p, o.batch, &w.out)
	case "epoch":
		w.store.EpochStart(p, o.epoch, o.to, &w.out)
	case "truncate":
		w.store.Truncate(p, o.to, o.epoch, &w.out)
	case "trim":
		w.store.Trim(p, o.to, &w.out)
		o.seq = w.store.lastSeq
		for c, r := range w.reads {
			if r.TP == o.tp && r.From < 0 { // which batches a lookup meets is not known any more
				r.Bytes = -1
				w.reads[c] = r
			}
		}
	case "delete":
		w.store.Delete(o.tp, &w.out)
	}
	w.ops = append(w.ops, o)
	if o.kind == "truncate" {
		w.reads = drop(w.reads, o.tp)
	}
}

// drop lets reads of tp be answered by anything but wrong bytes.
func drop(reads map[uint64]Read, tp event.TP) map[uint64]Read {
	for c, r := range reads {
		if r.TP == tp {
			r.Bytes = -1
			reads[c] = r
		}
	}
	return reads
}

func (w *world) model() model { return w.base.after(w.ops) }

// batch makes a batch of about size bytes for tp's end.
func (w *world) batch(l *modelLog, size int) record.Batch {
	b := record.Batch(make([]byte, record.HeaderSize+size))
	w.rng.Read(b[record.HeaderSize:])
	be := binary.BigEndian
	be.PutUint32(b[8:], uint32(len(b)-12))
	b[16] = 2
	count := w.rng.Intn(4) + 1
	be.PutUint32(b[23:], uint32(count-1))
	be.PutUint64(b[27:], uint64(w.rng.Intn(1000)))
	be.PutUint64(b[35:], uint64(w.rng.Intn(1000)))
	be.PutUint64(b[43:], ^uint64(0))
	be.PutUint32(b[57:], uint32(count))
	be.PutUint32(b[17:], record.Checksum(b[21:]))
	epoch := int32(0)
	if n := len(l.epochs); n > 0 {
		epoch = l.epochs[n-1].Epoch
	}
	if w.rng.Intn(8) == 0 {
		epoch++
	}
	b.Stamp(l.end(), epoch)
	return b
}

func testTP(i int) event.TP { return event.TP{Topic: event.UUID{1}, Partition: int32(i)} }

// checkRead compares an answer with the model: a run of whole batches from the one that holds r.From.
func (w *world) checkRead(r Read, d ReadDone) {
	w.t.Helper()
	if r.Bytes < 0 {
		return // a truncation or deletion came between
	}
	l := w.model()[r.TP]
	if l == nil {
		return
	}
	if d.Code == event.CodeNotLeaderOrFollower {
		w.disk.probes["test/read-overtaken"]++
		return
	}
	if d.Code == event.CodeOffsetOutOfRange && r.From >= 0 && r.From < l.start {
		w.disk.probes["test/read-trimmed"]++
		return
	}
	if d.Code != event.CodeNone {
		_, why := w.store.Get(r.TP).Offline()
		w.fatal("read of %v from %d to %d: code %d: %s", r.TP.Partition, r.From, r.To, d.Code, why)
	}
	if r.From < 0 {
		w.checkFound(r, d, l)
		return
	}
	var want []byte
	for _, b := range l.batches {
		if b.NextOffset() <= r.From {
			continue
		}
		if b.NextOffset() > r.To || int64(len(want)+len(b)) > r.Bytes && (len(want) > 0 || !r.Whole) {
			break
		}
		want = append(want, b...)
	}
	got := bytes.Join(d.Batches, nil)
	if !bytes.HasPrefix(want, got) || len(want) > 0 && len(got) == 0 {
		w.fatal("read of partition %d from %d to %d, %d bytes: got %d bytes, want a prefix of %d",
			r.TP.Partition, r.From, r.To, r.Bytes, len(got), len(want))
	}
}

// checkFound compares the answer of a lookup by timestamp with a walk over the model.
func (w *world) checkFound(r Read, d ReadDone, l *modelLog) {
	var want, edge record.Batch
	for _, b := range l.batches {
		if b.NextOffset() > r.To {
			break
		}
		if b.NextOffset() <= l.start {
			continue
		}
		if b.BaseOffset() < l.start {
			if r.Bytes == maxKey || b.MaxTimestamp() >= r.Bytes {
				edge = b
			}
			continue
		}
		if r.Bytes == maxKey {
			if want == nil || b.MaxTimestamp() > want.MaxTimestamp() {
				want = b
			}
		} else if b.MaxTimestamp() >= r.Bytes && want == nil {
			want = b
		}
	}
	if edge != nil && r.Bytes == maxKey && want != nil && edge.MaxTimestamp() < want.MaxTimestamp() {
		edge = nil
	}
	if !bytes.Equal(bytes.Join(d.Batches, nil), slices.Concat(edge, want)) {
		w.fatal("lookup of %d in partition %d to %d: got %d bytes, want %d and %d", r.Bytes, r.TP.Partition, r.To,
			len(bytes.Join(d.Batches, nil)), len(edge), len(want))
	}
}

// content reads a partition whole.
func (w *world) content(tp event.TP) []byte {
	var all []byte
	p := w.store.Get(tp)
	at := p.Log().Start()
	for at < p.Log().End() {
		w.cookie++
		r := Read{TP: tp, From: at, To: p.Log().End(), Bytes: 1 << 20, Whole: true, Cookie: w.cookie}
		d, now := w.store.Read(r, &w.out)
		w.disk.submit(&w.out)
		for !now {
			w.now += event.Microsecond
			w.store.OnIO(w.disk.complete(w.now), &w.out)
			w.disk.submit(&w.out)
			for _, x := range w.store.TakeReads() {
				if x.Cookie == r.Cookie {
					d, now = x, true
				}
			}
		}
		if d.Code != event.CodeNone || len(d.Batches) == 0 {
			_, why := p.Offline()
			w.fatal("content of %d at %d of %d: code %d, %d pieces: %s", tp.Partition, at, p.Log().End(), d.Code, len(d.Batches), why)
		}
		for _, b := range parsed(w.t, d.Batches) {
			all, at = append(all, b...), b.NextOffset()
		}
	}
	return all
}

// parsed are the batches of an answer.
func parsed(t testing.TB, pieces [][]byte) (list []record.Batch) {
	t.Helper()
	for _, piece := range pieces {
		for len(piece) > 0 {
			b, rest, err := record.Parse(piece)
			if err != nil {
				t.Fatalf("batch number %d of an answer: %v", len(list), err)
			}
			list, piece = append(list, b), rest
		}
	}
	return list
}

// verify finds the prefix of ops whose result is what the store holds now, at least the certain one, and goes on from it.
func (w *world) verify() {
	w.t.Helper()
	got := map[event.TP][]byte{}
	for _, p := range w.store.Partitions() {
		if code, why := p.Offline(); code != 0 {
			w.fatal("partition %d is offline: %s", p.TP().Partition, why)
		}
		got[p.TP()] = w.content(p.TP())
	}
	var why string
	for n := len(w.ops); n >= w.certain; n-- {
		m := w.base.after(w.ops[:n])
		if why = w.differs(m, got); why == "" {
			w.base, w.ops, w.certain, w.reads = m, nil, 0, map[uint64]Read{}
			return
		}
	}
	for tp, l := range w.base.after(w.ops) {
		p := w.store.Get(tp)
		if p != nil {
			w.t.Logf("partition %d: model [%d, %d), store [%d, %d)", tp.Partition, l.start, l.end(), p.Log().Start(), p.Log().End())
		}
	}
	w.fatal("what was recovered is no prefix of the %d operations that has the %d certain ones: %s", len(w.ops), w.certain, why)
}

func (w *world) differs(m model, got map[event.TP][]byte) string {
	if len(m) != len(got) {
		return fmt.Sprintf("%d partitions, want %d", len(got), len(m))
	}
	for tp, l := range m {
		p := w.store.Get(tp)
		if p == nil {
			return fmt.Sprintf("partition %d is missing", tp.Partition)
		}
		var want []byte
		live := l.live()
		for _, b := range l.batches[live:] {
			want = append(want, b...)
		}
		// What is derived outlives the records, unless a truncation had it built anew from those that were left.
		kept := int(p.Derived().(*chain).count)
		first := len(l.batches) - kept
		if first < 0 || first > live || w.calm && first > 0 {
			return fmt.Sprintf("partition %d: derived state of %d batches, of %d and %d live ones", tp.Partition, kept,
				len(l.batches), len(l.batches)-live)
		}
		c := chain{}
		for _, b := range l.batches[first:] {
			c.Apply(b)
		}
		switch {
		case p.Log().Start() != l.start:
			return fmt.Sprintf("partition %d: start %d, want %d", tp.Partition, p.Log().Start(), l.start)
		case p.Log().End() != l.end() || p.Log().Flushed() != l.end():
			return fmt.Sprintf("partition %d: end %d, flushed %d, want %d", tp.Partition, p.Log().End(), p.Log().Flushed(), l.end())
		case !bytes.Equal(want, got[tp]):
			return fmt.Sprintf("partition %d: other bytes", tp.Partition)
		case !slices.Equal(p.Log().Epochs(), l.epochs):
			return fmt.Sprintf("partition %d: epochs %v, want %v", tp.Partition, p.Log().Epochs(), l.epochs)
		case *p.Derived().(*chain) != c:
			return fmt.Sprintf("partition %d: derived state of %d batches, want %d", tp.Partition, p.Derived().(*chain).count, c.count)
		}
	}
	return ""
}
