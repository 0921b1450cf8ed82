package check

import (
	"os"
	"strconv"
	"testing"

	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

func plan(t testing.TB, seed uint64, profile string) *fault.Plan {
	p, err := world.Generate(seed, profile)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seeds is how many seeds a test runs; HIGHWATER_SEEDS makes it more.
func seeds(n uint64) uint64 {
	if more, err := strconv.ParseUint(os.Getenv("HIGHWATER_SEEDS"), 10, 64); err == nil {
		return more
	}
	return n
}

func TestRun_SeedsOfEveryProfileAreSound(t *testing.T) {
	for _, profile := range fault.Profiles() {
		t.Run(profile, func(t *testing.T) {
			for seed := range seeds(10) {
				r := Run(plan(t, seed, profile), world.Options{}, Options{SearchWindows: true, Recovery: true})
				if r.Verdict != world.VerdictOK || r.Text != "" {
					t.Errorf("%s: %s", r.Line(), r.Text)
				}
			}
		})
	}
}
