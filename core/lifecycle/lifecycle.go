package lifecycle

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/metadata"
)

// State is how far an incarnation has come.
type State uint8

// States, in the order in which they follow each other.
const (
	Starting    State = iota // the data directory is being opened
	Recovering               // the metadata log is being replayed, the shards are recovering
	Registering              // the registration and new leader epochs are being committed
	Running                  // requests are served
	Stopping                 // everything is being written behind for a clean stop
	Stopped                  // nothing happens any more
)

// String names a state on consoles and in traces.
func (s State) String() string {
	switch s {
	case Starting:
		return "starting"
	case Recovering:
		return "recovering"
	case Registering:
		return "registering"
	case Running:
		return "running"
	case Stopping:
		return "stopping"
	}
	return "stopped"
}

// Sentence says what a state means, for people.
func (s State) Sentence() string {
	switch s {
	case Starting:
		return "The data directory is being opened."
	case Recovering:
		return "What the last run left is being read and made durable; no request is served yet."
	case Registering:
		return "This run of the broker is being registered; no request is served yet."
	case Running:
		return "Requests are served."
	case Stopping:
		return "The broker is stopping: what is in memory is being written to its segments."
	}
	return "The broker has stopped."
}

// Identity is what one incarnation registers with.
type Identity struct {
	Node        event.NodeID
	Incarnation event.UUID // drawn anew at each start
	Endpoints   []metadata.Endpoint
	Rack        string // "" for none
	Shards      int    // which place each partition lies at (metadata.ShardOf)
}

// Lifecycle is the state of this incarnation.
type Lifecycle struct {
	id    Identity
	state State
	since event.Time
	why   string
}

// New is an incarnation that has just begun.
func New(id Identity) *Lifecycle { return &Lifecycle{id: id} }

// State is the present state.
func (l *Lifecycle) State() State { return l.state }

// Since is when the present state was entered, on the node's clock.
func (l *Lifecycle) Since() event.Time { return l.since }

// Why is the reason of a stop; "" for a run that nothing ended.
func (l *Lifecycle) Why() string { return l.why }

// Ready reports whether requests are served.
func (l *Lifecycle) Ready() bool { return l.state == Running }

// Become enters the next state.
func (l *Lifecycle) Become(now event.Time, s State) {
	if s <= l.state || s < Stopping && s != l.state+1 {
		invariant.Violated("Y-1: from %s to %s", l.state, s)
	}
	l.state, l.since = s, now
}

// Stop enters Stopped, from any state, and says why. Stopping twice keeps the first reason.
func (l *Lifecycle) Stop(now event.Time, why string) {
	if l.state == Stopped {
		return
	}
	l.state, l.since, l.why = Stopped, now, why
}

// shardsFeature is the feature under which a registration carries the number of shards: Kafka's schema has no field for
// it, and every broker must know where another one keeps a partition.
const shardsFeature = "highwater.shards"

// Shards is the number of shards that b registered with; 0 for a broker that did not say.
func Shards(b *metadata.Broker) int {
	for _, f := range b.Features {
		if f.Name == shardsFeature {
			return int(f.Max)
		}
	}
	return 0
}

// Registration is the record that registers this incarnation; its epoch is left to the controller. directories are the
// ids of the data directories whose journals proved whole.
func (l *Lifecycle) Registration(directories []event.UUID) metadata.RegisterBrokerRecord {
	return metadata.RegisterBrokerRecord{
		Broker:      l.id.Node,
		Incarnation: l.id.Incarnation,
		Endpoints:   l.id.Endpoints,
		Features: []metadata.Feature{
			{Name: shardsFeature, Min: 1, Max: int16(l.id.Shards)},
			{Name: "metadata.version", Min: 1, Max: 21},
		},
		Rack:        l.id.Rack,
		Directories: directories,
	}
}
