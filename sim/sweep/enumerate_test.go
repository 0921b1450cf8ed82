package sweep

import (
	"slices"
	"testing"

	"github.com/highwater-log/highwater/sim/check"
	"github.com/highwater-log/highwater/sim/world"
)

// The scenario that is enumerated reaches what it is there for.
func TestSmall_ReachesWhatItIsFor(t *testing.T) {
	p, err := Small(1)
	if err != nil {
		t.Fatal(err)
	}
	r := check.Run(p, world.Options{Probes: true}, check.Options{})
	if r.Verdict != world.VerdictOK {
		t.Fatalf("%s: %s", r.Line(), r.Text)
	}
	for _, probe := range []string{"store/roll", "store/direct", "store/checkpoint-by-age"} {
		if !slices.Contains(r.Probes, probe) {
			t.Errorf("%s is not reached: %v", probe, r.Probes)
		}
	}
}
