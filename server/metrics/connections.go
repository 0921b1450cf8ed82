package metrics

import "sync/atomic"

// Refusal is why a connection was turned away.
type Refusal uint8

// Reasons to turn a connection away.
const (
	TooMany     Refusal = iota // max.connections
	TooManyOfIP                // max.connections.per.ip
	TooFast                    // max.connection.rate.per.ip
	Stopping                   // the broker stops
	refusals
)

// String is the reason as a label.
func (r Refusal) String() string {
	return [...]string{"max_connections", "max_connections_per_ip", "rate_per_ip", "stopping"}[r]
}

// Ending is why a connection ended.
type Ending uint8

// Reasons to end.
const (
	ByClient    Ending = iota // the client closed it
	Idle                      // connections.max.idle.ms
	NoRequest                 // connections.first.request.ms
	BadFrame                  // a length that no request may have
	BadRequest                // bytes that are no request
	SlowReader                // answers were not taken in time
	NoAnswer                  // a request that wants no answer failed: that is how its client learns of it
	Broken                    // the network gave an error
	ByBroker                  // the core asked for it
	BrokerEnded               // the broker stopped
	NoRoom                    // queued.max.request.bytes
	SlowSender                // a large request whose rest does not come
	endings
)

// String is the reason as a label.
func (e Ending) String() string {
	return [...]string{"client", "idle", "no_first_request", "bad_frame", "bad_request", "slow_reader", "failed_without_answer",
		"network_error", "broker", "stopped", "no_room", "slow_sender"}[e]
}

// Connections counts connections that came and went.
type Connections struct {
	opened  atomic.Uint64
	refused [refusals]atomic.Uint64
	ended   [endings]atomic.Uint64
}

// Opened counts one that was let in.
func (c *Connections) Opened() { c.opened.Add(1) }

// Refused counts one that was turned away.
func (c *Connections) Refused(why Refusal) { c.refused[why].Add(1) }

// Ended counts one that was let in and has ended.
func (c *Connections) Ended(why Ending) { c.ended[why].Add(1) }
