package world

import (
	"fmt"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/trace"
)

// Verdicts.
const (
	VerdictOK   = "ok"
	VerdictFail = "FAIL"
)

// Result is what a run came to.
type Result struct {
	Seed      uint64
	Label     string
	Digest    uint64
	Points    []trace.Checkpoint // of the digest, along the way
	Events    uint64
	Simulated event.Time

	Verdict string
	Oracle  string // that failed, "" if none: a law's number, or a judge's name
	Text    string
	Event   uint64 // at which it failed

	History []*history.Op  // of all clients, by client and number
	Acked   int            // produce operations acknowledged with acks other than 0
	Crashes int            // kills and power cuts while clients worked
	Faults  int            // of the plan that fired
	Stale   []int          // ids of those that did not
	Struck  map[string]int // faults that fired, by verb; looked up only
	Excused map[string]int // what a judge let pass because the label allows it; looked up only
	Harmed  bool           // something was damaged that one disk has only once
	Ended   string         // how a run ended that could not go on: a refusal, where the plan's label allows it

	Costs  []int    // of the costliest step, by kind of event: see event.Buf.Cost
	Probes []string // rare branches reached, in the order of their first reach
}

// Excuses: what the judges of a run let pass because its label, or a fault of its plan, allows it.
const (
	ExcuseEnded     = "ended"      // a broker ended itself over damage, with a reason
	ExcuseDiskError = "disk-error" // it ended itself over a write or sync that failed, and was started again
	ExcuseFull      = "full"       // it ended itself over a full file system, and was started again
	ExcuseOlder     = "older-part" // it refused an older part, and the right one was put back
	ExcuseNamed     = "named"      // a partition is called damaged, and what it lacks is not asked for
)

func (r *Result) struck(do string) { count(&r.Struck, do) }

func (r *Result) excuse(kind string) { count(&r.Excused, kind) }

// Excuse counts something that a judge lets pass.
func (r *Result) Excuse(kind string) { r.excuse(kind) }

func count(m *map[string]int, name string) {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[name]++
}

// Line is the last line of a run as the command prints it, without its wall time.
func (r *Result) Line() string {
	s := fmt.Sprintf("seed=%d digest=%016x events=%d simulated=%d.%03d verdict=%s", r.Seed, r.Digest, r.Events,
		r.Simulated/event.Second, r.Simulated%event.Second/event.Millisecond, r.Verdict)
	if r.Oracle != "" {
		s += " oracle=" + r.Oracle
	}
	return s
}

// CostText tells the costliest step of each kind of event: start=12 tick=40 io-done=93.
func CostText(costs []int) string {
	var out []string
	for kind, cost := range costs {
		if cost > 0 {
			out = append(out, fmt.Sprintf("%s=%d", event.Kind(kind), cost))
		}
	}
	return strings.Join(out, " ")
}
