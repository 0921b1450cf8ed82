package metrics

import "github.com/highwater-log/highwater/core/event"

// Broker is where one broker counts.
type Broker struct {
	Connections Connections
	Cells       []*Cell // by number

	stripes [stripes]Stripe
	errors  failures
}

// New is a broker of so many cells that has done nothing yet.
func New(cells int) *Broker {
	b := &Broker{}
	for range cells {
		b.Cells = append(b.Cells, &Cell{})
	}
	for i := range b.stripes {
		b.stripes[i].errors = &b.errors
	}
	return b
}

// Stripe is where a connection counts.
func (b *Broker) Stripe(id event.ConnID) *Stripe { return &b.stripes[id%stripes] }

// Facts are numbers that are kept anyway, and are asked for at a scrape.
type Facts struct {
	Connections      int
	InFlight         int   // requests that were taken and not answered
	RequestBytes     int64 // of them, over all connections
	ConnectionBytes  int64 // of requests, whole and not, and of answers that connections hold
	BuffersUsed      int64 // memory of the core that is in use
	BuffersFree      int64 // and kept for use
	DiskFree         int64 // of the data directory's file system, for this user
	DiskSize         int64
	DiskAsked        bool // the two above are known
	Ready            bool
	RequestBytesMost int64
}

// Source is a broker that is scraped.
type Source interface {
	Counts() *Broker
	Facts() Facts
}
