package workload

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// patience is how many errors in a row a final reader takes from a partition before it gives it up: the judges see what
// is missing then.
const patience = 30

// finalReader reads every partition from its start to the high watermark that the last answer told, and then asks for
// its end: a partition that lacks its tail is called damaged there, if not before. At last it asks what is configured.
type finalReader struct {
	consumer
	topic     int
	partition int32
	whole     bool // the partition was read to its high watermark
	last      *history.Op
	errors    int
	described int // resources with configurations: all brokers first, then the topics
}

func newFinalReader(h *fault.Header) *finalReader { return &finalReader{consumer: *newConsumer(h)} }

func (r *finalReader) done(c *Client) bool {
	return r.topic == len(c.topics) && r.described > len(c.topics)
}

func (r *finalReader) due(c *Client) event.Time {
	switch {
	case r.missing(c):
		return max(r.backoff, r.metadata.due())
	case r.busy:
		return event.Never
	}
	return r.backoff
}

func (r *finalReader) pump(c *Client, m Moment) {
	if r.busy || m.Now < r.backoff || !r.ready(c, m) {
		return
	}
	r.goOn(c)
	if r.topic == len(c.topics) {
		r.describe(c, m)
		return
	}
	t := &c.topics[r.topic]
	position := &r.positions[r.topic][r.partition]
	switch {
	case *position == unset:
		r.list(c, m, t, r.partition, event.TimestampEarliest, position)
	case r.whole:
		r.list(c, m, t, r.partition, event.TimestampLatest, nil)
	default:
		r.fetch(c, m, &fault.Op{Topic: r.topic, Partition: r.partition}, 0)
	}
	r.last = c.history[len(c.history)-1]
	r.last.Final = true
}

// describe asks for the configurations of one resource after the other.
func (r *finalReader) describe(c *Client, m Moment) {
	for r.described > 0 && r.described <= len(c.topics) && c.topics[r.described-1].Doomed {
		r.described++
	}
	if r.done(c) {
		return
	}
	d := describeConfigs(c, m, r.described-1)
	d.op.Final = true
	r.busy = true
	c.call(m, d.req, func(m Moment, answer kmsg.Response) {
		r.busy = false
		r.backoff = m.Now + askAgain
		if answer != nil && d.answered(c, m, answer) {
			r.described++
		}
	})
}

// held is how many partitions of t are to be read: those that it began with, and those that it got. What a plan does not
// know of is not there.
func (t *topic) held() int32 { return min(max(t.Partitions, t.count), t.Most()) }

// goOn moves to the next partition once this one is read.
func (r *finalReader) goOn(c *Client) {
	if r.last != nil {
		r.whole = r.whole || r.last.Kind == history.Fetch && r.last.Outcome == history.OK &&
			r.positions[r.topic][r.partition] >= r.last.HighWatermark
		ended := r.last.Kind == history.ListOffsets && r.last.Timestamp == event.TimestampLatest &&
			(r.last.Outcome == history.OK || event.Code(r.last.Code) == event.CodeKafkaStorageError)
		switch {
		case r.last.Outcome != history.OK:
			r.errors++
		case r.last.Kind == history.Fetch:
			r.errors = 0
		}
		r.last = nil
		if ended || r.errors >= patience {
			r.partition++
			r.errors, r.whole = 0, false
		}
	}
	for r.topic < len(c.topics) && (r.partition >= c.topics[r.topic].held() || c.topics[r.topic].Doomed) {
		r.topic, r.partition = r.topic+1, 0
	}
}
