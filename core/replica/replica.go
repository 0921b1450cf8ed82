package replica

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/quorum"
)

// Log is what a replica reads of the books of its partition's log. *log.Log is one.
type Log interface {
	// Start is the offset of the first record that is kept, End the offset behind the last one that was appended.
	Start() int64
	End() int64
	// Flushed is the offset behind the last record that is durable here: at most End.
	Flushed() int64
	// LastEpoch is the leader epoch of the last line of the epoch cache, -1 where there is none.
	LastEpoch() int32
	// EndOffsetFor tells the largest epoch <= the one asked for that the log knows, and the offset behind its last
	// record (KIP-279). (-1, -1) where every known epoch is larger, or none is known.
	EndOffsetFor(epoch int32) (int32, int64)
}

// Role is what a replica is at present.
type Role uint8

// Roles.
const (
	Offline  Role = iota // serves nothing and fetches nothing: not assigned, R-4, or stopped by R-7
	Follower             // fetches from the leader of its epoch
	Leader               // appends under its epoch, answers clients and followers
)

// String names a role in traces.
func (r Role) String() string {
	switch r {
	case Follower:
		return "follower"
	case Leader:
		return "leader"
	}
	return "offline"
}

// Config is what a replica is told about its world.
type Config struct {
	Self event.NodeID
	// Lag is the window of the in-sync rule: a follower is in sync at t if it has flushed what the leader's log held
	// at t - Lag.
	Lag event.Time
}

// Replica is one replica of one partition. Its methods are its events; nothing else changes it.
type Replica struct {
	cfg         Config
	log         Log
	brokerEpoch int64 // of this incarnation's registration

	role  Role
	since event.Time // of the last transition
	why   string     // its reason, for people
	fatal bool       // stopped by R-7: offline for the rest of this incarnation
	a     event.Assignment
	hw    int64

	// As a leader.
	epochStart int64 // log end at becoming leader: the start of LeaderEpoch (R3)
	peers      []peer
	members    []quorum.Member // scratch of advance
	trail      trail
	change     change

	// As a follower.
	leaderBroker int64 // broker epoch of the leader as its first answer of this epoch told it; -1 before
	distrusted   bool  // the leader restarted inside its epoch (R16): wait for the next epoch
}

// New makes a replica that is offline until it is assigned. hw is the high watermark that was known when the log was
// last written; what the log does not hold cannot be known.
func New(cfg Config, l Log, hw int64) *Replica {
	return &Replica{
		cfg:          cfg,
		log:          l,
		a:            event.Assignment{Leader: -1, LeaderEpoch: -1, PartitionEpoch: -1},
		why:          "not assigned",
		hw:           min(max(hw, l.Start()), l.End()),
		leaderBroker: -1,
	}
}

// Role is what the replica is.
func (r *Replica) Role() Role { return r.role }

// Why is the reason of the last transition.
func (r *Replica) Why() string { return r.why }

// Assignment is the committed assignment that the replica acts on. Not to be changed.
func (r *Replica) Assignment() *event.Assignment { return &r.a }

// Epoch is the leader epoch of the assignment, -1 before the first.
func (r *Replica) Epoch() int32 { return r.a.LeaderEpoch }

// LeaderHint names the leader that the replica knows, for answers of KIP-951.
func (r *Replica) LeaderHint() event.Leader {
	return event.Leader{Node: r.a.Leader, Epoch: r.a.LeaderEpoch}
}

// HighWatermark is the offset behind the last record known to be committed: nothing at or above it is shown to readers.
func (r *Replica) HighWatermark() int64 { return r.hw }

// EpochStart tells the line (epoch, start) of the leader's epoch, and whether the log still lacks it: then it must be
// journaled in the same flush group as the first append of the epoch, before it (R3).
func (r *Replica) EpochStart() (epoch int32, start int64, due bool) {
	return r.a.LeaderEpoch, r.epochStart, r.role == Leader && r.log.LastEpoch() < r.a.LeaderEpoch
}

// CheckEpoch fences a request that was meant for the leader of epoch current (-1 for no check), as KIP-320 has it.
func (r *Replica) CheckEpoch(current int32) event.Code {
	switch {
	case current < 0 || current == r.a.LeaderEpoch:
	case current < r.a.LeaderEpoch:
		return event.CodeFencedLeaderEpoch
	default:
		return event.CodeUnknownLeaderEpoch
	}
	if r.role != Leader {
		return event.CodeNotLeaderOrFollower
	}
	return event.CodeNone
}

// Latest is the offset that readers may go to next. Until everything from before the leader's epoch is known to be
// committed the answer could lie below one that an earlier leader gave: CodeOffsetNotAvailable (KIP-207).
func (r *Replica) Latest() (int64, event.Code) {
	if r.role == Leader && r.hw < r.epochStart {
		return -1, event.CodeOffsetNotAvailable
	}
	return r.hw, event.CodeNone
}

// EndOffsetFor answers OffsetForLeaderEpoch (KIP-279). The leader's own epoch counts from the moment it leads, before
// its first record.
func (r *Replica) EndOffsetFor(epoch int32) (int32, int64) {
	if r.role == Leader && epoch == r.a.LeaderEpoch {
		return epoch, r.log.End()
	}
	return r.log.EndOffsetFor(epoch)
}

// check holds the cheap laws after each event.
func (r *Replica) check() {
	if r.hw < r.log.Start() || r.hw > r.log.End() {
		invariant.Violated("R-1: high watermark %d outside log [%d, %d] as %s", r.hw, r.log.Start(), r.log.End(), r.role)
	}
	if r.role == Leader && r.log.LastEpoch() > r.a.LeaderEpoch {
		invariant.Violated("R-3: leader of epoch %d has a log of epoch %d", r.a.LeaderEpoch, r.log.LastEpoch())
	}
}

// setHW moves the high watermark. It never falls.
func (r *Replica) setHW(hw int64) {
	if hw < r.hw {
		invariant.Violated("R-1: high watermark falls from %d to %d", r.hw, hw)
	}
	r.hw = hw
}
