package shard

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/producer"
	"github.com/highwater-log/highwater/core/store"
)

// newProducers makes the state that the store keeps along with each partition's log.
func newProducers(event.TP) store.Derived { return producer.New(producer.DefaultLimit) }

// producers is the idempotence state of p.
func (p *partition) producers() *producer.Table { return p.log.Derived().(*producer.Table) }

// repeat is the outcome of a batch that was appended before: a promise like the first one, told no earlier than that
// one could be. Where the original offset is forgotten, the code says so.
func repeat(p *partition, v producer.Verdict) event.ProducePartitionReply {
	r := success(p, v.Base)
	r.Code = v.Code
	return r
}
