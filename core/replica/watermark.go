package replica

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/quorum"
)

// MinISR is m: how many members the committed ISR needs so that anything may be committed (R17).
func (r *Replica) MinISR() int {
	return quorum.MinISR(int(r.a.Limits.MinInsyncReplicas), len(r.a.Replicas))
}

// EnoughReplicas reports whether the committed ISR has its m members: without them acks=all is refused before the
// append.
func (r *Replica) EnoughReplicas() bool { return len(r.a.ISR) >= r.MinISR() }

// advance moves the leader's high watermark to the least flushed end over the maximal ISR, if the committed ISR is
// large enough and every member of the maximal one has shown a matching log in this epoch. A leader that is
// not in sync itself commits nothing.
func (r *Replica) advance() {
	if r.role != Leader || !slices.Contains(r.a.ISR, r.cfg.Self) {
		return
	}
	r.members = append(r.members[:0], quorum.Member{Node: r.cfg.Self, Committed: true, Flushed: r.log.Flushed()})
	for i := range r.peers {
		p := &r.peers[i]
		m := quorum.Member{
			Node: p.node, Committed: slices.Contains(r.a.ISR, p.node), Proposed: r.proposed(p.node), Flushed: quorum.Unknown,
		}
		if p.matched {
			m.Flushed = p.flushed
		}
		r.members = append(r.members, m)
	}
	hw, ok := quorum.HighWatermark(r.members, r.MinISR())
	if !ok || hw <= r.hw {
		return
	}
	if hw > r.log.Flushed() || !r.EnoughReplicas() {
		invariant.Violated("R-2: high watermark to %d with flushed end %d", hw, r.log.Flushed())
	}
	r.setHW(hw)
}

// proposed reports whether n is in the ISR that is proposed and not answered.
func (r *Replica) proposed(n event.NodeID) bool { return r.change.inFlight && r.change.has(n) }
