package shard

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/core/store"
)

// fataler is what a rig needs of a test, of whatever kind.
type fataler interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// rig is a shard with the real store on a disk in memory. Completions of the disk wait in order until they are
// delivered.
type rig struct {
	t       fataler
	cfg     store.Config
	s       *Shard
	disk    *memory
	out     event.Buf
	now     event.Time
	done    []event.Event
	sent    []event.Effect // messages and halts, not looked at yet
	broker  int64          // registration of the incarnation
	epoch   int32          // leader epoch of every partition
	part    int32          // partition epoch
	more    bool           // further events of this turn follow
	probes  map[string]bool
	tickets []event.Ticket    // of every request so far
	limits  event.TopicLimits // of every topic
}

func newRig(t fataler) *rig {
	r := &rig{t: t, disk: newMemory(), now: event.Second, epoch: -1, part: -1, probes: map[string]bool{}}
	r.out.Probing = true
	r.limits = event.TopicLimits{
		MaxMessageBytes: 32 << 10, SegmentBytes: 1 << 20, MinInsyncReplicas: 1,
		TimestampBefore: math.MaxInt64, TimestampAfter: math.MaxInt64, Deleted: true, RetentionBytes: -1, RetentionMs: -1,
	}
	r.cfg = store.Config{
		Machine: event.Shard0, Directory: event.UUID{1}, Secret: [16]byte{2},
		ChunkSize: 256 << 10, MaxChunks: 4, MaxFrame: 64 << 10, InFlight: 1, Writing: 1, Reserve: 32 << 10,
		SealAfter: event.Millisecond, WriteBehind: 16 << 10, CheckpointAge: event.Second, CheckpointAt: 50,
		TailBytes: 64 << 10, SegmentBytes: 1 << 20, IndexInterval: 4096, MaxReadBytes: 64 << 10,
		Alloc: func(n int) *event.Buffer { return event.NewBuffer(make([]byte, n), event.Machine{}) },
	}
	return r
}

// boot starts an incarnation on what the disk holds.
func (r *rig) boot() {
	r.done, r.sent = nil, nil
	r.broker++
	r.epoch++
	r.s = New(Config{Node: 1, Lag: 2 * event.Second, Store: r.cfg, RetentionCheck: event.Second})
	r.step(event.Event{Kind: event.KindStart})
	r.settle()
}

// step hands the shard one event and keeps what it orders.
func (r *rig) step(ev event.Event) {
	ev.Now, ev.Wall, ev.More = r.now, 1_000_000+int64(r.now/event.Millisecond), r.more
	r.out.Reset()
	r.s.Step(&ev, &r.out)
	for _, p := range r.out.Probes() {
		r.probes[p] = true
	}
	for i := range r.out.Effects() {
		e := &r.out.Effects()[i]
		if e.Op == event.OpRelease {
			spoil(e.Memory)
			continue
		}
		if done, ok := r.disk.apply(e); ok {
			r.done = append(r.done, done)
		} else {
			r.sent = append(r.sent, *e)
		}
	}
}

// settle delivers completions until there are none.
func (r *rig) settle() {
	for n := 0; len(r.done) > 0; n++ {
		if n > 100_000 {
			r.t.Fatal("the disk never rests")
		}
		ev := r.done[0]
		r.done = r.done[1:]
		r.step(ev)
	}
}

// wait lets time pass: a tick at every deadline, and one at the end.
func (r *rig) wait(d event.Time) {
	end := r.now + d
	for at := r.s.NextDeadline(); at <= end; at = r.s.NextDeadline() {
		r.now = max(r.now, at)
		r.step(event.Event{Kind: event.KindTick})
		if r.s.NextDeadline() <= at {
			break
		}
	}
	r.now = end
	r.step(event.Event{Kind: event.KindTick})
}

// message hands the shard a message of its front about request seq of connection conn.
func (r *rig) message(conn event.ConnID, seq uint64, body event.Body) {
	t := event.Ticket{Conn: conn, Seq: seq}
	if !slices.Contains(r.tickets, t) {
		r.tickets = append(r.tickets, t)
	}
	r.step(event.Event{Kind: event.KindMessage, From: event.Front0, Ticket: t, Body: body})
}

// close tells the shard what a front tells it when a connection ends: that nobody waits for its requests any more.
func (r *rig) close(conn event.ConnID) {
	for _, t := range slices.Clone(r.tickets) {
		if t.Conn == conn {
			r.message(conn, t.Seq, &event.ShardUnwatch{})
			r.message(conn, t.Seq, &event.ShardForget{})
		}
	}
}

// take is what was sent since the last call.
func (r *rig) take() []event.Effect {
	sent := r.sent
	r.sent = nil
	return sent
}

// partitionOf is partition 0 of topic n.
func partitionOf(n int) event.TP { return event.TP{Topic: event.UUID{byte(n)}} }

// assign leads the given topics under a new epoch; full says that there are no others.
func (r *rig) assign(full bool, topics ...int) {
	r.part++
	m := &event.ShardAssign{Full: full, BrokerEpoch: r.broker}
	for _, n := range topics {
		m.Assign = append(m.Assign, r.assignment(n))
	}
	r.step(event.Event{Kind: event.KindMessage, From: event.Home, Body: m})
}

// configure changes a limit of every topic, which the topics given are told: no epoch changes with it.
func (r *rig) configure(key string, value int64, topics ...int) {
	switch key {
	case "max.message.bytes":
		r.limits.MaxMessageBytes = int32(value)
	case "segment.bytes":
		r.limits.SegmentBytes = value
	case "min.insync.replicas":
		r.limits.MinInsyncReplicas = int32(value)
	case "timestamp.before":
		r.limits.TimestampBefore = value
	case "timestamp.after":
		r.limits.TimestampAfter = value
	case "log.append.time":
		r.limits.LogAppendTime = value > 0
	default:
		r.t.Fatalf("no limit %q", key)
	}
	m := &event.ShardAssign{BrokerEpoch: r.broker}
	for _, n := range topics {
		m.Assign = append(m.Assign, r.assignment(n))
	}
	r.step(event.Event{Kind: event.KindMessage, From: event.Home, Body: m})
}

func (r *rig) assignment(n int) event.Assignment {
	return event.Assignment{
		TP: partitionOf(n), Name: fmt.Sprintf("topic-%d", n), Leader: 1, LeaderEpoch: r.epoch, LeaderBrokerEpoch: r.broker,
		PartitionEpoch: r.part, Replicas: []event.NodeID{1}, ISR: []event.NodeID{1},
		Limits: r.limits,
	}
}

// batch has n records of size bytes each; a producer id below 0 is none.
func batch(n, size int, pid int64, seq int32) record.Batch {
	b := record.NewBuilder()
	if pid >= 0 {
		b.ProducerID, b.ProducerEpoch, b.BaseSequence = pid, 0, seq
	}
	for range n {
		b.Add(1000, nil, []byte(strings.Repeat("x", size)))
	}
	return b.Build()
}

// produce sends one batch to each topic.
func (r *rig) produce(conn event.ConnID, seq uint64, acks int16, b record.Batch, topics ...int) {
	m := &event.ShardProduce{Acks: acks, Deadline: r.now + 10*event.Second}
	for i, n := range topics {
		m.Items = append(m.Items, event.ShardProduceItem{
			Index: i, TP: partitionOf(n), Batch: append([]byte(nil), b...), Earliest: b.BaseTimestamp(),
		})
	}
	r.message(conn, seq, m)
}

// render says in a line what was sent.
func render(e *event.Effect) string {
	if e.Op == event.OpHalt {
		return fmt.Sprintf("halt %d: %s", e.Halt, e.Text)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "c%d/%d ", e.Ticket.Conn, e.Ticket.Seq)
	switch m := e.Body.(type) {
	case *event.ShardProduced:
		s.WriteString("produced")
		for i, p := range m.Results {
			fmt.Fprintf(&s, " %d:%s", m.Items[i].Index, outcome(p.Code, p.BaseOffset))
		}
	case *event.ShardState:
		s.WriteString("state")
		for _, p := range m.Items {
			more := ""
			if p.Bytes > 0 {
				more = "+"
			}
			fmt.Fprintf(&s, " %d:%s%s", p.Index, outcome(p.Code, p.HighWatermark), more)
		}
	case *event.ShardData:
		s.WriteString("data")
		for i, p := range m.Results {
			fmt.Fprintf(&s, " %d:%s%s", m.Index[i], outcome(p.Code, p.HighWatermark), offsets(p.Records))
		}
	case *event.ShardListedOffsets:
		s.WriteString("listed")
		for i, p := range m.Results {
			fmt.Fprintf(&s, " %d:%s", m.Index[i], outcome(p.Code, p.Offset))
			if p.Batch != nil {
				s.WriteString(offsets([][]byte{p.Batch}))
			}
		}
	case *event.ShardDeletedRecords:
		s.WriteString("deleted")
		for i, p := range m.Results {
			fmt.Fprintf(&s, " %d:%s", m.Index[i], outcome(p.Code, p.LowWatermark))
		}
	case *event.ShardReady:
		fmt.Fprintf(&s, "ready, found %d", len(m.Found))
	case *event.ShardStopped:
		s.WriteString("stopped")
	case *event.ShardAssigned:
		s.WriteString("assigned")
	default:
		fmt.Fprintf(&s, "%T", m)
	}
	return s.String()
}

func outcome(code event.Code, offset int64) string {
	if code != event.CodeNone {
		return fmt.Sprintf("error %d", code)
	}
	return fmt.Sprint(offset)
}

// offsets lists the ranges of the batches, and checks that they are whole.
func offsets(pieces [][]byte) string {
	var s strings.Builder
	for _, rest := range pieces {
		for len(rest) > 0 {
			b, next, err := record.Parse(rest)
			if err == nil {
				err = record.Verify(b)
			}
			if err != nil {
				return fmt.Sprintf(" BROKEN: %v", err)
			}
			fmt.Fprintf(&s, " [%d,%d)e%d", b.BaseOffset(), b.NextOffset(), b.LeaderEpoch())
			rest = next
		}
	}
	return s.String()
}
