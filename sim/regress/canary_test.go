//go:build canary

package regress

import (
	"testing"

	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/sim/world"
)

func skipped(folder string) bool { return folder == "canaries" }

// TestCanaries_AreKilledByTheirPlans plants each bug that has a plan, and demands the verdict that the plan was kept for.
func TestCanaries_AreKilledByTheirPlans(t *testing.T) {
	defer invariant.Plant(invariant.CanaryNone)
	kept := plans(t, "canaries")
	for c := invariant.CanaryNone + 1; c < invariant.CanaryCount; c++ {
		p := kept[c.String()]
		if p == nil {
			continue
		}
		invariant.Plant(c)
		if r := run(p); r.Verdict == world.VerdictOK || r.Oracle != p.Verdict.Oracle {
			t.Errorf("%s: %s %s, want a violation of %s", c, r.Line(), r.Text, p.Verdict.Oracle)
		}
	}
}
