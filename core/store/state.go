package store

// State is where a store is in its life.
type State uint8

// States of a store. It goes from Opening to Ready to Stopping to Stopped; Refused and Failed are for good.
const (
	Opening  State = iota // reading, judging and repairing what the directory holds; no partition is visible
	Ready                 // appends and reads are served
	Refused               // the directory must not be used: Refusal says why; nothing was changed
	Failed                // a write or flush failed: Refusal says which; nothing is acknowledged any more (D6)
	Stopping              // writing everything behind
	Stopped               // all is durable, and the directory says that it is clean
)

// String names a state in messages.
func (s State) String() string {
	switch s {
	case Opening:
		return "opening"
	case Ready:
		return "ready"
	case Refused:
		return "refused"
	case Failed:
		return "failed"
	case Stopping:
		return "stopping"
	case Stopped:
		return "stopped"
	}
	return "state?"
}
