package check

import (
	"os"
	"strconv"
	"testing"

	"github.com/highwater-log/highwater/sim/world"
)

// TestSeed runs HIGHWATER_SEED of HIGHWATER_PROFILE under every judge.
func TestSeed(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("HIGHWATER_SEED"), 10, 64)
	if err != nil {
		t.Skip("HIGHWATER_SEED is not set")
	}
	r := Run(plan(t, seed, os.Getenv("HIGHWATER_PROFILE")), world.Options{}, Options{SearchWindows: true, Recovery: true})
	t.Logf("%s: %s; ended: %s", r.Line(), r.Text, r.Ended)
}
