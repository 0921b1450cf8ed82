package broker

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/metadata"
)

// publishing is a new image on its way to the machines. They are in several cells, and messages to different cells have no
// order: so each says when it has heard, and the next is told only then (K-3).
//
//	commit --ShardAssign--> shards concerned --ShardAssigned--> all --ImageUpdate--> fronts --ImageAdopted--> all --> answers
//
// At most one image is under way: the round that made it stays open until it is published.
type publishing struct {
	stage   publishStage
	waiting []event.Machine // that have been told and have not said that they heard
}

type publishStage uint8

const (
	published publishStage = iota // nothing is under way
	toShards
	toFronts
)

// tellTo sends one machine what it must hear of.
func (p *publishing) tellTo(m event.Machine, body event.Body, out *event.Buf) {
	p.waiting = append(p.waiting, m)
	out.SendMachine(m, event.Ticket{}, body)
}

// heard takes the word of one machine.
func (p *publishing) heard(m event.Machine) {
	i := slices.Index(p.waiting, m)
	if i < 0 {
		invariant.Violated("K-3: %s has heard what it was not told", m)
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
}

// publish goes on with an image on its way, once those that were told last have heard.
func (h *home) publish(out *event.Buf) bool {
	p := &h.publishing
	if p.stage == published || len(p.waiting) > 0 && !invariant.Planted(invariant.CanaryImageBeforeShards) {
		return false
	}
	if p.stage == toShards {
		p.stage = toFronts
		h.show(out)
		return true
	}
	p.stage = published
	h.answer(out)
	return true
}

// tellAll tells the shards everything that they hold: the fronts come later.
func (h *home) tellAll(out *event.Buf) {
	var all []event.TP
	for t := range h.image.Topics() {
		for p := range t.Partitions() {
			all = append(all, event.TP{Topic: t.ID, Partition: p.Number})
		}
	}
	h.assign(true, all, nil, out)
}

// tell tells the shards what changed for them.
func (h *home) tell(edit *metadata.Edit, out *event.Buf) {
	h.assign(false, edit.Touched(), edit.Removed(), out)
}

// show gives the image to the fronts.
func (h *home) show(out *event.Buf) {
	for i := range h.shards {
		h.publishing.tellTo(event.Machine{Role: event.RoleFront, Index: uint8(i)}, &event.ImageUpdate{Image: h.image}, out)
	}
}

// assign tells each shard its part of the partitions that are here and of those that were removed. A complete
// assignment goes to every shard, even if it is empty; a change only to those that it concerns.
func (h *home) assign(full bool, here, removed []event.TP, out *event.Buf) {
	h.publishing.stage = toShards
	parts, settings := make([]*event.ShardAssign, h.shards), h.settings.At(h.image, h.node)
	at := func(tp event.TP) *event.ShardAssign {
		s := metadata.ShardOf(tp, h.shards)
		if parts[s] == nil {
			parts[s] = &event.ShardAssign{}
		}
		return parts[s]
	}
	out.Touch(len(here) + len(removed))
	for _, tp := range here {
		a, ok := h.image.Assignment(tp, settings)
		if ok && slices.Contains(a.Replicas, h.node) {
			m := at(tp)
			m.Assign = append(m.Assign, a)
		}
	}
	for _, tp := range removed {
		m := at(tp)
		m.Removed = append(m.Removed, tp)
	}
	for s, m := range parts {
		if m == nil && full {
			m = &event.ShardAssign{}
		}
		if m == nil {
			continue
		}
		m.Full, m.BrokerEpoch = full, h.image.Broker(h.node).Epoch
		h.publishing.tellTo(event.Machine{Role: event.RoleShard, Index: uint8(s)}, m, out)
	}
}
