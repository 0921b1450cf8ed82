//go:build canary

package store

import (
	"fmt"
	"testing"

	"github.com/highwater-log/highwater/core/invariant"
)

// quitter turns the end of a test into a panic that the caller takes.
type quitter struct{ testing.TB }

type quit string

func (q quitter) Fatalf(format string, args ...any) { panic(quit(fmt.Sprintf(format, args...))) }
func (q quitter) Helper()                           {}
func (q quitter) Logf(string, ...any)               {}

// killed runs one seed and reports how it failed.
func killed(t *testing.T, seed int64) string {
	return failure(func() { crashOnce(quitter{t}, seed, 8) })
}

// failure runs a test and reports how it failed.
func failure(test func()) (why string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case quit:
			why = string(r)
		case invariant.Violation:
			why = r.Text
		default:
			panic(r)
		}
	}()
	test()
	return ""
}

func TestCanaries_AreFoundByCrashes(t *testing.T) {
	defer invariant.Plant(invariant.CanaryNone)
	for _, c := range []invariant.Canary{
		invariant.CanaryAckBeforeFlush, invariant.CanaryAckOutOfOrder, invariant.CanaryReuseEarly,
		invariant.CanaryTornTailAccepted, invariant.CanaryTornFrameReturns, invariant.CanaryCountVolatile,
		invariant.CanaryRewriteUnjournaled, invariant.CanaryReplayTwice, invariant.CanaryTrimEarly, invariant.CanaryAckBeforeDirect,
		invariant.CanaryDirectRewrites, invariant.CanaryIndexOutlivesCut, invariant.CanaryIndexOfUnflushed,
	} {
		invariant.Plant(c)
		seed, why := int64(0), ""
		for ; seed < 400 && why == ""; seed++ {
			why = killed(t, seed)
		}
		if why == "" {
			t.Errorf("%v: not found in %d seeds", c, seed)
			continue
		}
		t.Logf("%v: seed %d: %.200s", c, seed-1, why)
	}
}

// Whoever destroys bytes before the proof is found by the walks that crash at each step of it; by chance, too seldom.
func TestCanary_CutBeforeProvenIsFoundByWalks(t *testing.T) {
	defer invariant.Plant(invariant.CanaryNone)
	invariant.Plant(invariant.CanaryCutBeforeProven)
	for _, recovering := range []bool{false, true} {
		why := ""
		for _, behind := range taken() {
			for steps := 0; steps < 60 && why == ""; steps++ {
				why = failure(func() { crashWhileTaken(quitter{t}, behind, steps, recovering) })
			}
		}
		if why == "" {
			t.Errorf("recovering %t: not found", recovering)
		}
		t.Logf("recovering %t: %.200s", recovering, why)
	}
}

// An index file from before a truncation is found by the walk that replaces the batches it speaks of.
func TestCanary_IndexOutlivesCutIsFoundByWalks(t *testing.T) {
	defer invariant.Plant(invariant.CanaryNone)
	invariant.Plant(invariant.CanaryIndexOutlivesCut)
	for _, power := range []bool{false, true} {
		why, steps := "", 0
		for ; steps < 200 && why == ""; steps++ {
			why = failure(func() { crashWhileReplaced(quitter{t}, steps, power) })
		}
		if why == "" {
			t.Errorf("power cut %t: not found", power)
		}
		t.Logf("power cut %t, %d steps: %.200s", power, steps-1, why)
	}
}
