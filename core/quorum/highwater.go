package quorum

import "github.com/highwater-log/highwater/core/event"

// Unknown is the flushed end of a member that has not proved a matching log in the current leader epoch.
const Unknown int64 = -1

// Member is one replica as its leader counts it, the leader itself included.
type Member struct {
	Node      event.NodeID
	Committed bool  // in the committed in-sync set
	Proposed  bool  // in the set that is proposed and not answered yet
	Flushed   int64 // offset behind the last record that is durable there; Unknown
}

// MinISR is m: how many members the committed set needs, at least 1, whatever is configured for so many replicas.
func MinISR(configured, replicas int) int { return max(1, min(configured, replicas)) }

// HighWatermark is the least flushed end over the maximal set, if the committed set has at least m members and every
// end of the maximal set is known.
func HighWatermark(members []Member, m int) (hw int64, ok bool) {
	committed := 0
	hw = -1
	for i := range members {
		v := &members[i]
		if !v.Committed && !v.Proposed {
			continue
		}
		if v.Flushed == Unknown {
			return -1, false
		}
		if v.Committed {
			committed++
		}
		if hw < 0 || v.Flushed < hw {
			hw = v.Flushed
		}
	}
	if committed == 0 || committed < m {
		return -1, false
	}
	return hw, true
}
