package replica

import (
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// Assign tells the replica what the committed metadata says now, and under which broker epoch this incarnation is
// registered. It reports whether anything changed; a stale or repeated assignment changes nothing. Flushed and
// followers' progress carry over only within one leader epoch.
func (r *Replica) Assign(now event.Time, a event.Assignment, brokerEpoch int64) bool {
	if r.fatal || a.LeaderEpoch < r.a.LeaderEpoch || a.PartitionEpoch < r.a.PartitionEpoch {
		return false
	}
	again := a.LeaderEpoch == r.a.LeaderEpoch
	if again && a.PartitionEpoch == r.a.PartitionEpoch && r.role != Offline {
		if invariant.Planted(invariant.CanaryStaleLimits) {
			return false
		}
		r.a.Limits = a.Limits // configurations change without an epoch of their own
		r.advance()
		return false
	}
	if again && brokerEpoch == r.brokerEpoch && r.role == r.roleIn(a) {
		r.adopt(now, a)
		return true
	}
	r.brokerEpoch = brokerEpoch
	r.a = own(a)
	switch r.roleIn(a) {
	case Leader:
		r.becomeLeader(now)
	case Follower:
		r.becomeFollower(now)
	default:
		r.become(now, Offline, "not among the replicas")
	}
	r.check()
	return true
}

// roleIn is the role that an assignment gives to this broker.
func (r *Replica) roleIn(a event.Assignment) Role {
	switch {
	case a.Leader == r.cfg.Self:
		return Leader
	case slices.Contains(a.Replicas, r.cfg.Self):
		return Follower
	}
	return Offline
}

// become is the one place that changes the role. It forgets everything that belongs to the role that ends; a leader
// epoch that was missed is thereby handled like one that was seen, even where the leader's id stays the same.
func (r *Replica) become(now event.Time, role Role, why string) {
	r.role, r.since, r.why = role, now, why
	r.epochStart = 0
	r.peers = r.peers[:0]
	r.trail.reset()
	r.change.reset()
	r.leaderBroker, r.distrusted = -1, false
}

// becomeLeader begins to lead the epoch of the assignment, unless the epoch is from before this incarnation:
// followers may hold records of it that this log has lost, under offsets that would be given out again.
func (r *Replica) becomeLeader(now event.Time) {
	if old := r.log.LastEpoch(); r.a.LeaderEpoch <= old {
		r.become(now, Offline, fmt.Sprintf("leader epoch %d is not newer than epoch %d of the log", r.a.LeaderEpoch, old))
		return
	}
	if r.a.LeaderBrokerEpoch != r.brokerEpoch {
		r.become(now, Offline, fmt.Sprintf("leader epoch %d was granted to broker epoch %d, this is %d",
			r.a.LeaderEpoch, r.a.LeaderBrokerEpoch, r.brokerEpoch))
		return
	}
	r.become(now, Leader, "elected")
	r.epochStart = r.log.End()
	r.meetPeers()
	r.advance()
}

// becomeFollower begins to follow the leader of the assignment's epoch. Nothing is cut yet: the first fetch carries the
// last epoch of this log, and the leader answers where the logs part (KIP-101).
func (r *Replica) becomeFollower(now event.Time) {
	r.become(now, Follower, "follows")
	if r.a.Leader < 0 {
		r.why = "no leader"
	}
}

// own copies what an assignment shares with its sender.
func own(a event.Assignment) event.Assignment {
	a.Replicas = slices.Clone(a.Replicas)
	a.ISR = slices.Clone(a.ISR)
	return a
}
