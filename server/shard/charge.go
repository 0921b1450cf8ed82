package shard

import "time"

// A connection that has received less of requests than uncharged may always go on: so nobody with small requests waits for those
// with large ones. One in the middle of a large request waits so long at most: where all that has room is in the middle of one, and
// its sender rests, waiting would not end.
const (
	uncharged      = 64 << 10
	chargePatience = 10 * time.Second
	// restPatience is how long the sender of a large request may rest in the middle of it.
	restPatience = 30 * time.Second
)

// charge makes the connection answer for pending bytes of requests that were received and not handed on, before it receives more. It
// reports false where there is no room for them. What was handed on, and waits for the other budget, stays charged until the next call.
func (c *connection) charge(pending int) bool {
	due := int64(pending)
	if due <= uncharged {
		due = 0
	}
	more := due - c.charged
	switch {
	case more > 0 && !c.server.receiving.acquireMore(c.charged, more, chargePatience):
		return false
	case more < 0:
		c.server.receiving.release(-more)
	}
	c.charged = due
	return true
}
