package broker

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/core/record"
)

// world is one broker on one disk, with a clock.
type world struct {
	t       *testing.T
	seed    uint64
	disk    *disk
	broker  *Broker
	now     event.Time
	out     event.Buf
	todo    []event.Event // completions that the disk owes
	replies map[event.Ticket]event.Body
	seq     uint64
	halted  *event.Effect
	conn    event.ConnID  // of the requests to come
	hold    bool          // the disk does nothing
	under   []event.Event // messages between cells, in the order in which they were sent
	order   *rand.Source  // of their delivery
	slow    bool          // they are not delivered by themselves
	change  func(*Config)
}

func newWorld(t *testing.T) *world {
	return &world{t: t, seed: 1, disk: newDisk(), now: event.Second, order: rand.New(1), conn: 7}
}

// start begins an incarnation and waits until it serves.
func (w *world) start() {
	w.t.Helper()
	w.boot()
	w.run(func() bool { return w.broker.Ready() || w.halted != nil })
	if w.halted != nil {
		w.t.Fatalf("halted with %d: %s", w.halted.Halt, w.halted.Text)
	}
}

func (w *world) boot() {
	w.t.Helper()
	cfg := Tiny(rand.New(w.seed))
	w.seed++
	cfg.Node, cfg.Endpoints = 1, []metadata.Endpoint{{Name: "PLAINTEXT", Host: "localhost", Port: 9092}}
	if w.change != nil {
		w.change(&cfg)
	}
	b, err := New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.broker, w.todo, w.under, w.replies, w.halted = b, nil, nil, map[event.Ticket]event.Body{}, nil
	w.step(event.Event{Kind: event.KindStart})
}

// step gives an event to the cell that it is for, or to all.
func (w *world) step(ev event.Event) {
	w.t.Helper()
	n := len(w.broker.Cells())
	switch ev.Kind {
	case event.KindStart, event.KindStop, event.KindTick:
		for i := range n {
			w.stepCell(i, ev)
		}
	case event.KindIODone:
		w.stepCell(CellOf(ev.IO.Machine()), ev)
	case event.KindMessage:
		w.stepCell(CellOf(ev.To), ev)
	default:
		w.stepCell(int(ev.Ticket.Conn)%n, ev)
	}
	for !w.slow && len(w.under) > 0 {
		w.deliver()
	}
}

// deliver carries a message between cells: a drawn one that no older one of its pair of cells precedes.
func (w *world) deliver() {
	w.t.Helper()
	at := w.order.IntN(len(w.under))
	for i := range w.under[:at] {
		if CellOf(w.under[i].From) == CellOf(w.under[at].From) && CellOf(w.under[i].To) == CellOf(w.under[at].To) {
			at = i
			break
		}
	}
	ev := w.under[at]
	w.under = slices.Delete(w.under, at, at+1)
	w.stepCell(CellOf(ev.To), ev)
}

func (w *world) stepCell(cell int, ev event.Event) {
	w.t.Helper()
	if w.halted != nil {
		return // a halt of any cell ends the process
	}
	ev.Now, ev.Wall = w.now, int64(w.now/event.Millisecond)
	w.out.Reset()
	w.broker.Cells()[cell].Step(&ev, &w.out)
	for i, e := range w.out.Effects() {
		switch e.Op {
		case event.OpSendMachine:
			if CellOf(e.From) != cell || CellOf(e.Machine) == cell {
				w.t.Fatalf("cell %d lets the shell carry a message from %s to %s", cell, e.From, e.Machine)
			}
			w.under = append(w.under, event.Event{
				Kind: event.KindMessage, From: e.From, To: e.Machine, Ticket: e.Ticket, Body: e.Body,
			})
		case event.OpReply:
			if w.replies[e.Ticket] != nil {
				w.t.Fatalf("ticket %v was answered twice", e.Ticket)
			}
			w.replies[e.Ticket] = e.Body
		case event.OpHalt:
			if w.halted != nil {
				w.t.Fatal("halted twice")
			}
			w.halted = &event.Effect{Halt: e.Halt, Text: e.Text}
		case event.OpCloseConn:
		case event.OpRelease:
			for i := range e.Memory.Bytes {
				e.Memory.Bytes[i] = 0xdb // it is somebody else's now
			}
		default:
			w.todo = append(w.todo, w.disk.do(&w.out.Effects()[i]))
		}
	}
}

// nextDeadline is the earliest one of all cells.
func (w *world) nextDeadline() event.Time {
	next := event.Never
	for _, c := range w.broker.Cells() {
		next = min(next, c.NextDeadline())
	}
	return next
}

// run lets the disk and the clock go on until done, for at most a minute.
func (w *world) run(done func() bool) {
	w.t.Helper()
	for end := w.now + 60*event.Second; !done(); {
		if len(w.todo) > 0 && !w.hold {
			ev := w.todo[0]
			w.todo = w.todo[1:]
			w.now += 20 * event.Microsecond
			w.step(ev)
			continue
		}
		next := w.nextDeadline()
		if next == event.Never || next > end {
			w.t.Fatalf("nothing happens any more: %+v", w.broker.Status())
		}
		w.now = max(next, w.now+1)
		w.step(event.Event{Kind: event.KindTick})
	}
}

// ask sends a request and waits for its reply.
func ask[R event.Body](w *world, body event.Body) R {
	w.t.Helper()
	t := w.send(body)
	w.run(func() bool { return w.replies[t] != nil })
	r, ok := w.replies[t].(R)
	if !ok {
		w.t.Fatalf("%T was answered with %T", body, w.replies[t])
	}
	return r
}

func (w *world) send(body event.Body) event.Ticket {
	w.t.Helper()
	t := event.Ticket{Conn: w.conn, Seq: w.seq}
	w.seq++
	w.step(event.Event{Kind: event.KindRequest, Ticket: t, Body: body})
	return t
}

func (w *world) create(name string, partitions int32) *event.CreateTopicsReply {
	w.t.Helper()
	return ask[*event.CreateTopicsReply](w, &event.CreateTopics{
		TimeoutMs: 1000, Topics: []event.CreateTopic{{Name: name, Partitions: partitions, Replicas: -1}},
	})
}

func batch(values ...string) []byte {
	b := record.NewBuilder()
	for _, v := range values {
		b.Add(1000, nil, []byte(v))
	}
	return b.Build()
}

func (w *world) produce(topic string, partition int32, values ...string) event.ProducePartitionReply {
	w.t.Helper()
	r := ask[*event.ProduceReply](w, &event.Produce{Acks: -1, TimeoutMs: 1000, Partitions: []event.ProducePartition{
		{Name: topic, Partition: partition, Batch: batch(values...)},
	}})
	return r.Partitions[0]
}

// fetch gives the values from offset on.
func (w *world) fetch(topic string, partition int32, offset int64) []string {
	w.t.Helper()
	r := ask[*event.FetchReply](w, &event.Fetch{ReplicaID: -1, MaxWaitMs: 100, MinBytes: 1, MaxBytes: 1 << 20,
		Partitions: []event.FetchPartition{
			{
				Name: topic, Partition: partition, Offset: offset, MaxBytes: 1 << 20,
				CurrentEpoch: -1, LastFetchedEpoch: -1,
			},
		}})
	p := r.Partitions[0]
	if p.Code != event.CodeNone {
		w.t.Fatalf("fetch of %s-%d at %d: code %d", topic, partition, offset, p.Code)
	}
	var out []string
	for rest := bytes.Join(p.Records, nil); len(rest) > 0; {
		b, next, err := record.Parse(rest)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := record.Walk(b.Records(), b.Count(), func(r *record.Record) error {
			out = append(out, string(r.Value))
			return nil
		}); err != nil {
			w.t.Fatal(err)
		}
		rest = next
	}
	return out
}

func (w *world) stop() {
	w.t.Helper()
	w.step(event.Event{Kind: event.KindStop})
	w.run(func() bool { return w.halted != nil })
	if w.halted.Halt != event.HaltClean {
		w.t.Fatalf("stopped with %d: %s", w.halted.Halt, w.halted.Text)
	}
}

// shards makes the broker one of n shards.
func shards(n int) func(*Config) {
	return func(c *Config) {
		for i := 1; i < n; i++ {
			s := c.Shards[0]
			s.Directory[0] ^= byte(i)
			c.Shards = append(c.Shards, s)
		}
	}
}

func TestBroker_CreateProduceFetchRestartFetch(t *testing.T) {
	for i, restart := range []string{"clean", "kill", "clean", "kill"} {
		t.Run(fmt.Sprintf("%s, %d shards", restart, 1+i/2*2), func(t *testing.T) {
			w := newWorld(t)
			w.change = shards(1 + i/2*2)
			w.start()
			if r := w.create("a", 3); r.Topics[0].Code != event.CodeNone || r.Topics[0].Partitions != 3 {
				t.Fatalf("create: %+v", r.Topics[0])
			}
			var want []string
			for i := range 20 {
				v := fmt.Sprintf("value-%d", i)
				if r := w.produce("a", 1, v); r.Code != event.CodeNone || r.BaseOffset != int64(i) {
					t.Fatalf("produce %d: %+v", i, r)
				}
				want = append(want, v)
			}
			if got := w.fetch("a", 1, 0); !slices.Equal(got, want) {
				t.Fatalf("before the restart: %v", got)
			}
			before := w.broker.Status()
			if restart == "clean" {
				w.stop()
			}
			w.start()
			after := w.broker.Status()
			if after.Topics != 1 || after.Partitions != 3 || after.Cluster != before.Cluster {
				t.Errorf("status %+v, before %+v", after, before)
			}
			if after.Epoch <= before.Epoch || after.Term != before.Term+1 {
				t.Errorf("broker epoch %d after %d, term %d after %d", after.Epoch, before.Epoch, after.Term,
					before.Term)
			}
			if got := w.fetch("a", 1, 0); !slices.Equal(got, want) {
				t.Fatalf("after the restart: %v", got)
			}
			if r := w.produce("a", 1, "more"); r.Code != event.CodeNone || r.BaseOffset != 20 {
				t.Fatalf("produce after the restart: %+v", r)
			}
		})
	}
}

// R16: nothing is ever appended under a leader epoch that an earlier incarnation held.
func TestBroker_ARestartRaisesEveryLeaderEpoch(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.create("a", 2)
	epochs := func() (out []int32) {
		r := ask[*event.MetadataReply](w, &event.Metadata{All: true})
		for _, p := range r.Topics[0].Partitions {
			out = append(out, p.Leader.Epoch)
		}
		return out
	}
	for i := range int32(4) {
		if got, want := epochs(), []int32{i, i}; !slices.Equal(got, want) {
			t.Fatalf("leader epochs %v, want %v", got, want)
		}
		w.start()
	}
}

func TestBroker_ACreatedTopicCanBeUsedAtOnce(t *testing.T) {
	w := newWorld(t)
	w.start()
	for i := range 10 {
		name := fmt.Sprintf("t%d", i)
		if r := w.create(name, 1); r.Topics[0].Code != event.CodeNone {
			t.Fatalf("create: %+v", r.Topics[0])
		}
		if r := w.produce(name, 0, "x"); r.Code != event.CodeNone {
			t.Fatalf("the first produce to %s: code %d %s", name, r.Code, r.Why)
		}
	}
}

func TestBroker_AutoCreate(t *testing.T) {
	w := newWorld(t)
	w.start()
	ask := func(allow bool, names ...string) []event.MetadataTopicReply {
		req := &event.Metadata{AllowAutoCreate: allow}
		for _, n := range names {
			req.Topics = append(req.Topics, event.MetadataTopic{Name: n})
		}
		return ask[*event.MetadataReply](w, req).Topics
	}
	if r := ask(false, "a"); r[0].Code != event.CodeUnknownTopicOrPartition {
		t.Errorf("not allowed: %+v", r[0])
	}
	r := ask(true, "a", "b b", "c")
	if r[0].Code != event.CodeNone || len(r[0].Partitions) != 1 || r[1].Code != event.CodeInvalidTopic ||
		r[2].Code != event.CodeNone {
		t.Errorf("allowed: %+v", r)
	}
	if r := w.produce("c", 0, "x"); r.Code != event.CodeNone {
		t.Errorf("produce: %+v", r)
	}
}

func TestBroker_DeletedTopicsAreGoneAndTheirNamesComeBackUnderANewID(t *testing.T) {
	w := newWorld(t)
	w.start()
	id := w.create("a", 1).Topics[0].ID
	w.produce("a", 0, "old")
	w.start() // recovery writes the segment
	if !w.disk.holds(id) {
		t.Fatal("the topic has no file yet: this test would prove nothing")
	}
	if r := ask[*event.DeleteTopicsReply](w, &event.DeleteTopics{TimeoutMs: 1000,
		Topics: []event.MetadataTopic{{Name: "a"}}}); r.Topics[0].Code != event.CodeNone {
		t.Fatalf("delete: %+v", r.Topics[0])
	}
	if r := w.produce("a", 0, "x"); r.Code != event.CodeUnknownTopicOrPartition {
		t.Errorf("produce to what was deleted: %+v", r)
	}
	again := w.create("a", 1).Topics[0].ID
	if again == id {
		t.Error("the new topic has the old id")
	}
	if r := w.produce("a", 0, "new"); r.BaseOffset != 0 {
		t.Errorf("the new topic begins at %d", r.BaseOffset)
	}
	w.run(func() bool { return !w.disk.holds(id) })
	w.start()
	if got := w.fetch("a", 0, 0); !slices.Equal(got, []string{"new"}) {
		t.Errorf("after a restart: %v", got)
	}
	if r := ask[*event.FetchReply](w, &event.Fetch{MaxBytes: 100,
		Partitions: []event.FetchPartition{{ID: id, MaxBytes: 100,
			CurrentEpoch: -1}}}); r.Partitions[0].Code != event.CodeUnknownTopicID {
		t.Errorf("fetch by the old id: code %d", r.Partitions[0].Code)
	}
}

func TestBroker_ProducerIDsAreNeverGivenTwice(t *testing.T) {
	w := newWorld(t)
	seen := map[int64]bool{}
	for range 3 {
		w.start()
		for range 5 {
			r := ask[*event.InitProducerIDReply](w, &event.InitProducerID{ProducerID: -1, ProducerEpoch: -1})
			if r.Code != event.CodeNone || seen[r.ProducerID] {
				t.Fatalf("producer id %d, code %d; seen %v", r.ProducerID, r.Code, seen)
			}
			seen[r.ProducerID] = true
		}
	}
}

// A reply is a promise: nothing is answered while the disk has not made it durable (K-3).
func TestBroker_NothingIsAnsweredWhileTheDiskStands(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.create("a", 1)
	w.run(func() bool { return len(w.todo) == 0 })
	w.hold = true
	made := w.send(&event.CreateTopics{TimeoutMs: 60_000, Topics: []event.CreateTopic{{Name: "b", Partitions: 1,
		Replicas: 1}}})
	sent := w.send(&event.Produce{Acks: 1, TimeoutMs: 60_000,
		Partitions: []event.ProducePartition{{Name: "a", Batch: batch("x")}}})
	for range 50 {
		w.now += event.Millisecond
		w.step(event.Event{Kind: event.KindTick})
	}
	if w.replies[made] != nil || w.replies[sent] != nil {
		t.Fatal("answered before the disk did anything")
	}
	if r := ask[*event.MetadataReply](w, &event.Metadata{All: true}); len(r.Topics) != 1 {
		t.Fatal("a topic that is not committed is shown")
	}
	w.hold = false
	w.run(func() bool { return w.replies[made] != nil && w.replies[sent] != nil })
}

func TestBroker_RequestsBeforeReadinessWait(t *testing.T) {
	w := newWorld(t)
	w.boot()
	early := w.send(&event.Metadata{All: true})
	if w.replies[early] != nil {
		t.Fatal("answered before the broker was ready")
	}
	w.run(func() bool { return w.replies[early] != nil })
	if r := w.replies[early].(*event.MetadataReply); len(r.Brokers) != 1 || r.ClusterID == "" || r.Controller != 1 {
		t.Fatalf("%+v", r)
	}
}

// The shards know what they hold before the first waiting request reaches them.
func TestBroker_AProduceThatWaitedForTheStartSucceeds(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.create("a", 1)
	w.boot()
	early := w.send(&event.Produce{
		Acks: -1, TimeoutMs: 60_000, Partitions: []event.ProducePartition{{Name: "a", Batch: batch("x")}},
	})
	w.run(func() bool { return w.replies[early] != nil })
	if p := w.replies[early].(*event.ProduceReply).Partitions[0]; p.Code != event.CodeNone {
		t.Fatalf("code %d %s", p.Code, p.Why)
	}
}

func TestBroker_RefusesAnotherBrokersDirectory(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.stop()
	w.change = func(c *Config) { c.Node = 2 }
	w.boot()
	w.run(func() bool { return w.halted != nil })
	if w.halted.Halt != event.HaltRefused || !strings.Contains(w.halted.Text, "belongs to broker 1") {
		t.Fatalf("%+v", w.halted)
	}
	if w.broker.Ready() || w.broker.Status().State != "stopped" || w.nextDeadline() != event.Never {
		t.Errorf("still there: %+v", w.broker.Status())
	}
}

// K-6: with another number of shards the partitions would be sought where they are not.
func TestBroker_RefusesAnotherNumberOfShards(t *testing.T) {
	for _, n := range [][2]int{{1, 2}, {2, 1}} {
		w := newWorld(t)
		w.change = shards(n[0])
		w.start()
		w.create("a", 8)
		for p := range int32(8) {
			w.produce("a", p, "x")
		}
		w.stop()
		w.change = shards(n[1])
		w.boot()
		w.run(func() bool { return w.halted != nil })
		want := fmt.Sprintf("used with %d shards", n[0])
		if w.halted.Halt != event.HaltRefused || !strings.Contains(w.halted.Text, want) {
			t.Fatalf("%+v", w.halted)
		}
		w.change = shards(n[0])
		w.start()
		for p := range int32(8) {
			if got := w.fetch("a", p, 0); !slices.Equal(got, []string{"x"}) {
				t.Fatalf("partition %d after the refusal: %v", p, got)
			}
		}
	}
}

// K-6, J8: a store that is missing comes back empty under another id; that is a lost disk, not an empty partition.
func TestBroker_RefusesAMissingStore(t *testing.T) {
	for _, missing := range []struct {
		store event.Machine
		want  string
	}{{event.Shard0, "shard-0 is missing"}, {event.Home, "home is missing"}} {
		w := newWorld(t)
		w.start()
		w.create("a", 1)
		w.produce("a", 0, "x")
		w.stop()
		kept := w.disk
		w.disk = newDisk()
		for f, content := range kept.files {
			if f.Store != missing.store {
				w.disk.files[f] = slices.Clone(content)
			}
		}
		for d := range kept.dirs {
			if d.Store != missing.store {
				w.disk.dirs[d] = true
			}
		}
		w.boot()
		w.run(func() bool { return w.halted != nil })
		if w.halted.Halt != event.HaltRefused || !strings.Contains(w.halted.Text, missing.want) {
			t.Fatalf("%+v", w.halted)
		}
		w.disk = kept
		w.start()
		if got := w.fetch("a", 0, 0); !slices.Equal(got, []string{"x"}) {
			t.Fatalf("with everything back: %v", got)
		}
	}
}

// A log of many topics is replayed in bounded steps, and gives the same image.
func TestBroker_ReplaysALongMetadataLog(t *testing.T) {
	w := newWorld(t)
	w.start()
	for i := range 60 {
		if r := w.create(fmt.Sprintf("topic-%03d", i), 20); r.Topics[0].Code != event.CodeNone {
			t.Fatalf("create %d: %+v", i, r.Topics[0])
		}
	}
	before := ask[*event.MetadataReply](w, &event.Metadata{All: true})
	w.start()
	after := ask[*event.MetadataReply](w, &event.Metadata{All: true})
	for i := range before.Topics {
		for p := range before.Topics[i].Partitions {
			before.Topics[i].Partitions[p].Leader.Epoch++ // the one thing that a restart changes
		}
	}
	if fmt.Sprintf("%+v", before) != fmt.Sprintf("%+v", after) {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
}

// Home's store is the last to say that it is clean: not before every shard has stopped.
func TestBroker_StopsTheShardsFirst(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.create("a", 1)
	w.produce("a", 0, "x")
	w.run(func() bool { return len(w.todo) == 0 })
	w.step(event.Event{Kind: event.KindStop})
	isHome := func(ev event.Event) bool { return ev.IO.Machine() == event.Home }
	for i := slices.IndexFunc(w.todo, isHome); i >= 0; i = slices.IndexFunc(w.todo, isHome) {
		ev := w.todo[i]
		w.todo = slices.Delete(w.todo, i, i+1)
		w.step(ev)
	}
	if w.halted != nil {
		t.Fatal("halted while a shard was stopping")
	}
	w.run(func() bool { return w.halted != nil })
	if w.halted.Halt != event.HaltClean || w.broker.Status().State != "stopped" {
		t.Fatalf("%+v, %+v", w.halted, w.broker.Status())
	}
}

// K-5: what one turn brings is flushed together.
func TestBroker_OneTurnIsOneFlush(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.create("a", 4)
	w.run(func() bool { return len(w.todo) == 0 })
	flushes := 0
	for i := range 8 {
		body := &event.Produce{Acks: 1, TimeoutMs: 1000, Partitions: []event.ProducePartition{{Name: "a",
			Partition: int32(i % 4), Batch: batch("x")}}}
		w.step(event.Event{Kind: event.KindRequest, More: i < 7, Ticket: event.Ticket{Conn: 9, Seq: uint64(i)},
			Body: body})
		for _, e := range w.out.Effects() {
			if e.Op == event.OpWriteFile && e.File.Kind == event.FileChunk {
				flushes++
			}
		}
		if i < 7 && flushes > 0 {
			t.Fatalf("flushed after %d of 8 requests of one turn", i+1)
		}
	}
	if flushes != 1 {
		t.Fatalf("%d flushes for one turn", flushes)
	}
	w.run(func() bool { return len(w.replies) >= 8 })
}

// A stop is clean whenever it comes, also in the middle of a start.
func TestBroker_StopsCleanlyAtAnyMomentOfItsStart(t *testing.T) {
	for n := 0; ; n++ {
		w := newWorld(t)
		w.start()
		w.create("a", 1)
		w.produce("a", 0, "x")
		w.boot()
		for range n {
			if len(w.todo) > 0 {
				ev := w.todo[0]
				w.todo = w.todo[1:]
				w.step(ev)
			}
		}
		served := w.broker.Ready()
		w.stop()
		w.start()
		if got := w.fetch("a", 0, 0); !slices.Equal(got, []string{"x"}) {
			t.Fatalf("stopped after %d completions: %v", n, got)
		}
		if served {
			if n < 5 {
				t.Fatalf("ready after %d completions: this test proves nothing", n)
			}
			return
		}
	}
}

// Killed between any two completions, it comes back with everything that it acknowledged, and each topic whole.
func TestBroker_KilledAtAnyMoment(t *testing.T) {
	for n := 0; n < 1000; n += 3 {
		w := newWorld(t)
		w.boot()
		created, produced := w.killedAfter(n)
		w.start()
		topics := ask[*event.MetadataReply](w, &event.Metadata{All: true}).Topics
		if len(topics) > 1 || created && len(topics) == 0 || len(topics) == 1 && len(topics[0].Partitions) != 5 {
			t.Fatalf("killed after %d events, created %v: %+v", n, created, topics)
		}
		if produced {
			if got := w.fetch("a", 0, 0); !slices.Equal(got, []string{"x"}) {
				t.Fatalf("killed after %d events: %v", n, got)
			}
			return
		}
	}
	t.Fatal("nothing was ever acknowledged")
}

// killedAfter lets n events happen, while a topic is created and then produced to, and tells what was acknowledged.
func (w *world) killedAfter(n int) (created, produced bool) {
	w.t.Helper()
	var made, sent event.Ticket
	for range n {
		switch {
		case w.broker.Ready() && made.Conn == 0:
			made = w.send(&event.CreateTopics{
				TimeoutMs: 60_000, Topics: []event.CreateTopic{{Name: "a", Partitions: 5, Replicas: 1}},
			})
		case w.replies[made] != nil && sent.Conn == 0:
			sent = w.send(&event.Produce{
				Acks: -1, TimeoutMs: 60_000, Partitions: []event.ProducePartition{{Name: "a", Batch: batch("x")}},
			})
		case len(w.todo) > 0:
			ev := w.todo[0]
			w.todo = w.todo[1:]
			w.step(ev)
		default:
			w.now = max(w.now+1, min(w.nextDeadline(), w.now+event.Second))
			w.step(event.Event{Kind: event.KindTick})
		}
	}
	return w.replies[made] != nil, w.replies[sent] != nil
}

// The same events give the same effects.
func TestBroker_IsDeterministic(t *testing.T) {
	run := func() string {
		w := newWorld(t)
		w.start()
		w.create("a", 2)
		w.produce("a", 0, "x", "y")
		w.stop()
		w.start()
		var paths []string
		for f, content := range w.disk.files {
			paths = append(paths, fmt.Sprintf("%s %x", f.Path(), record.Checksum(content)))
		}
		slices.Sort(paths)
		return strings.Join(paths, "\n")
	}
	if a, b := run(), run(); a != b {
		t.Errorf("two runs of one seed differ:\n%s\n%s", a, b)
	}
}

func TestNew_RefusesWhatCannotWork(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"negative node":   func(c *Config) { c.Node = -1 },
		"no listener":     func(c *Config) { c.Endpoints = nil },
		"no shard":        func(c *Config) { c.Shards = nil },
		"one chunk":       func(c *Config) { c.Shards[0].MaxChunks = 1 },
		"frame too large": func(c *Config) { c.Home.MaxFrame = int(c.Home.ChunkSize) * 2 },
		"unknown config":  func(c *Config) { c.Configs = []event.ConfigEntry{{Key: "x", Value: "y"}} },
	} {
		for label, cfg := range map[string]Config{"tiny": Tiny(rand.New(5)), "production": Production(rand.New(5))} {
			cfg.Endpoints = []metadata.Endpoint{{Host: "h", Port: 1}}
			if _, err := New(cfg); err != nil {
				t.Fatalf("%s: %v", label, err)
			}
			change(&cfg)
			if _, err := New(cfg); err == nil {
				t.Errorf("%s with %s is accepted", label, name)
			}
		}
	}
}

// Topics roll where their store was told to, whoever changed that after the draw.
func TestConfig_TopicsRollWhereTheStoreDoes(t *testing.T) {
	cfg := Tiny(rand.New(1))
	cfg.Shards[0].SegmentBytes = 5000
	set := func() int64 {
		s, err := cfg.settings()
		if err != nil {
			t.Fatal(err)
		}
		return s.Limits(nil).SegmentBytes
	}
	if got := set(); got != 5000 {
		t.Errorf("segments of %d bytes, the store was told 5000", got)
	}
	cfg.Configs = []event.ConfigEntry{{Key: "log.segment.bytes", Value: "8192"}}
	if got := set(); got != 8192 {
		t.Errorf("segments of %d bytes, the operator said 8192", got)
	}
}

// Every drawn size must work.
func TestTiny_IsAlwaysValid(t *testing.T) {
	for seed := range uint64(500) {
		cfg := Tiny(rand.New(seed))
		cfg.Endpoints = []metadata.Endpoint{{Host: "h", Port: 1}}
		if _, err := New(cfg); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
