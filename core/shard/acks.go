package shard

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/replica"
)

// acks are outcomes of one partition that wait until an offset is passed, lowest first. They come in the order of
// offsets and go in it, by the hundred thousand a second: a queue serves them without a search or an allocation each.
type acks struct {
	list []ack
	head int // list[:head] were released
}

// ack is one outcome: r is told to item i of w once everything below end is durable, or committed.
type ack struct {
	w   *produceWait
	i   int
	end int64
	r   event.ProducePartitionReply
}

// push adds an outcome. Appends come in order; a repeated batch may belong further to the front.
func (a *acks) push(x ack) {
	if a.head == len(a.list) {
		a.list, a.head = a.list[:0], 0
	}
	a.list = append(a.list, x)
	for i := len(a.list) - 1; i > a.head && a.list[i-1].end > x.end; i-- {
		a.list[i-1], a.list[i] = a.list[i], a.list[i-1]
	}
}

// pop takes out the first outcome whose end is at most passed.
func (a *acks) pop(passed int64) (x ack, ok bool) {
	if a.head == len(a.list) || a.list[a.head].end > passed {
		return ack{}, false
	}
	x = a.list[a.head]
	a.list[a.head] = ack{}
	a.head++
	if a.head > 64 && a.head > len(a.list)/2 {
		n := copy(a.list, a.list[a.head:])
		clear(a.list[n:])
		a.list, a.head = a.list[:n], 0
	}
	return x, true
}

// park keeps the outcome of an appended or repeated batch until what was asked for is true. With acks 0 nothing was.
func (s *Shard) park(p *partition, w *produceWait, i int, r event.ProducePartitionReply, end int64, out *event.Buf) {
	x := ack{w: w, i: i, end: end, r: r}
	switch w.acks {
	case 0:
		s.settle(w, i, r, out)
	case 1:
		p.flushed.push(x)
		s.releaseFlushed(p, out)
	default:
		p.commit.push(x)
		s.releaseCommitted(p, out)
	}
}

// release tells the outcomes that a flushed end or a high watermark has passed, and lets watchers know what is new.
func (s *Shard) release(p *partition, out *event.Buf) {
	s.releaseFlushed(p, out)
	s.releaseCommitted(p, out)
	s.releaseTrims(p, out)
	if len(p.replica.Assignment().Replicas) > 1 {
		s.store.HighWater(p.log, p.replica.HighWatermark(), out)
	}
	s.look(p)
}

func (s *Shard) releaseFlushed(p *partition, out *event.Buf) {
	for {
		x, ok := p.flushed.pop(p.log.Log().Flushed())
		if !ok {
			return
		}
		s.acknowledge(p, x, out)
	}
}

func (s *Shard) releaseCommitted(p *partition, out *event.Buf) {
	for {
		x, ok := p.commit.pop(p.replica.HighWatermark())
		if !ok {
			return
		}
		s.acknowledge(p, x, out)
	}
}

// acknowledge tells a success.
func (s *Shard) acknowledge(p *partition, x ack, out *event.Buf) {
	if flushed := p.log.Log().Flushed(); x.end > flushed {
		invariant.Violated("H-1: batch up to %d acknowledged, flushed is %d", x.end, flushed)
	}
	if p.replica.Role() != replica.Leader {
		invariant.Violated("H-1: a %s acknowledges a batch up to %d", p.replica.Role(), x.end)
	}
	if x.r.LogStart >= 0 {
		x.r.LogStart = p.log.Log().Start() // it may have moved while the outcome was parked
	}
	s.settle(x.w, x.i, x.r, out)
}

// abandon gives every parked outcome of p the failure r: nobody here will ever know the true one.
func (s *Shard) abandon(p *partition, r event.ProducePartitionReply, out *event.Buf) {
	for _, a := range []*acks{&p.flushed, &p.commit} {
		for _, x := range a.list[a.head:] {
			s.settle(x.w, x.i, r, out)
		}
		*a = acks{}
	}
	for _, x := range p.trims {
		s.settleTrim(x.w, x.i, r.Code, -1, out)
	}
	p.trims = nil
}
