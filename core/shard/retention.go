package shard

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/log"
	"github.com/highwater-log/highwater/core/replica"
	"github.com/highwater-log/highwater/core/store"
)

// retention is the job that lets logs begin later, as their topics' limits say. Each period it goes over the partitions
// in order, a few of them in one step: the next step follows at once.
type retention struct {
	period event.Time // 0 for never
	at     event.Time // when the next step is due
	from   event.TP   // where the next step goes on
}

// Bounds of one step of the job.
const (
	retainPartitions = 64
	retainSegments   = 2048
	// retainAgain is how long it waits for the journal: for room, or for what went to be durable where more is to go.
	retainAgain = 10 * event.Millisecond
)

// retentionDue is when the job has something to do: never on a shard without partitions.
func (s *Shard) retentionDue() event.Time {
	if s.retention.period == 0 || len(s.partitions) == 0 || s.store.State() != store.Ready {
		return event.Never
	}
	return s.retention.at
}

// retain is one step of the job, if it is due.
func (s *Shard) retain(out *event.Buf) {
	r := &s.retention
	if s.now < s.retentionDue() {
		return
	}
	list := s.store.Partitions()
	at, _ := slices.BinarySearchFunc(list, r.from, func(p *store.Partition, tp event.TP) int { return p.TP().Compare(tp) })
	partitions, segments := 0, 0
	for ; at < len(list); at++ {
		r.from = list[at].TP()
		if partitions++; partitions > retainPartitions || segments > retainSegments {
			r.at = s.now
			return
		}
		p := s.partitions[r.from]
		if p == nil || p.replica.Role() != replica.Leader {
			continue
		}
		segments += len(p.log.Log().Segments())
		if !s.retainOne(p, out) {
			r.at = s.now + retainAgain
			return
		}
	}
	r.from, r.at = event.TP{}, s.now+r.period
}

// retainOne lets the log of p begin where its limits say, never above the high watermark. It reports whether that was all.
func (s *Shard) retainOne(p *partition, out *event.Buf) (all bool) {
	limits := &p.replica.Assignment().Limits
	if !limits.Deleted || limits.RetentionBytes < 0 && limits.RetentionMs < 0 {
		return true
	}
	start, more := p.log.Log().Retire(log.Retention{Bytes: limits.RetentionBytes, Ms: limits.RetentionMs},
		p.replica.HighWatermark(), s.wall)
	if start <= p.log.Log().Start() {
		return true
	}
	if s.store.Room() <= 0 {
		out.Hit("shard/retention-held")
		return false
	}
	out.Hit("shard/retired")
	s.letGo(p, start, out)
	return !more
}
