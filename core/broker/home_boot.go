package broker

import (
	"fmt"

	"github.com/highwater-log/highwater/core/controller"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/lifecycle"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/core/replica"
	"github.com/highwater-log/highwater/core/store"
)

// claim checks whose directory this is (D12), and makes the next term durable (K-1).
func (h *home) claim(out *event.Buf) bool {
	hard := h.store.Hard()
	fresh := hard.Cluster.IsZero()
	if !fresh && hard.Node != h.node {
		h.halt(event.HaltRefused, fmt.Sprintf("the data directory belongs to broker %d, this is broker %d. "+
			"Start with node.id=%d, or choose another directory", hard.Node, h.node, hard.Node), out)
		return false
	}
	if hard.Moving != 0 {
		h.halt(event.HaltRefused, fmt.Sprintf("the data directory is being changed from %d to %d shards, and this start does not finish that",
			hard.Shards, hard.Moving), out)
		return false
	}
	if n := int(hard.Shards); !fresh && n != 0 && n != h.shards {
		h.halt(event.HaltRefused, otherShards(n, h.shards), out)
		return false
	}
	h.life.Become(h.now, lifecycle.Recovering)
	h.term = hard.Term + 1
	h.saves++
	h.store.SaveHard(func(hard *store.Hard) {
		if fresh {
			hard.Cluster, hard.Node, hard.Shards = h.cluster, h.node, int32(h.shards)
		}
		hard.Term, hard.Vote = h.term, h.node
	}, out)
	h.phase = claiming
	return true
}

// lead begins to lead the metadata log under the new term, and opens the epoch with its control batch (KIP-595).
func (h *home) lead(out *event.Buf) bool {
	h.cluster = h.store.Hard().Cluster
	tp := metadata.LogTP()
	if h.log = h.store.Get(tp); h.log == nil {
		out.Hit("broker/metadata-log-created")
		h.log = h.store.Create(tp, 0, out)
	}
	if code, why := h.log.Offline(); code != event.CodeNone {
		h.halt(event.HaltLost, fmt.Sprintf("the metadata log is damaged: %s. Restore the data directory from a copy",
			why), out)
		return false
	}
	h.replica = replica.New(replica.Config{Self: h.node, Lag: h.lag}, h.log.Log(), h.log.HighWater())
	self := []event.NodeID{h.node}
	h.replica.Assign(h.now, event.Assignment{
		TP: tp, Name: metadata.LogName, Leader: h.node, LeaderEpoch: h.term, LeaderBrokerEpoch: int64(h.term),
		PartitionEpoch: h.term,
		Replicas:       self, ISR: self, Limits: event.TopicLimits{MinInsyncReplicas: 1},
	}, int64(h.term))
	epoch, start, due := h.replica.EpochStart()
	if h.replica.Role() != replica.Leader || !due {
		h.halt(event.HaltLost, fmt.Sprintf("the metadata log cannot be led in term %d: %s. "+
			"Its term was put back: restore the data directory from one moment", h.term, h.replica.Why()), out)
		return false
	}
	h.store.EpochStart(h.log, epoch, start, out)
	h.append(record.LeaderChange(start, epoch, h.wall, h.node, self, self), out)
	h.opened = h.log.Log().End()
	h.phase = leading
	return true
}

// append stages one batch of the metadata log.
func (h *home) append(b record.Batch, out *event.Buf) {
	h.store.Append(h.log, b, out)
	h.replica.OnAppended(h.now)
}

// replay begins to read what is committed, from the first record.
func (h *home) replay() bool {
	h.image = metadata.New(h.cluster)
	h.phase = replaying
	return true
}

// readBytes is how much of the metadata log is read, and applied, in one step.
const readBytes = 64 << 10

// readOn orders the next read, or ends the replay.
func (h *home) readOn(out *event.Buf) bool {
	if h.reading {
		return false
	}
	from, to := h.image.Offset()+1, h.replica.HighWatermark()
	if from == to {
		h.phase = meeting
		return true
	}
	done, now := h.store.Read(store.Read{TP: h.log.TP(), From: from, To: to, Bytes: readBytes, Whole: true}, out)
	if !now {
		h.reading = true
		return false
	}
	h.apply(done, out)
	h.eager = true // the rest in steps of its own: none may be long
	return false
}

// onRead takes a read that the store has finished.
func (h *home) onRead(done store.ReadDone, out *event.Buf) {
	h.reading = false
	if h.phase == replaying {
		h.apply(done, out)
	}
}

// apply lays what was read over the image.
func (h *home) apply(done store.ReadDone, out *event.Buf) {
	if done.Code != event.CodeNone || len(done.Batches) == 0 {
		h.halt(event.HaltLost, fmt.Sprintf("the metadata log cannot be read at offset %d (error %d). "+
			"Restore the data directory from a copy", done.From, done.Code), out)
		return
	}
	edit := h.image.Edit()
	for _, piece := range done.Batches {
		for len(piece) > 0 {
			b, rest, err := record.Parse(piece)
			if err == nil {
				out.Touch(int(b.Count()))
				err = applyBatch(edit, b)
			}
			if err != nil {
				h.unfit(err, out)
				return
			}
			piece = rest
		}
	}
	h.image = edit.Image()
	done.Drop(out)
}

// applyBatch lays the records of one batch over an edit, in order (K-2). Control records have offsets, and nothing more
// to say here.
func applyBatch(edit *metadata.Edit, b record.Batch) error {
	if b.Control() {
		edit.Advance(b.NextOffset()-1, b.LeaderEpoch())
		return nil
	}
	return record.Walk(b.Records(), b.Count(), func(r *record.Record) error {
		rec, err := metadata.Decode(r.Value)
		if err != nil {
			return err
		}
		return edit.Apply(b.BaseOffset()+int64(r.Index), b.LeaderEpoch(), rec)
	})
}

// unfit ends the broker over a committed record that it cannot apply: going on would be another cluster's history
// (M-3).
func (h *home) unfit(err error, out *event.Buf) {
	h.halt(event.HaltRefused, fmt.Sprintf("the metadata log holds what this version does not understand: %v. "+
		"Start the version that wrote it", err), out)
}

// met reports whether every shard has recovered: a registration says that nothing was lost.
func (h *home) met() bool {
	for _, ready := range h.ready {
		if ready == nil {
			return false
		}
	}
	return true
}

// register decides the registration of this incarnation, unless the directory is not whole.
func (h *home) register(out *event.Buf) bool {
	if why := h.stranger(); why != "" {
		h.halt(event.HaltRefused, why, out)
		return false
	}
	h.life.Become(h.now, lifecycle.Registering)
	h.phase = registering
	var records []metadata.Record
	draft := h.image
	if h.image.FeatureLevel("metadata.version") == 0 {
		records = controller.Bootstrap()
		draft = controller.Draft(draft, records)
	}
	registration := h.life.Registration(h.directories())
	records = append(records, h.controller.Register(draft, registration)...)
	h.begin(h.batches(records), nil, out)
	return true
}
