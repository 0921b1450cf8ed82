package regress

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/sim/check"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

// plans reads every plan of a folder, by name.
func plans(t *testing.T, folder string) map[string]*fault.Plan {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", folder, "*.plan"))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]*fault.Plan)
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := fault.Read(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".plan")] = p
	}
	return out
}

func run(p *fault.Plan) *world.Result {
	return check.Run(p, world.Options{}, check.Options{SearchWindows: true, Recovery: true})
}

// TestPlans_ThatAreOpenFail replays findings that are not mended: the next one to look knows where they stand.
func TestPlans_ThatAreOpenFail(t *testing.T) {
	for name, p := range plans(t, "open") {
		if r := run(p); r.Verdict == world.VerdictOK || r.Oracle != p.Verdict.Oracle {
			t.Errorf("%s: %s %s, and it was kept for %s: mended, it belongs to bugs", name, r.Line(), r.Text, p.Verdict.Oracle)
		}
	}
}

// TestPlans_AreSound replays what once failed. Canary plans are for the tagged test, and sound here.
func TestPlans_AreSound(t *testing.T) {
	for _, folder := range []string{"bugs", "canaries"} {
		for name, p := range plans(t, folder) {
			if skipped(folder) {
				continue
			}
			t.Run(folder+"/"+name, func(t *testing.T) {
				r := run(p)
				if r.Verdict != world.VerdictOK {
					t.Fatalf("%s: %s", r.Line(), r.Text)
				}
				if folder == "bugs" && len(r.Stale) > 0 {
					t.Errorf("stale: faults %v do not fire any more, so this plan proves nothing", r.Stale)
				}
			})
		}
	}
}
