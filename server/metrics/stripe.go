package metrics

import (
	"sync/atomic"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/net/kafka"
)

// stripes is in how many places requests are counted. Connections that share a place may take its cache line from each
// other's processors: a few places suffice to make that rare.
const stripes = 16

// apis is how many APIs there are, and one more for what is none.
const apis = 16

// Stripe counts what some of the connections do. Safe for concurrent use; nothing in it allocates.
type Stripe struct {
	requests [apis]histogram // from the whole request to its encoded answer
	received atomic.Uint64   // bytes from sockets
	sent     atomic.Uint64   // bytes to sockets
	fetched  atomic.Uint64   // bytes of record batches in answers to Fetch
	errors   *failures

	_ [64]byte // the next stripe begins on a line of its own
}

// Received counts bytes that came from a client.
func (s *Stripe) Received(n int) { s.received.Add(uint64(n)) }

// Sent counts bytes that went to a client.
func (s *Stripe) Sent(n int64) { s.sent.Add(uint64(n)) }

// Served counts a request that the broker has answered with reply, so long after it came.
func (s *Stripe) Served(key kafka.Key, took event.Time, reply event.Body) {
	api := place(key)
	s.requests[api].observe(took)
	switch r := reply.(type) {
	case *event.ProduceReply:
		for i := range r.Partitions {
			s.errors.count(api, r.Partitions[i].Code)
		}
	case *event.FetchReply:
		s.errors.count(api, r.Code)
		n := 0
		for i := range r.Partitions {
			s.errors.count(api, r.Partitions[i].Code)
			n += r.Partitions[i].Bytes()
		}
		if n > 0 {
			s.fetched.Add(uint64(n))
		}
	default:
		s.errors.countAll(api, reply)
	}
}

// AnsweredAtOnce counts a request that needed no broker.
func (s *Stripe) AnsweredAtOnce(key kafka.Key) { s.requests[place(key)].observe(0) }

// place is where an API is counted: by its place in the version table.
func place(key kafka.Key) int {
	if key < 0 || int(key) >= len(places) {
		return apis - 1
	}
	return int(places[key])
}

// places are the places by key.
var places = func() (p [kafka.KeyDescribeCluster + 1]uint8) {
	for i := range p {
		p[i] = apis - 1
	}
	for i, a := range kafka.APIs() {
		p[a.Key] = uint8(i)
	}
	return p
}()
