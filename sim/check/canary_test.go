//go:build canary

package check

import (
	"os"
	"testing"

	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

// Every planted bug is found. HIGHWATER_SEEDS bounds the seeds that are tried for each; HIGHWATER_CANARY names one.
func TestCanaries_AreKilled(t *testing.T) {
	defer invariant.Plant(invariant.CanaryNone)
	for c := invariant.CanaryNone + 1; c < invariant.CanaryCount; c++ {
		if only := os.Getenv("HIGHWATER_CANARY"); only != "" && only != c.String() {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			invariant.Plant(c)
			for seed := range seeds(300) {
				profile := [...]string{fault.Drawn, "crash", "rot"}[seed%3]
				r := Run(plan(t, seed, profile), world.Options{}, Options{SearchWindows: true, Recovery: true})
				if r.Verdict != world.VerdictOK {
					t.Logf("seed %d of %s: %s: %.240s", seed, profile, r.Oracle, r.Text)
					return
				}
			}
			t.Error("survived")
		})
	}
}
