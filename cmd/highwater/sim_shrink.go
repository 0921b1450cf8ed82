package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/shrink"
	"github.com/highwater-log/highwater/sim/sweep"
	"github.com/highwater-log/highwater/sim/world"
)

func newSimShrink() *cobra.Command {
	var (
		to     string
		budget time.Duration
	)
	cmd := &cobra.Command{
		Use:   "shrink PLAN",
		Short: "Make a failing plan small",
		Long: `shrink takes operations, faults and sizes out of a failing plan as long as it fails the same way: the same judge, the same
message. It refuses a plan of which two runs differ (exit code 13).`,
		Example: `  highwater sim run --seed 7 --plan seed-7.plan; highwater sim shrink seed-7.plan
  highwater sim replay seed-7.min.plan --trace -`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := readPlan(args[0])
			if err != nil {
				return err
			}
			if to == "" {
				to = strings.TrimSuffix(args[0], ".plan") + ".min.plan"
			}
			small, stats, err := shrinkPlan(cmd, p, budget)
			switch {
			case errors.Is(err, shrink.ErrUnstable):
				return withCode(exitNondeterminism, "%s: %w", args[0], err)
			case err != nil:
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := writePlan(to, small); err != nil {
				return err
			}
			say(cmd.OutOrStdout(), "%s: operations %d -> %d, faults %d -> %d in %d runs: %s: %s", to, stats.OpsBefore, stats.OpsAfter,
				stats.FaultsBefore, stats.FaultsAfter, stats.Runs, small.Verdict.Oracle, small.Verdict.Text)
			return nil
		},
	}
	cmd.Flags().StringVarP(&to, "to", "o", "", "file for the small plan (default: PLAN with .min before its ending)")
	cmd.Flags().DurationVar(&budget, "for", 2*time.Minute, "stop after this long with the smallest plan so far")
	return cmd
}

func shrinkPlan(cmd *cobra.Command, p *fault.Plan, budget time.Duration) (*fault.Plan, shrink.Stats, error) {
	began := time.Now()
	return shrink.Shrink(p,
		func(q *fault.Plan) fault.Verdict { return *verdict(judged(q, world.Options{})) },
		func() bool { return time.Since(began) < budget && cmd.Context().Err() == nil })
}

// enumerateReport is an enumeration as JSON.
type enumerateReport struct {
	CrashPoints int            `json:"crash_points"`
	Failed      int            `json:"failed"`
	ByPoint     map[string]int `json:"by_point"`
}

func newSimEnumerate() *cobra.Command {
	var seed uint64
	var out output
	cmd := &cobra.Command{
		Use:   "enumerate",
		Short: "Crash a small scenario at every step",
		Long: `enumerate runs one small scenario once for every step at which its node can be ended: before and after each disk operation is
submitted, when it is done, after each event is applied, before and after each reply; each by a kill, and by power cuts that
leave nothing, some or all of what was not flushed. Nothing is sampled; the count is printed.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var first *sweep.Enumerated
			report := enumerateReport{ByPoint: map[string]int{}}
			var err error
			report.CrashPoints, err = sweep.Enumerate(seed, func(p *fault.Plan) *world.Result { return judged(p, world.Options{}) },
				func(e sweep.Enumerated) bool {
					report.ByPoint[string(e.Point)]++
					if e.Result.Verdict != world.VerdictOK {
						if report.Failed++; first == nil {
							first = &e
						}
					}
					return cmd.Context().Err() == nil
				})
			if err != nil {
				return err
			}
			err = out.print(cmd.OutOrStdout(), report, func(w io.Writer) {
				for _, point := range sortedKeys(report.ByPoint) {
					say(cmd.ErrOrStderr(), "%-10s %d", point, report.ByPoint[point])
				}
				say(w, "crash points=%d failed=%d", report.CrashPoints, report.Failed)
			})
			if err != nil {
				return err
			}
			if first != nil {
				return withCode(exitIncorrect, "crash at %s number %d by %s: %s: %s", first.Point, first.Nth, first.Plan.Faults[0].Do,
					first.Result.Oracle, first.Result.Text)
			}
			return nil
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "draws delays and identities of the scenario")
	out.flag(cmd)
	return cmd
}
