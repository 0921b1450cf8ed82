package fault

import "github.com/highwater-log/highwater/core/event"

// Point is a place in the life of an event or an effect where a fault may strike.
type Point string

// The points. A disk operation passes submit, submitted and completed; its completion, like every event of a node,
// passes event and delivered.
const (
	AtSubmit    Point = "submit"    // an effect was decided and has not reached the disk
	AtSubmitted Point = "submitted" // it is in flight
	AtCompleted Point = "completed" // it is done, and the node has not been told
	AtEvent     Point = "event"     // an event is about to be applied
	AtDelivered Point = "delivered" // an event was applied, and none of its effects has left
	AtRequest   Point = "request"   // a request arrived whole, and has not been applied
	AtReply     Point = "reply"     // a reply was decided, and has not left
	AtReplied   Point = "replied"   // it is on the wire
	AtBoot      Point = "boot"      // a node was started
	AtHand      Point = "hand-over" // a message between two cells is handed over, or arrives
)

// Trigger says when a fault fires: at the Nth time that Point is passed by Op, from the moment on when the fault After
// fired, or at the world's event number Event, whichever is first.
type Trigger struct {
	Node   int    `json:"node"`
	Point  Point  `json:"point"`
	Op     string `json:"op,omitempty"`     // verb of an effect, durable-write, direct-write or small-write; empty for any
	Client int    `json:"client,omitempty"` // requests and replies of this client only, if ByClient
	// ByClient says that Client counts.
	ByClient bool   `json:"by_client,omitempty"`
	Nth      int    `json:"nth"`
	After    int    `json:"after,omitempty"` // id of another fault; 0 for none
	Event    uint64 `json:"event,omitempty"` // fallback; 0 for none
}

// Passing is one passing of a point.
type Passing struct {
	Node    int
	Point   Point
	Op      event.Op // of an effect or of its completion
	Durable bool
	Segment bool // of an effect: its file is a segment
	Small   bool // of an effect: it writes hard state, identity or a checkpoint
	Client  int
	Event   uint64
}

// Watch follows the triggers of a plan.
type Watch struct {
	faults []watched
	fired  map[int]bool // by id; only looked up
}

type watched struct {
	*Fault
	count int
	done  bool
}

// NewWatch follows faults, none of which has fired.
func NewWatch(faults []Fault) *Watch {
	w := &Watch{fired: map[int]bool{}}
	for i := range faults {
		w.faults = append(w.faults, watched{Fault: &faults[i]})
	}
	return w
}

// Pass tells that a point is passed, and returns the fault that fires there: nil for none. If several are due, the
// others fire at the next passings of their points.
func (w *Watch) Pass(p Passing) *Fault {
	var due *watched
	for i := range w.faults {
		f := &w.faults[i]
		if f.done || f.On.Node != p.Node || f.On.After != 0 && !w.fired[f.On.After] {
			continue
		}
		late := f.On.Event != 0 && p.Event >= f.On.Event && fits(f.Do, p.Point)
		if !f.On.matches(&p) && !late {
			continue
		}
		f.count++
		if due == nil && (late || f.count >= f.On.Nth) {
			due = f
		}
	}
	if due == nil {
		return nil
	}
	due.done = true
	w.fired[due.ID] = true
	return due.Fault
}

// fits reports whether a fault whose own moment did not come can strike at p.
func fits(do string, p Point) bool {
	switch do {
	case DoWriteError, DoSyncError:
		return p == AtSubmit
	case DoPutBack:
		return p == AtBoot
	}
	return p == AtEvent
}

func (t *Trigger) matches(p *Passing) bool {
	if t.Point != p.Point || t.ByClient && t.Client != p.Client {
		return false
	}
	switch t.Op {
	case "":
		return true
	case DurableWrite:
		return p.Op == event.OpWriteFile && p.Durable
	case DirectWrite:
		return p.Op == event.OpWriteFile && p.Durable && p.Segment
	case SmallWrite:
		return p.Op == event.OpWriteFile && p.Small
	}
	return t.Op == p.Op.String()
}

// DurableWrite is the verb of a write whose completion makes it durable, in triggers.
const DurableWrite = "durable-write"

// DirectWrite is the verb of a durable write to a segment, at submit and submitted: of a batch that goes beside the journal.
const DirectWrite = "direct-write"

// SmallWrite is the verb of a write of hard state, identity or checkpoint, at submit and submitted.
const SmallWrite = "small-write"

// Stop turns off every fault that has not fired: the world is being healed.
func (w *Watch) Stop() {
	for i := range w.faults {
		w.faults[i].done = true
	}
}

// Fired counts the faults that have struck.
func (w *Watch) Fired() int { return len(w.fired) }

// Stale are the ids of the faults that have not fired.
func (w *Watch) Stale() []int {
	var out []int
	for i := range w.faults {
		if id := w.faults[i].ID; !w.fired[id] {
			out = append(out, id)
		}
	}
	return out
}
