//go:build canary

package world

import (
	"os"
	"testing"

	"github.com/highwater-log/highwater/core/invariant"
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
				profile := [...]string{"default", "crash", "rot"}[seed%3]
				p := plan(t, seed, profile)
				r := Run(p, Options{})
				err := judge(p, r)
				if r.Verdict != VerdictOK || err != nil {
					t.Logf("seed %d of %s: %s: %.200s %v", seed, profile, r.Oracle, r.Text, err)
					return
				}
			}
			t.Error("survived")
		})
	}
}
