package conn

import (
	"encoding/binary"
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// prefix is the size of a frame's length field, minFrame the least a request header needs: key, version, correlation
// id.
const (
	prefix   = 4
	minFrame = 8
)

// Conn is one connection. Not safe for concurrent use.
type Conn struct {
	id     event.ConnID
	limits Limits

	cur   *chunk // what bytes are received into
	spare *chunk // kept for reuse; nil if none

	// whole is how many bytes from cur.read on are whole frames, their lengths judged: what Next may hand out.
	whole int
	// fault is why the connection must end once the whole frames are served; nil while it is sound.
	fault error
	// lent is set between Space and Filled: what Space gave must stay where it is.
	lent bool
	// trusted is set by the first answer: the cap of the first frame no longer applies.
	trusted bool

	// window holds the requests from sequence number base on that were taken and have not left yet; next is the
	// number that Next gives out. next - base == len(window) - head.
	window []request
	head   int
	base   uint64
	next   uint64
	open   int // of the window, not yet answered
	last   int // size of the last frame that Next gave out

	// heldIn are bytes of unanswered frames, heldOut bytes of answers that Output has not given away.
	heldIn, heldOut int

	out  [][]byte        // what Output returned last; reused
	sent []*event.Buffer // that out lies in
}

// request is one place of the window.
type request struct {
	chunk *chunk
	frame []byte // nil once answered
	done  bool
	bufs  [][]byte
	held  []*event.Buffer // that bufs lie in
}

// New makes the connection id.
func New(id event.ConnID, limits Limits) *Conn {
	return &Conn{id: id, limits: limits.withDefaults(), cur: &chunk{}}
}

// ID is the connection's number.
func (c *Conn) ID() event.ConnID { return c.id }

// Space is memory for received bytes to be put into, never empty; Filled says how many were. It spares the copy that
// Feed makes. Valid until the next call of any other method but Answer and Output: a read may be under way while
// earlier requests are answered.
func (c *Conn) Space() []byte {
	c.lent = true
	need, room := c.needs(), len(c.cur.room())
	switch fits := need <= len(c.cur.buf)-c.cur.read; {
	case need == 0 && room < minRoom, need > 0 && !fits && (room == 0 || c.cur.read > 0):
		c.nextChunk(need)
	}
	return c.cur.room()
}

// needs is what the whole frames not yet handed out and the incomplete one behind them take together; 0 if the length
// of the latter is not known yet.
func (c *Conn) needs() int {
	rest := c.cur.pending()[c.whole:]
	if len(rest) < prefix || c.fault != nil {
		return 0
	}
	return c.whole + prefix + int(binary.BigEndian.Uint32(rest))
}

// Filled says that n bytes were put into Space. It returns why the connection must be ended, if it must: the frames
// before the faulty one can still be taken. The same fault is returned ever after.
func (c *Conn) Filled(n int) error {
	c.lent = false
	c.cur.filled += n
	c.scan()
	return c.fault
}

// Feed takes received bytes; p is copied. Errors are those of Filled.
func (c *Conn) Feed(p []byte) error {
	for len(p) > 0 && c.fault == nil {
		n := copy(c.Space(), p)
		p = p[n:]
		_ = c.Filled(n)
	}
	return c.fault
}

// scan judges the lengths of the frames that arrived, and finds how far they are whole.
func (c *Conn) scan() {
	data := c.cur.pending()
	for c.fault == nil && len(data)-c.whole >= prefix {
		n := int(int32(binary.BigEndian.Uint32(data[c.whole:])))
		if !c.judge(n) || len(data)-c.whole-prefix < n {
			return
		}
		c.whole += prefix + n
	}
}

// judge reports whether a frame of n bytes may be received now. A frame that is too large only as long as no request
// was answered waits for that answer.
func (c *Conn) judge(n int) bool {
	switch {
	case n < minFrame:
		c.fault = fmt.Errorf("a request declares %d bytes: its header alone has %d", n, minFrame)
	case n > c.limits.Frame:
		c.fault = fmt.Errorf("a request declares %d bytes: more than the limit of %d", n, c.limits.Frame)
	case !c.trusted && n > c.limits.FirstFrame:
		if c.whole == 0 && c.next == 0 {
			c.fault = fmt.Errorf("the first request declares %d bytes: more than its limit of %d; is this Kafka's protocol?",
				n, c.limits.FirstFrame)
		}
	default:
		return true
	}
	return false
}

// Next takes the next whole request, if there is one and the limits let it in. The frame, without its length, stays
// valid until Answer(seq). An answer may make room for another request: call Next again after it.
func (c *Conn) Next() (seq uint64, frame []byte, ok bool) {
	if c.whole == 0 || c.full() {
		return 0, nil, false
	}
	k := c.cur
	n := int(binary.BigEndian.Uint32(k.pending()))
	frame = k.buf[k.read+prefix : k.read+prefix+n : k.read+prefix+n]
	k.read += prefix + n
	k.live++
	c.whole -= prefix + n
	seq = c.next
	c.next++
	c.open++
	c.last = n
	c.heldIn += len(frame)
	c.window = append(c.window, request{chunk: k, frame: frame})
	return seq, frame, true
}

// full reports whether a further request must wait.
func (c *Conn) full() bool {
	if c.next == c.base {
		return false
	}
	return c.open >= c.limits.InFlight || c.heldIn+c.heldOut >= c.limits.Held
}

// WantRead reports whether more bytes should be read from the peer now. False is back-pressure: it turns true after
// Next, Answer or Output, so ask again after each.
func (c *Conn) WantRead() bool {
	return c.fault == nil && c.whole == 0 && !c.full() && !c.mistrusted()
}

// mistrusted reports whether a frame waits for the first answer before it may be received.
func (c *Conn) mistrusted() bool {
	rest := c.cur.pending()
	return !c.trusted && len(rest) >= prefix && int(binary.BigEndian.Uint32(rest)) > c.limits.FirstFrame
}

// Answer gives the reply of request seq: its pieces in order, none for a request that gets no reply (acks=0). The pieces must
// not change until they are sent; held is the memory that some of them lie in. The frame's bytes are given up.
func (c *Conn) Answer(seq uint64, bufs [][]byte, held []*event.Buffer) {
	i := c.head + int(seq-c.base)
	if seq < c.base || seq >= c.next || c.window[i].done {
		invariant.Violated("N-2: connection %d: request %d is not open (base %d, next %d)", c.id, seq, c.base, c.next)
	}
	r := &c.window[i]
	mangle(r.frame)
	c.heldIn -= len(r.frame)
	c.open--
	k := r.chunk
	k.live--
	*r = request{done: true, bufs: bufs, held: held}
	for _, b := range bufs {
		c.heldOut += len(b)
	}
	c.release(k)
	if k == c.cur && k.live == 0 && k.read == k.filled && !c.lent {
		k.rewind()
	}
	if !c.trusted {
		c.trusted = true
		c.scan()
	}
}

// Output gives away the replies that may leave, in order: nothing if the oldest request is unanswered. The slice, not
// the pieces in it, is valid until the next Output. They count as sent from then on: call it when the last ones are.
func (c *Conn) Output() [][]byte {
	clear(c.out)
	c.out, c.sent = c.out[:0], nil
	for c.head < len(c.window) && c.window[c.head].done {
		c.out = append(c.out, c.window[c.head].bufs...)
		c.sent = append(c.sent, c.window[c.head].held...)
		c.window[c.head] = request{}
		c.head++
		c.base++
	}
	c.compact()
	for _, b := range c.out {
		c.heldOut -= len(b)
	}
	return c.out
}

// Sent is the memory that what Output returned last lies in: to be given back when those pieces are sent.
func (c *Conn) Sent() []*event.Buffer { return c.sent }

// Unsent is the memory of all replies that Output has not given away.
func (c *Conn) Unsent() (held []*event.Buffer) {
	for i := c.head; i < len(c.window); i++ {
		held = append(held, c.window[i].held...)
	}
	return held
}

// Abandon is the memory of all replies that Output has not given away, and never will: the connection has ended.
func (c *Conn) Abandon() (held []*event.Buffer) {
	held = c.Unsent()
	for i := c.head; i < len(c.window); i++ {
		c.window[i].held, c.window[i].bufs = nil, nil
	}
	return held
}

// compact gives the window's front back once it is empty or mostly behind us.
func (c *Conn) compact() {
	if c.head < len(c.window) && c.head < c.limits.InFlight {
		return
	}
	n := copy(c.window, c.window[c.head:])
	clear(c.window[n:])
	c.window, c.head = c.window[:n], 0
}

// Pending is how many bytes were received of requests that Next has not handed out, whole or not.
func (c *Conn) Pending() int { return len(c.cur.pending()) }

// InFlight counts the requests taken and not yet answered, Held the bytes of requests and replies that are held.
func (c *Conn) InFlight() int { return c.open }

// Held is how many bytes of requests and replies the connection holds, received ones of incomplete frames included.
func (c *Conn) Held() int { return c.heldIn + c.heldOut + len(c.cur.pending()) }
