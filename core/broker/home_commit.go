package broker

import (
	"slices"

	"github.com/highwater-log/highwater/core/controller"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/lifecycle"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/record"
)

// job is a request of a front that home decides.
type job struct {
	from   event.Machine
	ticket event.Ticket
	body   event.Body
}

// answer is what a job is told when its round is committed.
type answer struct {
	to     event.Machine
	ticket event.Ticket
	body   event.Body
}

// round is what is being committed: decisions that were made together, on the image that was committed before them. At
// most one round is open, so that a decision never rests on another one that might not be committed.
type round struct {
	open    bool
	waiting []record.Batch // that the store had no room for yet
	batches []record.Batch // that were appended
	answers []answer
}

// roundJobs is how many requests are decided in one round: no step may be long.
const roundJobs = 64

// decide makes a round of the requests that wait.
func (h *home) decide(out *event.Buf) bool {
	if h.phase != serving || h.round.open || len(h.jobs) == 0 {
		return false
	}
	n := min(len(h.jobs), roundJobs)
	draft, answers, batches := h.image, make([]answer, 0, n), []record.Batch(nil)
	for _, j := range h.jobs[:n] {
		records, body := h.decideOne(draft, j.body)
		draft = controller.Draft(draft, records)
		batches = append(batches, h.batches(records)...)
		answers = append(answers, answer{j.from, j.ticket, body})
	}
	h.jobs = slices.Delete(h.jobs, 0, n)
	h.begin(batches, answers, out)
	return true
}

// decideOne decides one request on the image given: its records, and its answer once they are committed.
func (h *home) decideOne(im *metadata.Image, body event.Body) ([]metadata.Record, event.Body) {
	switch req := body.(type) {
	case *event.CreateTopics:
		records, reply := h.controller.CreateTopics(im, req)
		return records, reply
	case *event.DeleteTopics:
		records, reply := h.controller.DeleteTopics(im, req)
		return records, reply
	case *event.CreatePartitions:
		records, reply := h.controller.CreatePartitions(im, req)
		return records, reply
	case *event.AlterConfigs:
		records, reply := h.controller.AlterConfigs(im, req)
		return records, reply
	case *event.AutoCreate:
		records, reply := h.controller.AutoCreate(im, req.Names)
		return records, reply
	case *event.PIDRequest:
		records, block := h.controller.ProducerIDs(im, h.node)
		return records, &block
	}
	invariant.Violated("K-3: home decides no %T", body)
	return nil, nil
}

// begin opens a round.
func (h *home) begin(batches []record.Batch, answers []answer, out *event.Buf) {
	h.round = round{open: true, waiting: batches, answers: answers}
	h.stage(out)
}

// stage appends the batches of the round as far as there is room, and keeps their bytes: they are what is applied when
// they are committed.
func (h *home) stage(out *event.Buf) {
	r := &h.round
	for len(r.waiting) > 0 {
		b := r.waiting[0]
		if h.store.Room() < int64(len(b)) {
			out.Hit("broker/metadata-no-room")
			return
		}
		b.Stamp(h.log.Log().End(), h.term)
		h.append(b, out)
		r.waiting, r.batches = r.waiting[1:], append(r.batches, b)
	}
}

// batches packs records into as few batches as hold them. Records that were decided for one request always fit into
// one, so that they are committed together or not at all.
func (h *home) batches(records []metadata.Record) []record.Batch {
	var out []record.Batch
	w := record.NewBuilder()
	for _, r := range records {
		value := metadata.Append(nil, r)
		if w.Count() > 0 && w.Size()+len(value)+recordOverhead > h.maxBatch {
			out = append(out, w.Build())
		}
		w.Add(h.wall, nil, value)
	}
	if w.Count() > 0 {
		out = append(out, w.Build())
	}
	return out
}

// recordOverhead is what a record takes in a batch beside its value, at most, in bytes.
const recordOverhead = 16

// commit applies the open round once it is committed, tells every machine, and answers (K-3).
func (h *home) commit(out *event.Buf) bool {
	if !h.round.open {
		return false
	}
	h.stage(out)
	early := h.phase == serving && invariant.Planted(invariant.CanaryMetadataEarly)
	if len(h.round.waiting) > 0 || h.replica.HighWatermark() < h.log.Log().End() && !early {
		return false
	}
	done := h.round
	h.round = round{}
	edit := h.image.Edit()
	for _, b := range done.batches {
		if err := applyBatch(edit, b); err != nil {
			invariant.Violated("C-1: what was decided does not fit: %v", err)
		}
	}
	h.image = edit.Image()
	if h.phase == registering {
		h.phase = serving
		h.life.Become(h.now, lifecycle.Running)
		h.publishAll(out)
	} else if len(done.batches) > 0 {
		h.publish(edit, out)
	}
	for _, a := range done.answers {
		out.SendMachine(a.to, a.ticket, a.body)
	}
	return true
}

// publishAll tells the shards everything that they hold, then the fronts everything there is.
func (h *home) publishAll(out *event.Buf) {
	var all []event.TP
	for t := range h.image.Topics() {
		for p := range t.Partitions() {
			all = append(all, event.TP{Topic: t.ID, Partition: p.Number})
		}
	}
	h.assign(true, all, nil, out)
	h.show(out)
}

// publish tells the shards what changed for them, then the fronts.
func (h *home) publish(edit *metadata.Edit, out *event.Buf) {
	h.assign(false, edit.Touched(), edit.Removed(), out)
	h.show(out)
}

// show gives the image to the fronts.
func (h *home) show(out *event.Buf) {
	out.SendMachine(event.Front0, event.Ticket{}, &event.ImageUpdate{Image: h.image})
}

// assign tells each shard its part of the partitions that are here and of those that were removed. A complete
// assignment goes to every shard, even if it is empty; a change only to those that it concerns.
func (h *home) assign(full bool, here, removed []event.TP, out *event.Buf) {
	parts, settings := make([]*event.ShardAssign, h.shards), h.settings.At(h.image, h.node)
	at := func(tp event.TP) *event.ShardAssign {
		s := metadata.ShardOf(tp, h.shards)
		if parts[s] == nil {
			parts[s] = &event.ShardAssign{}
		}
		return parts[s]
	}
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
		out.SendMachine(event.Machine{Role: event.RoleShard, Index: uint8(s)}, event.Ticket{}, m)
	}
}
