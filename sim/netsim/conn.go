package netsim

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
)

// Direction is one of the two streams of a connection.
type Direction uint8

// The directions.
const (
	ToNode Direction = iota
	ToClient
)

// Other is the opposite direction.
func (d Direction) Other() Direction { return 1 - d }

// End says how a direction ended for its reader.
type End uint8

// Ends.
const (
	Open   End = iota
	Closed     // every byte arrived, then the peer's close
	Reset      // told by the network or the peer; bytes may be missing
)

// Config is one network.
type Config struct {
	Seed  uint64
	Delay Delay
	Room  int // bytes that the wire of one direction holds; at least 1
	Split int // one read in this many stops short of what has arrived; 0 for never
}

// Conn is one connection. Its number keys its draws.
type Conn struct {
	cfg   *Config
	pipes [2]pipe
}

// pipe is one direction. Bytes wait, then are on the wire in segments, then are read.
type pipe struct {
	delay, split fault.Rand
	segments     uint64 // put on the wire so far: ordinal of the delay
	reads        uint64 // ordinal of the split
	last         event.Time
	bytes        []byte // what was sent: read up to start, on the wire up to loaded, waiting from there
	start        int
	loaded       int
	queue        []segment
	head         int // of queue
	closing      bool
	ended        bool // nothing more goes on the wire
	silent       bool
	clogged      event.Time // nothing arrives before
}

// segment is n bytes that arrive together, or the end.
type segment struct {
	n   int
	at  event.Time
	end End
}

// NewConn is an established connection.
func NewConn(cfg *Config, number uint64) *Conn {
	c := &Conn{cfg: cfg}
	for d := range c.pipes {
		entity := number<<1 | uint64(d)
		c.pipes[d].delay = fault.NewRand(cfg.Seed, fault.StreamDelay, entity)
		c.pipes[d].split = fault.NewRand(cfg.Seed, fault.StreamSplit, entity)
	}
	return c
}

// Send takes bytes to be carried in direction d. They are copied. After Close, Reset or their arrival they are dropped.
func (c *Conn) Send(d Direction, now event.Time, p []byte) {
	q := &c.pipes[d]
	if q.ended || q.closing || len(p) == 0 {
		return
	}
	q.bytes = append(q.bytes, p...)
	c.load(q, now)
}

// Waiting is how many bytes of direction d have found no room on the wire yet.
func (c *Conn) Waiting(d Direction) int { return c.pipes[d].waiting() }

// Close ends direction d behind what was sent, and whatever comes in the other direction is read by nobody.
func (c *Conn) Close(d Direction, now event.Time) {
	q := &c.pipes[d]
	if !q.ended {
		q.closing = true
		c.load(q, now)
	}
	c.pipes[d.Other()].drop()
}

// Reset drops everything and tells both sides.
func (c *Conn) Reset(now event.Time) {
	for d := range c.pipes {
		q := &c.pipes[d]
		if q.ended && q.head == len(q.queue) {
			continue
		}
		q.drop()
		c.push(q, now, 0, Reset)
	}
}

// Silence lets nothing of direction d arrive any more, and tells nobody.
func (c *Conn) Silence(d Direction) { c.pipes[d].silent = true }

// Clog holds direction d: nothing arrives before until.
func (c *Conn) Clog(d Direction, until event.Time) {
	q := &c.pipes[d]
	q.clogged = max(q.clogged, until)
}

// NextArrival is when direction d has bytes, or its end, to be read: event.Never if nothing is on the wire.
func (c *Conn) NextArrival(d Direction) event.Time {
	q := &c.pipes[d]
	if q.silent || q.head == len(q.queue) {
		return event.Never
	}
	return max(q.queue[q.head].at, q.clogged)
}

// Receive appends to dst what has arrived in direction d by now, or a first part of it, and tells whether the direction
// has ended behind it. Reading makes room on the wire.
func (c *Conn) Receive(d Direction, now event.Time, dst []byte) ([]byte, End) {
	q := &c.pipes[d]
	if q.silent || now < q.clogged {
		return dst, Open
	}
	n := 0
	end := Open
	for q.head < len(q.queue) && q.queue[q.head].at <= now && end == Open {
		n += q.queue[q.head].n
		end = q.queue[q.head].end
		q.head++
	}
	if n > 0 {
		q.reads++
		if draw := q.split.At(q.reads); c.cfg.Split > 0 && draw%uint64(c.cfg.Split) == 0 && n > 1 {
			keep := 1 + int(draw>>32)%(n-1)
			q.unread(n-keep, now, end)
			n, end = keep, Open
		}
	}
	dst = append(dst, q.bytes[q.start:q.start+n]...)
	q.start += n
	q.compact()
	c.load(q, now)
	return dst, end
}

// unread puts the last n bytes that were taken, and the end behind them, back at the head of the queue.
func (q *pipe) unread(n int, now event.Time, end End) {
	if end != Open {
		q.head--
		q.queue[q.head] = segment{at: now + event.Microsecond, end: end}
	}
	q.head--
	q.queue[q.head] = segment{n: n, at: now + event.Microsecond}
}

func (q *pipe) waiting() int { return len(q.bytes) - q.loaded }

func (q *pipe) wire() int { return q.loaded - q.start }

// load puts on the wire what there is room for, and the end behind the last byte.
func (c *Conn) load(q *pipe, now event.Time) {
	if n := min(q.waiting(), c.cfg.Room-q.wire()); n > 0 {
		q.loaded += n
		c.push(q, now, n, Open)
	}
	if q.closing && q.waiting() == 0 && !q.ended {
		c.push(q, now, 0, Closed)
	}
}

// push puts one segment behind the others.
func (c *Conn) push(q *pipe, now event.Time, n int, end End) {
	q.segments++
	q.last = max(q.last, now+c.cfg.Delay.draw(q.delay, q.segments))
	q.queue = append(q.queue, segment{n: n, at: q.last, end: end})
	q.ended = q.ended || end != Open
}

// drop forgets everything that has not been read.
func (q *pipe) drop() {
	q.bytes, q.start, q.loaded = q.bytes[:0], 0, 0
	q.queue, q.head = q.queue[:0], 0
	q.ended = true
}

// compact gives the front of the buffers back once most of it is read.
func (q *pipe) compact() {
	if q.start > len(q.bytes)/2 {
		q.bytes = q.bytes[:copy(q.bytes, q.bytes[q.start:])]
		q.start, q.loaded = 0, q.loaded-q.start
	}
	if q.head == len(q.queue) {
		q.queue, q.head = q.queue[:0], 0
	}
}
