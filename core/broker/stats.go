package broker

import (
	"github.com/highwater-log/highwater/core/shard"
	"github.com/highwater-log/highwater/core/store"
)

// Stats are the numbers of a cell at one moment.
type Stats struct {
	Shard shard.Stats
	Home  store.Stats // of the metadata store: zero but in cell 0
}

// Stats are the cell's numbers now. It belongs to the cell's thread, like every method; it walks over nothing and changes nothing.
func (c *Cell) Stats() Stats {
	s := Stats{Shard: c.shard.Stats()}
	if c.home != nil {
		s.Home = c.home.store.Stats()
	}
	return s
}

// Wounded lists what is damaged in the cell's shard: see shard.Wounded.
func (c *Cell) Wounded() []shard.Wounded { return c.shard.Wounded() }
