package replica

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// FetchState is what a follower says about itself with each fetch: the request is also the acknowledgement.
type FetchState struct {
	Node          event.NodeID
	BrokerEpoch   int64 // of its registration
	LeaderEpoch   int32 // the epoch that it follows
	Offset        int64 // its log end: what it asks for
	LastEpoch     int32 // leader epoch of its last record, -1 for an empty log
	LogStart      int64
	Flushed       int64 // what is durable there: at most Offset
	HighWatermark int64 // that it knows
}

// FetchAnswer is the leader's answer to one FetchState. A diverging answer says where to cut and nothing else: its
// other fields are not to be believed yet, its high watermark least of all.
type FetchAnswer struct {
	Code              event.Code
	LeaderEpoch       int32
	LeaderBrokerEpoch int64
	Offset            int64 // as asked
	LastEpoch         int32 // as asked
	Diverging         bool
	DivergingEpoch    int32 // the largest epoch of the leader's log that is <= the follower's last epoch; -1 for none
	DivergingEnd      int64 // the offset behind its last record; the leader's log start where the epoch is -1
	LogStart          int64
	HighWatermark     int64
}

// peer is what a leader knows of another replica in its epoch.
type peer struct {
	node        event.NodeID
	brokerEpoch int64 // the newest that it fetched with; -1 before its first fetch of this epoch
	matched     bool  // its log is a prefix of this one
	flushed     int64
	refusedAt   event.Time // when the controller refused to take it into the ISR
	refused     bool
}

// OnFollowerFetch applies the progress that a follower reports and answers it. The caller adds the batches from Offset
// on where Code is CodeNone and Diverging is false; they may go out before this leader has flushed them.
func (r *Replica) OnFollowerFetch(f FetchState) FetchAnswer {
	ans := FetchAnswer{
		LeaderEpoch: r.a.LeaderEpoch, LeaderBrokerEpoch: r.brokerEpoch, Offset: f.Offset, LastEpoch: f.LastEpoch,
		LogStart: r.log.Start(), HighWatermark: r.hw,
	}
	p := r.peer(f.Node)
	switch code := r.CheckEpoch(f.LeaderEpoch); {
	case code != event.CodeNone:
		ans.Code = code
	case p == nil:
		ans.Code = event.CodeNotLeaderOrFollower
	case f.BrokerEpoch < p.brokerEpoch:
		ans.Code = event.CodeStaleBrokerEpoch
	case f.Flushed > f.Offset || f.LogStart > f.Offset || (f.LastEpoch < 0 && f.Offset != f.LogStart):
		ans.Code = event.CodeInvalidRequest
	}
	if ans.Code != event.CodeNone {
		return ans
	}
	if f.Offset < r.log.Start() {
		ans.Code = event.CodeOffsetOutOfRange
		return ans
	}
	if f.LastEpoch >= 0 {
		epoch, end := r.EndOffsetFor(f.LastEpoch)
		switch {
		case epoch < 0 && f.Offset == r.log.Start():
			// Nothing that the follower holds is still here to be compared with: it must begin anew at this start.
			ans.Code = event.CodeOffsetOutOfRange
			return ans
		case epoch < 0:
			end = r.log.Start()
		}
		if epoch < f.LastEpoch || end < f.Offset {
			ans.Diverging, ans.DivergingEpoch, ans.DivergingEnd = true, epoch, end
			return ans
		}
	}
	if f.Offset > r.log.End() {
		ans.Code = event.CodeOffsetOutOfRange
		return ans
	}
	r.progress(p, f)
	ans.HighWatermark = r.hw
	return ans
}

// progress counts what a follower with a matching log has flushed.
func (r *Replica) progress(p *peer, f FetchState) {
	if f.BrokerEpoch > p.brokerEpoch {
		*p = peer{node: p.node, brokerEpoch: f.BrokerEpoch}
	}
	p.matched = true
	p.flushed = max(p.flushed, f.Flushed) // within one epoch an overtaken fetch takes nothing back
	r.advance()
}

// OnAppended tells the leader that its log grew to end, and when: the in-sync rule is about time.
func (r *Replica) OnAppended(now event.Time) {
	if r.role != Leader {
		invariant.Violated("R-3: append at a %s", r.role)
	}
	if r.log.LastEpoch() != r.a.LeaderEpoch {
		invariant.Violated("R-3: leader of epoch %d appended with epoch %d", r.a.LeaderEpoch, r.log.LastEpoch())
	}
	if len(r.peers) > 0 {
		r.trail.grew(now, r.log.End(), r.cfg.Lag)
	}
}

// OnFlushed tells the replica that its log's flushed end moved.
func (r *Replica) OnFlushed() { r.advance() }

// meetPeers makes the follower table fit the assignment: progress of those that stay is kept.
func (r *Replica) meetPeers() {
	r.peers = slices.DeleteFunc(r.peers, func(p peer) bool { return !slices.Contains(r.a.Replicas, p.node) })
	for _, n := range r.a.Replicas {
		if n != r.cfg.Self && r.peer(n) == nil {
			r.peers = append(r.peers, peer{node: n, brokerEpoch: -1})
		}
	}
	slices.SortFunc(r.peers, func(p, q peer) int { return int(p.node) - int(q.node) })
}

// peer finds a follower by its node.
func (r *Replica) peer(n event.NodeID) *peer {
	for i := range r.peers {
		if r.peers[i].node == n {
			return &r.peers[i]
		}
	}
	return nil
}
