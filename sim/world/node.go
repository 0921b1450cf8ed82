package world

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/server/api"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/netsim"
)

// node is one machine: a disk that lasts, and a process that comes and goes.
type node struct {
	w     *World
	id    int
	disk  *disk.Disk
	clock clock

	life     int // number of the process, from 1
	up       bool
	ready    bool
	halted   event.HaltCode // 0 while it runs
	broker   *broker.Broker
	move     *broker.Move // runs before the broker, where the directory has another number of shards
	begun    uint64       // machines of this life
	api      *api.API
	cells    []*cell
	accepted uint64
	links    []*link
	diskTime fault.Rand
	heap     *heap
	killed   bool                   // the last crash was a kill: what recovery reads may be volatile
	failing  map[event.IOID]failure // operations that will fail; only looked up

	stopping  bool         // it was asked to end by the plan
	rest      event.Time   // until it is started again then
	noSpace   bool         // this process was told that there is no room
	copies    map[int]part // by the fault that took them; only looked up
	displaced *displaced   // nil where every part is the right one
	deadUntil event.Time
	fullUntil event.Time
	slowUntil event.Time
	slowBy    event.Time
}

func newNode(w *World, id int) *node {
	return &node{w: w, id: id, disk: disk.New(), copies: map[int]part{}}
}

// boot starts a process on the node's disk.
func (w *World) boot() {
	n := w.node
	seed := w.plan.Header.Seed
	n.life++
	life := rand.Mix2(uint64(n.id), uint64(n.life))
	identity := fault.NewRand(seed, fault.StreamIdentity, life)
	n.up, n.ready, n.halted = true, false, 0
	n.clock.start(w.now, event.Time(identity.At(1)%uint64(event.Second)))
	n.links, n.cells = nil, nil
	n.diskTime = fault.NewRand(seed, fault.StreamDiskTime, life)
	n.failing = map[event.IOID]failure{}
	n.stopping, n.noSpace = false, false
	n.heap = newHeap()
	n.api = api.New(api.Config{})
	n.move, n.begun = nil, 0
	if err := n.begin(); err != nil {
		w.Fail("configuration", err.Error())
		return
	}
	w.trace.Note(w.event, w.now, n.id, n.life, "boot", uint64(n.life), 0, nil)
	if w.hooks.OnBoot != nil {
		w.hooks.OnBoot(w, n.id)
	}
	if n.pass(fault.Passing{Point: fault.AtBoot}) {
		return
	}
	n.pushAll(event.Event{Kind: event.KindStart})
}

// config is the broker's configuration: the plan's sizes, identities drawn anew for each life. looks: it looks for what may
// go, if the plan says so.
func (n *node) config(seed uint64, looks bool) broker.Config {
	c := broker.Tiny(rand.New(seed))
	c.Node = event.NodeID(n.id)
	c.Endpoints = []metadata.Endpoint{{Name: "PLAINTEXT", Host: fmt.Sprintf("node-%d", n.id), Port: 9092}}
	if ms := n.w.plan.Header.RetentionCheckMs; ms > 0 && looks {
		c.Configs = append(c.Configs, event.ConfigEntry{Key: retentionCheck, Value: strconv.FormatInt(ms, 10)})
	} else {
		c.Configs = append(c.Configs, event.ConfigEntry{Key: retentionCheck, Value: strconv.Itoa(math.MaxInt64)}) // never
	}
	c.SetShards(n.shards(), rand.New(rand.Mix2(seed, rand.Label("shards"))))
	k := n.w.plan.Header.Store
	for _, s := range append(slicesOf(c.Shards), &c.Home) {
		s.InFlight, s.ChunkSize, s.MaxChunks, s.MaxFrame, s.Reserve = k.InFlight, k.ChunkSize, k.MaxChunks, k.MaxFrame, k.Reserve
		s.SealAfter, s.WriteBehind, s.CheckpointAge, s.CheckpointAt = k.SealAfter, k.WriteBehind, k.CheckpointAge, k.CheckpointAt
		s.DirectBytes, s.DirectWrites = k.DirectBytes, k.DirectWrites
		s.Writing = min(cmp.Or(k.Writing, k.InFlight), k.InFlight)
		s.TailBytes, s.SegmentBytes, s.IndexInterval, s.MaxReadBytes = k.TailBytes, k.SegmentBytes, k.IndexInterval, k.MaxReadBytes
		s.Alloc = n.heap.alloc
	}
	return c
}

// retentionCheck is the configuration that says how often a broker looks for what may go.
const retentionCheck = "log.retention.check.interval.ms"

// Config is the configuration for a broker on a copy of a node's disk: the node's sizes, identities drawn from seed, memory of
// its own. It keeps what it finds, so that two brokers on one disk can be compared.
func (w *World) Config(_ int, seed uint64) broker.Config {
	c := w.node.config(seed, false)
	for _, s := range append(slicesOf(c.Shards), &c.Home) {
		s.Alloc = func(size int) *event.Buffer { return event.NewBuffer(make([]byte, size), event.Machine{}) }
	}
	return c
}

func slicesOf(shards []store.Config) []*store.Config {
	var out []*store.Config
	for i := range shards {
		out = append(out, &shards[i])
	}
	return out
}

// now is the node's monotonic clock.
func (n *node) now() event.Time { return n.clock.mono(n.w.now) }

// pushAll tells every cell.
func (n *node) pushAll(ev event.Event) {
	for _, c := range n.cells {
		c.push(ev)
	}
}

// pushConn tells the cell that owns a connection, for all its life.
func (n *node) pushConn(ev event.Event) {
	if n.up {
		n.cells[int(ev.Ticket.Conn)%len(n.cells)].push(ev)
	}
}

// ioDone lets the disk carry out an operation, and tells the broker in its next turn.
func (n *node) ioDone(life uint64, io event.IOID) {
	if !n.up || uint64(n.life) != life {
		return
	}
	var ev event.Event
	if x, ok := n.failing[io]; ok {
		n.fail(io, x, &ev)
	} else {
		n.disk.Complete(io, &ev)
	}
	n.noSpace = n.noSpace || ev.Status == event.StatusNoSpace
	op, durable := n.disk.Last()
	if n.w.hooks.OnComplete != nil {
		n.w.hooks.OnComplete(n.w, n.id, &ev)
	}
	if n.pass(fault.Passing{Point: fault.AtCompleted, Op: op, Durable: durable}) {
		return
	}
	if n.move != nil {
		n.cells[0].push(ev)
		return
	}
	n.cells[broker.CellOf(io.Machine())].push(ev)
}

// end stops the process: by a crash, or because it halted. The network is told in the way of such an end.
func (n *node) end(c disk.Crash, powerCut bool) {
	if powerCut {
		n.disk.PowerCut(c)
	} else {
		n.disk.Kill(c)
	}
	for i, l := range n.links {
		l.open = false
		switch by := rand.Mix2(c.Seed, uint64(i)) % 2; {
		case powerCut && by == 0:
			l.wire.Silence(netsim.ToClient)
		case !powerCut && by == 0:
			l.wire.Close(netsim.ToClient, n.w.now)
		default:
			l.wire.Reset(n.w.now)
		}
		n.w.watchLink(l)
	}
	n.up, n.ready = false, false
	n.links, n.cells, n.broker, n.move = nil, nil, nil, nil
}
