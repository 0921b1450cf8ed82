//go:build canary

package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/sweep"
	"github.com/highwater-log/highwater/sim/world"
)

// blackBox are the judges that see what clients see, or the moment of an acknowledgement. Only they count as killers:
// laws inside the core notice many bugs before any client could.
var blackBox = []string{
	"O1", "O2", "O3", "O5", "O9", "O11", "O14", "O15", "O24", "O25", "O26", "O30", "O31", "O32", "halt", "protocol",
}

// canaryCommands are the commands that only a build with planted bugs has.
func canaryCommands() []*cobra.Command { return []*cobra.Command{newSimCanary()} }

// canaryFlag adds the flag that plants a bug in a broker, for tests that run the binary.
func canaryFlag(cmd *cobra.Command) {
	cmd.Flags().Func("canary", "plant the bug `NAME` in this broker", func(name string) error {
		for c := invariant.CanaryNone + 1; c < invariant.CanaryCount; c++ {
			if c.String() == name {
				invariant.Plant(c)
				return nil
			}
		}
		return fmt.Errorf("no canary has this name; core/invariant/canary.go lists them")
	})
}

func newSimCanary() *cobra.Command {
	var (
		only    string
		budget  time.Duration
		from    uint64
		profile string
		keep    string
		small   bool
	)
	cmd := &cobra.Command{
		Use:   "canary",
		Short: "Plant each known bug and see whether a sweep finds it",
		Long: `canary plants one bug after the other in this process and sweeps seeds that nobody picked until a judge notices: one that sees
what clients see, or the moment of an acknowledgement. A survivor means that the simulator is too kind.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == 0 {
				from = uint64(rand.Uint32())
			}
			killed, survived := 0, 0
			for c := invariant.CanaryNone + 1; c < invariant.CanaryCount; c++ {
				if only != "" && c.String() != only {
					continue
				}
				invariant.Plant(c)
				k := hunt(cmd, from, profile, budget)
				say(cmd.OutOrStdout(), "%-26s %s", c, k)
				if k.plan == nil {
					survived++
					continue
				}
				killed++
				if keep != "" {
					if err := keepCanary(cmd, keep, c, k.plan, small); err != nil {
						return err
					}
				}
			}
			invariant.Plant(invariant.CanaryNone)
			say(cmd.OutOrStdout(), "canaries: killed=%d survived=%d", killed, survived)
			if survived > 0 || killed == 0 {
				return withCode(exitFinding, "%d planted bugs were not found", survived)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&only, "only", "", "one canary by its name")
	cmd.Flags().DurationVar(&budget, "for", 60*time.Second, "give up on one canary after this long")
	cmd.Flags().Uint64Var(&from, "from", 0, "first seed (default: drawn, so that nobody picked it)")
	cmd.Flags().StringVar(&profile, "profile", "", "which faults are drawn: "+strings.Join(fault.Profiles(), ", "))
	cmd.Flags().StringVar(&keep, "keep", "", "write the killing plans into this folder")
	cmd.Flags().BoolVar(&small, "shrink", false, "with --keep: write them shrunk")
	return cmd
}

// kill is how one canary fared.
type kill struct {
	plan  *fault.Plan // that killed it; nil if it survived
	seeds int
	cpu   time.Duration
	white string // first law inside the core that noticed
}

func (k kill) String() string {
	s := fmt.Sprintf("seeds=%d cpu=%.2f", k.seeds, k.cpu.Seconds())
	if k.plan == nil {
		s = "SURVIVED " + s
	} else {
		s = fmt.Sprintf("killed by %-4s %s seed=%d", k.plan.Verdict.Oracle, s, k.plan.Header.Seed)
	}
	if k.white != "" {
		s += " noticed inside by " + k.white
	}
	return s
}

// hunt sweeps until a black-box judge notices the planted bug.
func hunt(cmd *cobra.Command, from uint64, profile string, budget time.Duration) (k kill) {
	began, cpu := time.Now(), cpuTime()
	var found atomic.Bool
	_, _ = sweep.Seeds(sweep.Config{
		From: from, To: from + 1<<40, Jobs: runtime.GOMAXPROCS(0), Profile: profile, Run: sampled,
		GoOn: func() bool { return !found.Load() && time.Since(began) < budget && cmd.Context().Err() == nil },
		OnResult: func(p *fault.Plan, r *world.Result) {
			if k.plan != nil {
				return
			}
			k.seeds++
			switch {
			case r.Verdict == world.VerdictOK:
			case slices.Contains(blackBox, r.Oracle):
				q := *p
				q.Verdict = verdict(r)
				k.plan = &q
				found.Store(true)
			case k.white == "":
				k.white = r.Oracle
			}
		},
	})
	k.cpu = cpuTime() - cpu
	return k
}

// keepCanary writes the plan that killed c.
func keepCanary(cmd *cobra.Command, folder string, c invariant.Canary, p *fault.Plan, small bool) error {
	if small {
		q, stats, err := shrinkPlan(cmd, p, 2*time.Minute)
		if err != nil {
			return fmt.Errorf("shrink the plan of %s: %w", c, err)
		}
		say(cmd.OutOrStdout(), "  shrunk: operations %d -> %d, faults %d -> %d in %d runs", stats.OpsBefore, stats.OpsAfter,
			stats.FaultsBefore, stats.FaultsAfter, stats.Runs)
		p = q
	}
	return writePlan(fmt.Sprintf("%s/%s.plan", folder, c), p)
}
