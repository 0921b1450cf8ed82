package replica

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

// Member is one member of a proposed ISR, with the broker epoch under which the leader saw it in sync: a member that
// restarted since is not the one that was meant (KIP-903).
type Member struct {
	Node        event.NodeID
	BrokerEpoch int64
}

// Proposal is an ISR that the leader asks the controller to commit (AlterPartition, KIP-497). LeaderEpoch and
// PartitionEpoch are those that it is based on; the controller accepts it only while they are current.
type Proposal struct {
	LeaderEpoch    int32
	PartitionEpoch int32
	ISR            []Member // in node order
}

// ProposalAnswer is the controller's verdict over the proposal that was based on LeaderEpoch and PartitionEpoch.
type ProposalAnswer struct {
	LeaderEpoch    int32
	PartitionEpoch int32
	Code           event.Code
	// Committed is the assignment after the change, where Code is CodeNone.
	Committed event.Assignment
}

// change is the proposal in flight.
type change struct {
	inFlight bool
	p        Proposal
}

// reset forgets a proposal: its epoch is over, or it is settled.
func (c *change) reset() { c.inFlight, c.p.ISR = false, c.p.ISR[:0] }

// has reports whether n is a member of the proposed set.
func (c *change) has(n event.NodeID) bool {
	return slices.ContainsFunc(c.p.ISR, func(m Member) bool { return m.Node == n })
}

// Propose tells the ISR change that is due, if any, and takes it for sent. Members that are behind for longer than the
// window go; replicas that are in sync with half the window to spare, and hold everything from before this epoch, come
// (R4). The committed set changes only when the controller says so.
func (r *Replica) Propose(now event.Time) (Proposal, bool) {
	if r.role != Leader || r.change.inFlight {
		return Proposal{}, false
	}
	next := r.change.p.ISR[:0]
	changed := false
	for _, n := range r.ordered() {
		in := slices.Contains(r.a.ISR, n)
		stays := n == r.cfg.Self
		epoch := r.brokerEpoch
		if p := r.peer(n); p != nil {
			epoch = p.brokerEpoch
			stays = in && now < r.outAt(p) || !in && r.mayJoin(now, p)
		}
		changed = changed || stays != in
		if stays {
			next = append(next, Member{Node: n, BrokerEpoch: epoch})
		}
	}
	r.change.p = Proposal{LeaderEpoch: r.a.LeaderEpoch, PartitionEpoch: r.a.PartitionEpoch, ISR: next}
	if !changed {
		return Proposal{}, false
	}
	r.change.inFlight = true
	return r.Proposal()
}

// Proposal is the change in flight, for sending again when an answer does not come: the controller takes a repetition
// for what it is.
func (r *Replica) Proposal() (Proposal, bool) {
	if !r.change.inFlight {
		return Proposal{}, false
	}
	p := r.change.p
	p.ISR = slices.Clone(p.ISR)
	return p, true
}

// OnProposalAnswer settles the change in flight, if the answer is about it. Only a definite refusal drops it: an answer
// that the epochs are stale means that a newer assignment is on its way, perhaps with this very change in it, and the
// maximal set holds until that arrives.
func (r *Replica) OnProposalAnswer(now event.Time, ans ProposalAnswer) {
	if r.role != Leader || !r.change.inFlight ||
		ans.LeaderEpoch != r.change.p.LeaderEpoch || ans.PartitionEpoch != r.change.p.PartitionEpoch {
		return
	}
	switch ans.Code {
	case event.CodeNone:
		if ans.Committed.LeaderEpoch == r.a.LeaderEpoch && ans.Committed.PartitionEpoch > r.a.PartitionEpoch {
			r.adopt(now, ans.Committed)
		}
	case event.CodeIneligibleReplica:
		for _, m := range r.change.p.ISR {
			if p := r.peer(m.Node); p != nil && !slices.Contains(r.a.ISR, m.Node) {
				p.refused, p.refusedAt = true, now
			}
		}
		r.change.reset()
	}
	r.advance()
}

// adopt takes a newer committed assignment within a leader epoch: no role changes. At a leader, whatever was in flight
// is settled by it: a proposal that was based on an older partition epoch can no longer be accepted. The high watermark
// is looked at again, because the set may have shrunk.
func (r *Replica) adopt(now event.Time, a event.Assignment) {
	r.a = own(a)
	if r.role != Leader {
		return
	}
	r.change.reset()
	r.meetPeers()
	r.advance()
	r.check()
}

// NextDeadline is when Propose should be asked although nothing arrived: a member of the ISR falls out of sync then.
func (r *Replica) NextDeadline() event.Time {
	at := event.Never
	if r.role != Leader || r.change.inFlight {
		return at
	}
	for i := range r.peers {
		if p := &r.peers[i]; slices.Contains(r.a.ISR, p.node) {
			at = min(at, r.outAt(p))
		}
	}
	return at
}

// outAt is when a follower is out of sync if nothing more is heard of it; Never while it has everything.
func (r *Replica) outAt(p *peer) event.Time {
	behind := r.since
	if p.matched {
		behind = r.trail.behindSince(p.flushed)
	}
	if behind == event.Never {
		return event.Never
	}
	return behind + r.cfg.Lag
}

// mayJoin reports whether a follower may be proposed: it holds what is committed and everything from before this epoch
// on its disk, and is well within the window. A follower that the controller refused waits a window.
func (r *Replica) mayJoin(now event.Time, p *peer) bool {
	if !p.matched || p.flushed < max(r.hw, r.epochStart) {
		return false
	}
	if p.refused && now-p.refusedAt < r.cfg.Lag {
		return false
	}
	behind := r.trail.behindSince(p.flushed)
	return behind == event.Never || now-behind < r.cfg.Lag/2
}

// ordered is every replica in node order.
func (r *Replica) ordered() []event.NodeID {
	nodes := slices.Clone(r.a.Replicas)
	slices.Sort(nodes)
	return nodes
}
