package controller

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
)

// Dice are where topic ids and placements are drawn from: seeded from the kernel by a server, from the seed in a
// simulation.
type Dice interface{ Uint64() uint64 }

// Config is what a controller is told about its world.
type Config struct {
	Node     event.NodeID       // this broker
	Settings *metadata.Settings // as it was started
	Dice     Dice
	// MaxBytes is the most bytes that the records of one request may take: they are committed as one batch.
	MaxBytes int
	// MaxPartitions is the most partitions that one request may make.
	MaxPartitions int
	// MaxTopics is the most topics, or resources with configurations, that one request may name.
	MaxTopics int
}

// Controller decides. It has no state beside its configuration.
type Controller struct{ cfg Config }

// New makes a controller.
func New(cfg Config) *Controller { return &Controller{cfg: cfg} }

// PIDBlockSize is the number of producer ids that one request of a broker is granted: Kafka's.
const PIDBlockSize = 1000

// ProducerIDs grants a block of producer ids to a broker. No records: there are no ids left.
func (c *Controller) ProducerIDs(im *metadata.Image, node event.NodeID) ([]metadata.Record, event.PIDBlock) {
	b, first := im.Broker(node), im.NextProducerID()
	if b == nil || first > 1<<63-1-PIDBlockSize {
		return nil, event.PIDBlock{}
	}
	r := &metadata.ProducerIDsRecord{Broker: node, Epoch: b.Epoch, Next: first + PIDBlockSize}
	return []metadata.Record{r}, event.PIDBlock{First: first, Count: PIDBlockSize}
}

// size is how many bytes records take in a batch, at most.
func size(records []metadata.Record) int {
	const overhead = 16 // of one record in a batch: lengths, deltas, and no key
	n := 0
	for _, r := range records {
		n += len(metadata.Append(nil, r)) + overhead
	}
	return n
}

// topicID draws an id that no topic has had: 122 random bits in the form of RFC 9562, version 4.
func (c *Controller) topicID(im *metadata.Image) event.UUID {
	for {
		var id event.UUID
		for half := range 2 {
			bits := c.cfg.Dice.Uint64()
			for i := range 8 {
				id[half*8+i] = byte(bits >> (8 * i))
			}
		}
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
		// A first character '-' in Kafka's form reads like a flag on a command line.
		if !metadata.ReservedID(id) && metadata.IDString(id)[0] != '-' && im.Topic(id) == nil {
			return id
		}
	}
}
