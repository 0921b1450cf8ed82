package replica

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// Action is what a follower has to do with its log after an answer.
type Action uint8

// Actions.
const (
	Drop     Action = iota // nothing: the answer is late, from another epoch, or damaged on the way; fetch again
	Append                 // append the batches (perhaps none), then call Learn with HighWatermark
	Truncate               // cut the log to To, trimming the epoch cache even where To is the log end, then fetch again
	Reset                  // the leader no longer has what follows this log: drop everything and begin at To
	Stop                   // the replica went offline, Why names both logs
)

// String names an action in traces.
func (a Action) String() string {
	return [...]string{"drop", "append", "truncate", "reset", "stop"}[a]
}

// Order is the follower's decision over one answer.
type Order struct {
	Action        Action
	To            int64 // Truncate, Reset
	HighWatermark int64 // Append: the leader's, for Learn
	Why           string
}

// NextFetch is what this follower tells its leader with the next fetch. ok is false while there is nobody to ask.
func (r *Replica) NextFetch() (f FetchState, ok bool) {
	if r.role != Follower || r.a.Leader < 0 || r.distrusted {
		return FetchState{}, false
	}
	return FetchState{
		Node: r.cfg.Self, BrokerEpoch: r.brokerEpoch, LeaderEpoch: r.a.LeaderEpoch,
		Offset: r.log.End(), LastEpoch: r.lastFetched(), LogStart: r.log.Start(),
		Flushed: r.log.Flushed(), HighWatermark: r.hw,
	}, true
}

// lastFetched is the epoch of the last record; -1 in an empty log.
func (r *Replica) lastFetched() int32 {
	if r.log.End() == r.log.Start() {
		return -1
	}
	return r.log.LastEpoch()
}

// OnFetchAnswer decides what an answer means. batches are whole, their checksums verified. An answer is about the log as it was
// when it was asked for: one to another log, be it as long as this one, is late. It could cut off what was flushed since.
func (r *Replica) OnFetchAnswer(now event.Time, ans FetchAnswer, batches []record.Batch) Order {
	if r.role != Follower || r.distrusted || ans.LeaderEpoch != r.a.LeaderEpoch ||
		ans.Offset != r.log.End() || ans.LastEpoch != r.lastFetched() {
		return Order{Why: "late"}
	}
	switch {
	case r.leaderBroker < 0:
		r.leaderBroker = ans.LeaderBrokerEpoch
	case r.leaderBroker != ans.LeaderBrokerEpoch:
		r.distrusted = true
		return Order{Why: fmt.Sprintf("leader of epoch %d restarted inside it: broker epoch %d, now %d",
			r.a.LeaderEpoch, r.leaderBroker, ans.LeaderBrokerEpoch)}
	}
	switch {
	case ans.Code == event.CodeOffsetOutOfRange && ans.LogStart >= r.log.End():
		return Order{Action: Reset, To: ans.LogStart}
	case ans.Code != event.CodeNone:
		return Order{Why: "refused"}
	case ans.Diverging:
		return r.diverge(now, ans)
	}
	next := r.log.End()
	epoch := r.log.LastEpoch()
	for _, b := range batches {
		if b.BaseOffset() != next || b.LeaderEpoch() < epoch || b.LeaderEpoch() > r.a.LeaderEpoch {
			return Order{Why: fmt.Sprintf("batch at %d of epoch %d does not follow the log end %d of epoch %d",
				b.BaseOffset(), b.LeaderEpoch(), next, epoch)}
		}
		next, epoch = b.NextOffset(), b.LeaderEpoch()
	}
	return Order{Action: Append, HighWatermark: ans.HighWatermark}
}

// diverge finds the offset to cut to: the end, here, of the largest epoch that both logs may share (KIP-279). Where
// this log knows the leader's epoch, the shorter of the two ends; where it does not, its own end of the next lower one,
// and the next fetch compares again. Where they share no epoch at all, only what is known to be committed can stay.
// Each cut keeps everything that the logs share.
func (r *Replica) diverge(now event.Time, ans FetchAnswer) Order {
	epoch, to := r.log.EndOffsetFor(ans.DivergingEpoch)
	switch {
	case epoch < 0 || ans.DivergingEpoch < 0:
		to = min(r.hw, ans.DivergingEnd)
	case epoch == ans.DivergingEpoch:
		to = min(to, ans.DivergingEnd)
	}
	if to < r.hw {
		why := fmt.Sprintf("refusing to cut the log below its high watermark %d: this log is [%d, %d) with last epoch %d, "+
			"the leader %d of epoch %d has epoch %d end at %d", r.hw, r.log.Start(), r.log.End(), r.log.LastEpoch(),
			r.a.Leader, r.a.LeaderEpoch, ans.DivergingEpoch, ans.DivergingEnd)
		r.fatal = true
		r.become(now, Offline, why)
		return Order{Action: Stop, Why: why}
	}
	return Order{Action: Truncate, To: to}
}

// Learn takes the leader's high watermark after the batches that came with it were appended: what this log does not
// hold yet is not known to be committed here.
func (r *Replica) Learn(leaderHW int64) {
	if r.role != Follower {
		return
	}
	r.setHW(max(r.hw, min(leaderHW, r.log.End())))
	r.check()
}

// OnTrimmed tells the replica that the start of its log may have moved. Below it everything is committed, or was given up
// for lost: then the log goes on at the start, and so does the epoch of a leader that has appended nothing yet.
func (r *Replica) OnTrimmed() {
	start := r.log.Start()
	r.setHW(max(r.hw, start))
	if r.role == Leader && r.log.LastEpoch() < r.a.LeaderEpoch {
		r.epochStart = max(r.epochStart, start)
	}
}

// OnReset tells the follower that its log was emptied and now begins at the leader's log start, to which everything
// is committed.
func (r *Replica) OnReset() {
	r.setHW(max(r.hw, r.log.Start()))
	r.check()
}
