package shard

import (
	"errors"
	"os"

	"github.com/highwater-log/highwater/server/metrics"
)

// ending is an error that ends a connection for a reason of ours; any other is the network's.
type ending struct {
	reason metrics.Ending
	why    string
}

// Error tells it.
func (e *ending) Error() string { return e.why }

// fail ends the connection because of err.
func (c *connection) fail(err error) {
	reason := metrics.Broken
	if e := (*ending)(nil); errors.As(err, &e) {
		reason = e.reason
	}
	c.end(reason, err.Error())
}

// slow is what a failed write means where its time was over.
func slow(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &ending{metrics.SlowReader, "it takes its answers too slowly"}
	}
	return err
}
