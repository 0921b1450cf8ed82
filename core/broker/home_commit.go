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

// commit applies the open round once it is committed. The machines learn of it by publish.
func (h *home) commit(out *event.Buf) bool {
	if !h.round.open || h.publishing.stage != published {
		return false
	}
	h.stage(out)
	early := h.phase == serving && invariant.Planted(invariant.CanaryMetadataEarly)
	if len(h.round.waiting) > 0 || h.replica.HighWatermark() < h.log.Log().End() && !early {
		return false
	}
	edit := h.image.Edit()
	for _, b := range h.round.batches {
		out.Touch(int(b.Count()))
		if err := applyBatch(edit, b); err != nil {
			invariant.Violated("C-1: what was decided does not fit: %v", err)
		}
	}
	h.image = edit.Image()
	switch {
	case h.phase == registering:
		h.phase = serving
		h.life.Become(h.now, lifecycle.Running)
		h.tellAll(out)
	case len(h.round.batches) > 0:
		h.tell(edit, out)
	default:
		h.answer(out)
	}
	return true
}

// answer answers the round, and closes it (K-3).
func (h *home) answer(out *event.Buf) {
	done := h.round
	h.round = round{}
	for _, a := range done.answers {
		out.SendMachine(a.to, a.ticket, a.body)
	}
}
