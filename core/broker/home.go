package broker

import (
	"github.com/highwater-log/highwater/core/controller"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/lifecycle"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/core/replica"
	"github.com/highwater-log/highwater/core/store"
)

// phase is how far home has come.
type phase uint8

const (
	opening     phase = iota // the metadata store is being opened
	claiming                 // the next term is being made durable (K-1)
	leading                  // the control batch of the term is being committed
	replaying                // committed records are being read and applied
	meeting                  // the shards are still recovering
	registering              // the registration is being committed
	serving                  // requests are decided
	ending                   // nothing is decided any more: the shards, then the metadata store, are being stopped
)

// home is the machine of the metadata log: store, replica, controller and lifecycle of this broker.
type home struct {
	node        event.NodeID
	incarnation event.UUID
	cluster     event.UUID // for a directory without one
	lag         event.Time
	settings    *metadata.Settings
	maxBatch    int // bytes of one batch of the metadata log
	shards      int

	life       *lifecycle.Lifecycle
	controller *controller.Controller
	store      *store.Store
	now        event.Time
	wall       int64

	phase   phase
	saves   uint64 // hard state saves asked for
	term    int32
	log     *store.Partition
	replica *replica.Replica
	opened  int64 // the offset behind the control batch of the term
	reading bool  // a read of the metadata log is under way
	eager   bool  // there is more to do at once: a tick is due now

	image   *metadata.Image     // everything that is applied
	ready   []*event.ShardReady // by shard: what it recovered; nil until then
	stopped []bool              // by shard: stopped
	jobs    []job               // requests that are not decided yet
	round   round               // what is being committed

	publishing publishing // who has to hear of the image before anybody is answered
}

func newHome(cfg *Config, settings *metadata.Settings) *home {
	s := cfg.Home
	s.Machine = event.Home
	limit := int(maxBatch(&s))
	return &home{
		node: cfg.Node, incarnation: cfg.Incarnation, cluster: cfg.Cluster, lag: cfg.Lag, settings: settings,
		maxBatch: limit, shards: len(cfg.Shards),
		life: lifecycle.New(lifecycle.Identity{
			Node: cfg.Node, Incarnation: cfg.Incarnation, Endpoints: cfg.Endpoints, Rack: cfg.Rack,
			Shards: len(cfg.Shards),
		}),
		controller: controller.New(controller.Config{
			Node: cfg.Node, Settings: settings, Dice: cfg.Dice, MaxBytes: limit - record.HeaderSize, MaxPartitions: cfg.MaxPartitions,
			MaxTopics: cfg.MaxTopics,
		}),
		store:   store.New(s),
		ready:   make([]*event.ShardReady, len(cfg.Shards)),
		stopped: make([]bool, len(cfg.Shards)),
	}
}

// Step applies one event.
func (h *home) Step(ev *event.Event, out *event.Buf) {
	h.now, h.wall = ev.Now, ev.Wall
	switch ev.Kind {
	case event.KindStart:
		h.store.Open(ev.Now, out)
	case event.KindTick:
		h.store.OnTick(ev.Now, out)
	case event.KindIODone:
		h.store.OnIO(ev, out)
	case event.KindStop:
		h.stop()
	case event.KindMessage:
		h.onMessage(ev)
	default:
		invariant.Violated("K-4: home got an event of kind %d", ev.Kind)
	}
	h.follow(out)
	if !ev.More {
		h.store.EndTurn(ev.Now, out)
		h.follow(out)
	}
}

// onMessage takes a message of another machine.
func (h *home) onMessage(ev *event.Event) {
	switch m := ev.Body.(type) {
	case *event.ShardReady:
		h.ready[ev.From.Index] = m
	case *event.ShardStopped:
		h.stopped[ev.From.Index] = true
	case *event.ShardAssigned, *event.ImageAdopted:
		h.publishing.heard(ev.From)
	case *event.CreateTopics, *event.DeleteTopics, *event.CreatePartitions, *event.AlterConfigs, *event.AutoCreate,
		*event.PIDRequest:
		h.jobs = append(h.jobs, job{from: ev.From, ticket: ev.Ticket, body: m})
	default:
		invariant.Violated("K-4: home got a message of type %T", ev.Body)
	}
}

// NextDeadline tells when the next Tick is due.
func (h *home) NextDeadline() event.Time {
	if h.eager {
		return h.now
	}
	return h.store.NextDeadline()
}

// follow does what the store's progress allows.
func (h *home) follow(out *event.Buf) {
	h.eager = false
	switch h.store.State() {
	case store.Refused, store.Failed:
		h.halt(h.store.Refusal().Code, h.store.Refusal().Text, out)
		return
	case store.Stopped:
		h.halt(event.HaltClean, "", out)
		return
	}
	if h.replica != nil && len(h.store.TakeFlushed()) > 0 {
		h.replica.OnFlushed()
		h.store.HighWater(h.log, h.replica.HighWatermark(), out)
	}
	for _, done := range h.store.TakeReads() {
		h.onRead(done, out)
	}
	for h.advance(out) {
	}
}

// advance goes one phase further, or on within it, and reports whether there may be more to do at once.
func (h *home) advance(out *event.Buf) bool {
	switch h.phase {
	case opening:
		return h.store.State() == store.Ready && h.claim(out)
	case claiming:
		return h.store.HardSaves() >= h.saves && h.lead(out)
	case leading:
		return h.replica.HighWatermark() >= h.opened && h.replay()
	case replaying:
		return h.readOn(out)
	case meeting:
		return h.met() && h.register(out)
	case registering, serving:
		return h.commit(out) || h.publish(out) || h.decide(out)
	case ending:
		h.end(out)
	}
	return false
}

// halt ends the broker.
func (h *home) halt(code event.HaltCode, text string, out *event.Buf) {
	if h.life.State() == lifecycle.Stopped {
		return
	}
	h.phase = ending
	h.life.Stop(h.now, text)
	out.Halt(code, text)
}
