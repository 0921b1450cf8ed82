package broker

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/front"
	"github.com/highwater-log/highwater/core/shard"
)

// Broker is one broker: its cells. They share nothing that changes, so that each may be stepped by a thread of its own.
type Broker struct {
	cells []*Cell
	home  *home
}

// New makes a broker that has not looked at its directories yet: the first event of each cell is KindStart.
func New(cfg Config) (*Broker, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("broker configuration: %w", err)
	}
	settings, err := cfg.settings()
	if err != nil {
		return nil, fmt.Errorf("broker configuration: %w", err)
	}
	b := &Broker{home: newHome(&cfg, settings)}
	for i, s := range cfg.Shards {
		s.Machine = event.Machine{Role: event.RoleShard, Index: uint8(i)}
		b.cells = append(b.cells, newCell(i, front.New(cfg.front(i, settings)), shard.New(shard.Config{
			Node: cfg.Node, Lag: cfg.Lag, Shards: len(cfg.Shards), Store: s, RetentionCheck: retentionCheck(settings),
		})))
	}
	b.cells[0].home = b.home
	return b, nil
}

// Cells are the cells, by number. Requests of a connection, and the news of its end, go to one of them, always the same;
// completions and messages to the cell of their machine (CellOf); KindStart and KindStop to each. A Halt of any of them
// ends the broker.
func (b *Broker) Cells() []*Cell { return b.cells }

// Ready reports whether every cell serves requests. It is for shells that step all cells in one thread.
func (b *Broker) Ready() bool {
	for _, c := range b.cells {
		if !c.Ready() {
			return false
		}
	}
	return true
}

// Status is what a broker says of itself to people.
type Status struct {
	State      string // lifecycle.State by name
	Sentence   string // the same, in a sentence
	Why        string // the reason of a stop
	Cluster    string // the cluster's id, "" before it is known
	Epoch      int64  // of this incarnation's registration, -1 before it
	Term       int32  // of the metadata leader, -1 before the first
	Offset     int64  // of the newest metadata record that was applied, -1 for none
	Topics     int
	Partitions int
}

// Status describes the broker now. It belongs to the thread of cell 0.
func (b *Broker) Status() Status {
	h := b.home
	s := Status{State: h.life.State().String(), Sentence: h.life.State().Sentence(), Why: h.life.Why(), Epoch: -1,
		Term: -1, Offset: -1}
	if h.image == nil {
		return s
	}
	s.Cluster, s.Term, s.Offset, s.Topics = h.image.ClusterID(), h.image.Epoch(), h.image.Offset(), h.image.TopicCount()
	if me := h.image.Broker(h.node); me != nil && me.Incarnation == h.incarnation {
		s.Epoch = me.Epoch
	}
	for t := range h.image.Topics() {
		s.Partitions += int(t.Count())
	}
	return s
}
