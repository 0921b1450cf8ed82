package shard

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/producer"
	"github.com/highwater-log/highwater/core/record"
	"github.com/highwater-log/highwater/core/replica"
	"github.com/highwater-log/highwater/core/store"
)

// produceWait is one ShardProduce on its way to its outcomes.
type produceWait struct {
	from   event.Machine
	ticket event.Ticket
	key    uint64 // of its deadline, for Lanes
	acks   int16
	next   int  // the first item that was not tried yet
	open   int  // items without an outcome
	gone   bool // it was answered, or its client has gone
	// answer becomes the message: Code of a result is undecided where the outcome is open.
	answer event.ShardProduced
}

// loneProduce is a request for one partition.
type loneProduce struct {
	produceWait
	result [1]event.ProducePartitionReply
}

const (
	// lonesAtOnce is how many requests for one partition share an allocation.
	lonesAtOnce = 32
	// smallBatch is the largest batch of one that does, in bytes: none keeps a large batch of a neighbour in memory.
	smallBatch = 4 << 10
)

// newLone is a request with a batch of so many bytes.
func (s *Shard) newLone(batch int) *loneProduce {
	if batch > smallBatch {
		return new(loneProduce)
	}
	if len(s.lones) == 0 {
		s.lones = make([]loneProduce, lonesAtOnce)
	}
	l := &s.lones[0]
	s.lones = s.lones[1:]
	return l
}

// newProduce is a request that was not tried yet.
func (s *Shard) newProduce(ev *event.Event, m *event.ShardProduce) *produceWait {
	var w *produceWait
	if n := len(m.Items); n == 1 {
		l := s.newLone(len(m.Items[0].Batch))
		w = &l.produceWait
		w.answer.Results = l.result[:]
	} else {
		w = &produceWait{answer: event.ShardProduced{Results: make([]event.ProducePartitionReply, n)}}
	}
	w.from, w.ticket, w.acks, w.open, w.answer.Items = ev.From, ev.Ticket, m.Acks, len(m.Items), m.Items
	for i := range w.answer.Results {
		w.answer.Results[i].Code = undecided
	}
	return w
}

// undecided is no code of Kafka's: the outcome is not known yet.
const undecided event.Code = -2

// onProduce tries the batches at once, or behind those that are held back already.
func (s *Shard) onProduce(ev *event.Event, m *event.ShardProduce, out *event.Buf) {
	out.Touch(len(m.Items))
	w := s.newProduce(ev, m)
	if len(s.held) > 0 || !s.try(w, out) {
		out.Hit("shard/produce-held")
		s.count.held++
		s.held = append(s.held, w)
	}
	if w.open > 0 {
		w.key = s.produces.Set(w, m.Wait, m.Deadline)
	}
}

// try appends the items of w in order, as far as there is room. It reports whether all were tried.
func (s *Shard) try(w *produceWait, out *event.Buf) bool {
	for ; w.next < len(w.answer.Items); w.next++ {
		if !s.append(w, w.next, out) {
			return false
		}
	}
	return true
}

// resume tries again what was held back, in order of arrival. It reports whether anything was tried.
func (s *Shard) resume(out *event.Buf) bool {
	n := 0
	tried := false
	for ; n < len(s.held); n++ {
		w := s.held[n]
		before := w.next
		done := s.try(w, out)
		tried = tried || w.next > before
		if !done {
			break
		}
	}
	left := copy(s.held, s.held[n:])
	clear(s.held[left:])
	s.held = s.held[:left]
	return tried
}

// append decides over one item and appends it. It reports false if that has to wait, for room or for the producers'
// state after a truncation: then nothing happened.
func (s *Shard) append(w *produceWait, i int, out *event.Buf) bool {
	item := &w.answer.Items[i]
	batch := record.Batch(item.Batch)
	p := s.partitions[item.TP]
	if refused, ok := s.refuse(p, w.acks); ok {
		s.settle(w, i, refused, out)
		return true
	}
	if batch.ProducerID() >= 0 && p.log.Rebuilding() {
		out.Hit("shard/producers-rebuilding")
		return false
	}
	v := p.producers().Check(batch)
	if v.Kind == producer.Duplicate {
		out.Hit("shard/duplicate")
		if invariant.Planted(invariant.CanaryDuplicateEarly) {
			s.settle(w, i, repeat(p, v), out)
			return true
		}
		s.park(p, w, i, repeat(p, v), v.End, out)
		return true
	}
	if code, why := s.unfit(&p.replica.Assignment().Limits, item); code != event.CodeNone {
		s.settle(w, i, failure(code, why), out)
		return true
	}
	if v.Kind == producer.Refuse {
		s.settle(w, i, failure(v.Code, ""), out)
		return true
	}
	if s.store.Room() < int64(len(batch)) {
		return false
	}
	base := p.log.Log().End()
	epoch, start, due := p.replica.EpochStart()
	if due {
		s.store.EpochStart(p.log, epoch, start, out)
	}
	if last := p.log.Log().LastEpoch(); last != epoch {
		invariant.Violated("H-6: batch of epoch %d behind epoch %d, whose end is not recorded", epoch, last)
	}
	batch.Stamp(base, epoch)
	r := success(p, base)
	if p.replica.Assignment().Limits.LogAppendTime {
		batch.SetLogAppendTime(s.wall)
		r.LogAppendTime = s.wall
	}
	s.store.Append(p.log, batch, out)
	s.count.batches++
	s.count.records += uint64(batch.Count())
	s.count.bytes += uint64(len(batch))
	p.replica.OnAppended(s.now)
	s.park(p, w, i, r, p.log.Log().End(), out)
	return true
}

// refuse says why nothing is appended to a partition now, whatever the batch: ok is false where nothing speaks against
// it.
func (s *Shard) refuse(p *partition, acks int16) (r event.ProducePartitionReply, ok bool) {
	if p == nil {
		return failure(s.unknown(), ""), true
	}
	switch code, why := p.log.Offline(); {
	case s.store.State() != store.Ready:
		return notLeader(p.replica.LeaderHint()), true
	case p.replica.Role() != replica.Leader:
		r := notLeader(p.replica.LeaderHint())
		r.Why = p.replica.Why()
		return r, true
	case code != event.CodeNone:
		return failure(code, why), true
	case acks == -1 && !p.replica.EnoughReplicas():
		return failure(event.CodeNotEnoughReplicas, fmt.Sprintf("%d in sync, min.insync.replicas asks for %d",
			len(p.replica.Assignment().ISR), p.replica.MinISR())), true
	}
	return r, false
}

// unknown is the answer about a partition that is not here. Before the first complete assignment nobody can say that it
// does not exist.
func (s *Shard) unknown() event.Code {
	if s.assigned {
		return event.CodeUnknownTopicOrPartition
	}
	return event.CodeNotLeaderOrFollower
}

// settle gives item i of w its outcome, and answers w with the last one.
func (s *Shard) settle(w *produceWait, i int, r event.ProducePartitionReply, out *event.Buf) {
	if w.gone || w.answer.Results[i].Code != undecided {
		return // nobody waits, or it timed out before
	}
	w.answer.Results[i] = r
	w.open--
	if w.open > 0 {
		return
	}
	s.drop(w)
	out.SendMachine(w.from, w.ticket, &w.answer)
}

// drop forgets w.
func (s *Shard) drop(w *produceWait) {
	w.gone = true
	s.produces.Cancel(w.key)
}

// expire answers what has waited for too long. Batches that were appended may still be committed later: the outcome is
// unknown, and the codes say so.
func (s *Shard) expire(out *event.Buf) {
	for key, due := s.deadlines.Pop(s.now); due; key, due = s.deadlines.Pop(s.now) {
		out.Hit("shard/trim-timed-out")
		s.refuseTrim(s.trims[key], event.CodeRequestTimedOut, out)
	}
	for {
		w, due := s.produces.Pop(s.now)
		if !due {
			return
		}
		out.Hit("shard/produce-timed-out")
		s.unhold(w)
		tried := w.next
		w.next = len(w.answer.Items)
		for i := range w.answer.Items {
			if w.answer.Results[i].Code != undecided {
				continue
			}
			r := failure(event.CodeRequestTimedOut, "not flushed in time")
			if p := s.partitions[w.answer.Items[i].TP]; i >= tried {
				r.Why = "no room in the journal; nothing was appended"
			} else if p != nil && w.acks == -1 && !p.replica.EnoughReplicas() {
				r = failure(event.CodeNotEnoughReplicasAfter, "too few replicas in sync since the append")
			}
			s.settle(w, i, r, out)
		}
	}
}

// unhold takes w out of those that wait for room.
func (s *Shard) unhold(w *produceWait) {
	for i, h := range s.held {
		if h == w {
			s.held = append(s.held[:i], s.held[i+1:]...)
			return
		}
	}
}

// success is the outcome of a batch at base, once it may be told.
func success(p *partition, base int64) event.ProducePartitionReply {
	return event.ProducePartitionReply{
		BaseOffset: base, LogAppendTime: -1, LogStart: p.log.Log().Start(), Leader: event.Leader{Node: -1, Epoch: -1},
	}
}

// failure is the outcome of a batch that was not appended, or of which nobody knows.
func failure(code event.Code, why string) event.ProducePartitionReply {
	return event.ProducePartitionReply{
		Code: code, Why: why, BaseOffset: -1, LogAppendTime: -1, LogStart: -1, Leader: event.Leader{Node: -1, Epoch: -1},
	}
}

// notLeader is a failure that tells whom to ask.
func notLeader(hint event.Leader) event.ProducePartitionReply {
	r := failure(event.CodeNotLeaderOrFollower, "")
	r.Leader = hint
	return r
}
