package api

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/net/kafka"
)

// Config is what an API needs to know. The zero value is fit for use.
type Config struct {
	// Codec bounds the decompression of batches.
	Codec kafka.Limits
}

// API decodes requests and encodes replies. Not safe for concurrent use.
type API struct {
	codec    *kafka.Codec
	handlers [maxKey + 1]handler

	names   kafka.Names
	calls   []produceCall // room for those that come
	replies arena
}

// maxKey is the highest key of the version table.
const maxKey = kafka.KeyDescribeCluster

// handler is one API: its request and the two directions.
type handler struct {
	key kafka.Key
	// direct decodes the body of a request by itself, bounds included; nil where kmsg does, by way of request and decode.
	direct func(a *API, t event.Ticket, h kafka.Header, body []byte) Outcome
	// request makes an empty request.
	request func() kmsg.Request
	// decode turns the request in p into the core's words, or answers it at once: exactly one result is not nil.
	decode func(a *API, p *Pending) (event.Body, kmsg.Response)
	// encode turns the core's reply into the whole reply on the wire. It may close the connection instead.
	encode func(a *API, p *Pending, reply event.Body) (bufs [][]byte, closing bool)
}

// New makes an API.
func New(config Config) *API {
	a := &API{codec: kafka.NewCodec(config.Codec)}
	for _, h := range []handler{
		produce(),
		fetch(),
		listOffsets(),
		metadata(),
		findCoordinator(),
		apiVersions(),
		createTopics(),
		deleteTopics(),
		deleteRecords(),
		initProducerID(),
		describeConfigs(),
		alterConfigs(),
		createPartitions(),
		incrementalAlterConfigs(),
		describeCluster(),
	} {
		a.handlers[h.key] = h
	}
	return a
}

// Outcome is what a frame came to: exactly one of Body, Answer and Close (law A-1).
type Outcome struct {
	// Body is the request for the core. Byte slices in it are views into the frame, valid until its reply is encoded.
	Body event.Body
	// Pending is what Encode needs beside the reply; set with Body.
	Pending *Pending
	// Answer is the whole reply where the core is not needed: not nil, but empty where the request gets no reply.
	Answer [][]byte
	// Close says that the connection must end, because Why.
	Close bool
	Why   string
}

// Pending is a request that waits for its reply.
type Pending struct {
	// Ticket is the request's.
	Ticket event.Ticket

	header  kafka.Header
	request kmsg.Request // nil where the API decodes by itself
	produce *produceCall // of Produce
	// places says for each item of the request where in the core's it is, -1 for those refused here. Only for APIs
	// whose items are refused by leaving them out.
	places []int32
}

// Key tells which API was asked.
func (p *Pending) Key() kafka.Key { return p.header.Key }

// Version tells in which version.
func (p *Pending) Version() int16 { return p.header.Version }

// Decode says what to do about a frame, length prefix excluded. The frame must not change until the reply is encoded.
func (a *API) Decode(t event.Ticket, frame []byte) Outcome {
	header, body, err := kafka.ReadHeader(frame)
	switch {
	case errors.Is(err, kafka.ErrUnserved) && header.Key == kafka.KeyAPIVersions:
		return Outcome{Answer: [][]byte{downgrade(header)}}
	case err != nil:
		return Outcome{Close: true, Why: err.Error()}
	}
	header.ClientID = nil
	h := &a.handlers[header.Key]
	if h.direct != nil {
		return h.direct(a, t, header, body)
	}
	if err := kafka.Check(header, body); err != nil {
		return refused(header, err)
	}
	p := &Pending{Ticket: t, header: header, request: h.request()}
	p.request.SetVersion(header.Version)
	if err := p.request.ReadFrom(body); err != nil {
		return refused(header, err)
	}
	request, answer := h.decode(a, p)
	if answer == nil {
		return Outcome{Body: request, Pending: p}
	}
	bufs, _ := p.reply(answer, len(p.places))
	return Outcome{Answer: bufs}
}

// refused ends a connection whose request cannot be read.
func refused(h kafka.Header, err error) Outcome {
	return Outcome{Close: true, Why: fmt.Sprintf("key %d version %d: %v", h.Key, h.Version, err)}
}

// Encode gives the reply to p as buffers to be sent in order: none where the client wants none. closing says that the
// connection must end instead, which is how a client that wants no reply learns of a failure.
func (a *API) Encode(p *Pending, reply event.Body) (bufs [][]byte, closing bool) {
	return a.handlers[p.header.Key].encode(a, p, reply)
}

// response is an empty response in the version of the request, with Kafka's defaults.
func response[R kmsg.Response](p *Pending, fresh func() R) R {
	r := fresh()
	r.SetVersion(p.header.Version)
	return r
}

// replyItem is about what one item of a reply takes, in bytes.
const replyItem = 64

// reply is the whole reply to p, with about so many items.
func (p *Pending) reply(r kmsg.Response, items int) (bufs [][]byte, closing bool) {
	return [][]byte{kafka.Encode(p.header, r, replyItem*(items+1))}, false
}

// as is the core's reply, which must be of the kind that the request asked for (law A-2).
func as[B event.Body](p *Pending, reply event.Body) B {
	b, ok := reply.(B)
	if !ok {
		invariant.Violated("A-2: a %T answers key %d of connection %d", reply, p.header.Key, p.Ticket.Conn)
	}
	return b
}

// aligned checks that n answers came for want items (law A-2).
func (p *Pending) aligned(n, want int) {
	if n != want {
		invariant.Violated("A-2: %d answers to the %d items of key %d", n, want, p.header.Key)
	}
}

// placeItems settles where each of n items goes: refused ones nowhere, the others one after the other. It returns how
// many go to the core.
func (p *Pending) placeItems(n int, refused func(i int) bool) int {
	p.places = make([]int32, n)
	next := int32(0)
	for i := range p.places {
		if refused(i) {
			p.places[i] = -1
		} else {
			p.places[i] = next
			next++
		}
	}
	return int(next)
}

// alignedPlaces checks that the core answered every item that was not refused here (law A-2).
func (p *Pending) alignedPlaces(n int) {
	want := 0
	for _, place := range p.places {
		if place >= 0 {
			want++
		}
	}
	p.aligned(n, want)
}

// place is where item i of the request is in the core's; -1 if it was refused here.
func (p *Pending) place(i int) int { return int(p.places[i]) }

// text is a nullable string: null for the empty one.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// value is what a nullable string holds, "" for null.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
