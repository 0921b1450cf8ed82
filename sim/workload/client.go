package workload

import (
	"encoding/hex"
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Moment is when something happens to a client: the world's clock, and the number by which histories order things.
type Moment struct {
	Now   event.Time
	Event uint64
}

// How long a client waits before it dials again or asks again.
const (
	redialAfter = 20 * event.Millisecond
	askAgain    = 10 * event.Millisecond
)

// Client is one simulated client. Its methods take what happens to it; what it wants done is then in Wants.
type Client struct {
	id     int
	name   string
	spec   fault.Client
	topics []topic
	wallMs int64
	role   role
	ops    []fault.Op
	next   int // of ops

	link     link
	redialAt event.Time
	pauseTil event.Time // no operation is begun before
	in       []byte
	waiting  []call // requests in flight, in order
	freeCall int32

	wants   Wants
	history []*history.Op
	err     error
}

// link is the state of the connection.
type link uint8

const (
	linkDown link = iota
	linkDialing
	linkUp
)

// Wants is what a client wants the world to do, in this order. Whoever takes it must do it.
type Wants struct {
	Hang bool   // give the connection up
	Dial bool   // make a new one
	Send []byte // on it
}

// role is what a client does.
type role interface {
	// pump begins what can be begun now. It is called after everything that happens.
	pump(c *Client, m Moment)
	// due is when pump should be called although nothing happens.
	due(c *Client) event.Time
	// done reports whether nothing is left to do.
	done(c *Client) bool
}

// topic is what a client knows of a topic.
type topic struct {
	fault.Topic
	id    [16]byte
	known bool
	count int32 // of partitions, as metadata told it
}

// call is one request in flight. then gets its answer, or nil if there will be none.
type call struct {
	correlation int32
	deadline    event.Time
	answer      kmsg.Response
	then        func(m Moment, answer kmsg.Response)
}

// New is the client number id of the run. ops are its own, in order.
func New(id int, h *fault.Header, ops []fault.Op) *Client {
	c := newClient(id, h, h.Clients[id])
	c.ops = ops
	switch c.spec.Role {
	case fault.Producer:
		c.role = newProducer()
	case fault.Consumer:
		c.role = newConsumer(h)
	default:
		c.role = &admin{}
	}
	return c
}

// NewReader is a client that reads every partition of every topic that is not doomed, from start to end.
func NewReader(id int, h *fault.Header) *Client {
	c := newClient(id, h, fault.Client{Timeout: 5 * event.Second})
	c.role = newFinalReader(h)
	return c
}

func newClient(id int, h *fault.Header, spec fault.Client) *Client {
	c := &Client{id: id, name: fmt.Sprintf("c%d", id), spec: spec, wallMs: h.WallMs}
	for _, t := range h.Topics {
		c.topics = append(c.topics, topic{Topic: t})
	}
	return c
}

// Wants takes what the client wants. The bytes are valid until the next call of any method.
func (c *Client) Wants() Wants {
	w := c.wants
	c.wants = Wants{Send: w.Send[:0]}
	return w
}

// History is what the client did, in the order of the calls. Operations that still wait have no Return.
func (c *Client) History() []*history.Op { return c.history }

// Err is why the client cannot believe that it talks to a broker: an answer that no broker may give.
func (c *Client) Err() error { return c.err }

// Done reports whether all operations have ended.
func (c *Client) Done() bool { return c.role.done(c) }

// NextDeadline is when Tick should be called.
func (c *Client) NextDeadline() event.Time {
	if c.role.done(c) {
		return event.Never
	}
	at := event.Never
	switch c.link {
	case linkDown:
		return c.redialAt
	case linkUp:
		at = c.role.due(c)
	}
	for i := range c.waiting {
		at = min(at, c.waiting[i].deadline)
	}
	return at
}

// Tick tells the client the time.
func (c *Client) Tick(m Moment) {
	for i := range c.waiting {
		if c.waiting[i].deadline <= m.Now {
			c.hangUp(m)
			break
		}
	}
	c.step(m)
}

// Connected tells that the dialled connection stands.
func (c *Client) Connected(m Moment) {
	c.link = linkUp
	c.step(m)
}

// Ended tells that the connection is gone, or could not be made.
func (c *Client) Ended(m Moment) {
	c.lost(m)
	c.step(m)
}

// Received takes bytes of the connection.
func (c *Client) Received(m Moment, p []byte) {
	if c.link != linkUp {
		return
	}
	c.in = append(c.in, p...)
	rest := c.in
	for c.link == linkUp {
		frame, after, ok := cutFrame(rest)
		if !ok {
			break
		}
		rest = after
		c.answered(m, frame)
	}
	if c.link == linkUp {
		c.in = c.in[:copy(c.in, rest)]
	}
	c.step(m)
}

func (c *Client) answered(m Moment, frame []byte) {
	if len(c.waiting) == 0 {
		c.fail("an answer to nothing")
		return
	}
	w := c.waiting[0]
	copy(c.waiting, c.waiting[1:])
	c.waiting[len(c.waiting)-1] = call{}
	c.waiting = c.waiting[:len(c.waiting)-1]
	if err := readResponse(frame, w.correlation, w.answer); err != nil {
		c.fail(err.Error())
		return
	}
	w.then(m, w.answer)
}

// fail notes that the broker broke the protocol.
func (c *Client) fail(why string) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %s", c.name, why)
	}
}

// step does what the state asks for.
func (c *Client) step(m Moment) {
	if c.link == linkUp {
		c.role.pump(c, m)
	}
	if c.link == linkDown && m.Now >= c.redialAt && !c.role.done(c) {
		c.link = linkDialing
		c.wants.Dial = true
	}
}

// hangUp gives the connection up: a request timed out.
func (c *Client) hangUp(m Moment) {
	c.wants.Hang = true
	c.lost(m)
}

// lost forgets the connection and tells everybody who waits for an answer.
func (c *Client) lost(m Moment) {
	c.link = linkDown
	c.redialAt = m.Now + redialAfter
	c.in = c.in[:0]
	c.wants.Send = c.wants.Send[:0]
	lost := c.waiting
	c.waiting = nil
	for i := range lost {
		lost[i].then(m, nil)
	}
}

// call sends req. then is called once; with nil if the connection ends first.
func (c *Client) call(m Moment, req kmsg.Request, then func(m Moment, answer kmsg.Response)) {
	c.send(req)
	c.waiting = append(c.waiting, call{
		correlation: c.freeCall, deadline: m.Now + c.spec.Timeout, answer: req.ResponseKind(), then: then,
	})
}

// send sends req and expects no answer.
func (c *Client) send(req kmsg.Request) {
	c.freeCall++
	c.wants.Send = appendRequest(c.wants.Send, req, c.freeCall, c.name)
}

// begin opens an operation in the history.
func (c *Client) begin(m Moment, kind history.Kind, t *topic, partition int32) *history.Op {
	op := &history.Op{
		Client: c.id, N: len(c.history), Kind: kind, Topic: t.Name, Partition: partition,
		Invoke: m.Event, Outcome: history.Unknown, Offset: -1, PID: -1,
	}
	if t.known {
		op.TopicID = hex.EncodeToString(t.id[:])
	}
	c.history = append(c.history, op)
	return op
}

// nextOp is the next operation of the plan, if its time has come.
func (c *Client) nextOp(m Moment) *fault.Op {
	if c.next == len(c.ops) || m.Now < c.pauseTil {
		return nil
	}
	return &c.ops[c.next]
}

// advance goes on to the operation behind the one that was begun.
func (c *Client) advance(m Moment) {
	c.next++
	if c.next < len(c.ops) {
		c.pauseTil = m.Now + c.ops[c.next].Pause
	}
}
