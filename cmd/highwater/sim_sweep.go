package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/check"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/probe"
	"github.com/highwater-log/highwater/sim/sweep"
	"github.com/highwater-log/highwater/sim/world"
)

// sampled runs a plan under the judges that every run has; the dear ones watch a fixed share of the seeds.
func sampled(p *fault.Plan) *world.Result {
	seed := p.Header.Seed
	return check.Run(p, world.Options{Probes: true}, check.Options{SearchWindows: seed%16 == 0, Recovery: seed%4 == 0})
}

// sweepReport is a sweep as JSON.
type sweepReport struct {
	Seeds        int            `json:"seeds"`
	Failed       int            `json:"failed"`
	Acked        int            `json:"acked"`
	Crashes      int            `json:"crashes"`
	Faults       int            `json:"faults"`
	Stale        int            `json:"stale"`
	Detect       int            `json:"detect"`
	Ended        int            `json:"ended"`
	Events       uint64         `json:"events"`
	Simulated    float64        `json:"simulated_s"`
	CPU          float64        `json:"cpu_s"`
	Wall         float64        `json:"wall_s"`
	EventsPerSec float64        `json:"events_per_s"`
	Failures     []string       `json:"failures"`
	Probes       map[string]int `json:"probes"`
	Labels       map[string]int `json:"labels"`
	Struck       map[string]int `json:"faults_by_kind"`
	Excused      map[string]int `json:"excuses"`
	Cold         []string       `json:"cold_probes"` // that were not reached, and that nothing explains
	Costs        map[string]int `json:"step_costs"`  // of the costliest step, by kind of event
}

func newSimSweep() *cobra.Command {
	var (
		out      output
		seeds    string
		profile  string
		jobs     int
		budget   time.Duration
		keep     string
		digests  bool
		probes   bool
		noCold   bool
		failures []string
	)
	cmd := &cobra.Command{
		Use:   "sweep --seeds A-B",
		Short: "Run many seeds",
		Example: `  highwater sim sweep --seeds 1-10000
  highwater sim sweep --seeds 1-1000000 --for 10m --keep failing/`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, to, err := seedRange(seeds)
			if err != nil {
				return err
			}
			began, cpu := time.Now(), cpuTime()
			progress := newProgress(cmd.ErrOrStderr(), to-from+1)
			stats, err := sweep.Seeds(sweep.Config{
				From: from, To: to, Jobs: jobs, Profile: profile, Run: sampled,
				GoOn: func() bool { return (budget == 0 || time.Since(began) < budget) && cmd.Context().Err() == nil },
				OnResult: func(p *fault.Plan, r *world.Result) {
					if digests {
						say(cmd.OutOrStdout(), "seed=%d digest=%016x", r.Seed, r.Digest)
					}
					if r.Verdict != world.VerdictOK {
						failures = append(failures, r.Line()+" "+r.Text)
						progress.clear()
						say(cmd.ErrOrStderr(), "%s\n  %s\n  highwater sim run --seed %d%s --trace -", r.Line(), r.Text, r.Seed, profileFlag(profile))
						keepPlan(cmd.ErrOrStderr(), keep, p, r)
					}
					progress.step()
				},
			})
			if err != nil {
				return usage("sim sweep: %w", err)
			}
			progress.clear()
			report := sweepReport{
				Seeds: stats.Seeds, Failed: stats.Failed, Acked: stats.Acked, Crashes: stats.Crashes, Faults: stats.Faults, Stale: stats.Stale,
				Detect: stats.Detect, Ended: stats.Ended, Events: stats.Events, Simulated: float64(stats.Simulated) / 1e9,
				CPU: (cpuTime() - cpu).Seconds(), Wall: time.Since(began).Seconds(), Failures: failures, Probes: stats.Probes,
				Costs: costReport(stats.Costs), Labels: stats.Labels, Struck: stats.Struck, Excused: stats.Excused, Cold: probe.Cold(stats.Probes),
			}
			report.EventsPerSec = float64(report.Events) / report.Wall
			if err := out.print(cmd.OutOrStdout(), report, func(w io.Writer) { report.text(w, &stats, probes) }); err != nil {
				return err
			}
			if noCold && len(report.Cold) > 0 {
				say(cmd.ErrOrStderr(), "cold: %s", strings.Join(report.Cold, " "))
			}
			if stats.Failed > 0 {
				return withCode(exitIncorrect, "%d of %d seeds failed", stats.Failed, stats.Seeds)
			}
			if noCold && len(report.Cold) > 0 {
				return withCode(exitFinding, "%d of %d probes are cold", len(report.Cold), len(probe.Names))
			}
			return nil
		},
	}
	out.flag(cmd)
	cmd.Flags().StringVar(&seeds, "seeds", "1-1000", "range of seeds, both included")
	cmd.Flags().StringVar(&profile, "profile", "", "which faults are drawn: "+strings.Join(fault.Profiles(), ", "))
	cmd.Flags().IntVar(&jobs, "jobs", runtime.GOMAXPROCS(0), "worlds at a time")
	cmd.Flags().DurationVar(&budget, "for", 0, "begin no further seed after this long")
	cmd.Flags().StringVar(&keep, "keep", "", "write the plans of failing seeds into this folder")
	cmd.Flags().BoolVar(&digests, "digests", false, "print the digest of every seed, to compare two sweeps")
	cmd.Flags().BoolVar(&probes, "probes", false, "print how many runs reached each rare branch, 0 included")
	cmd.Flags().BoolVar(&noCold, "no-cold", false, "fail if a rare branch was reached by no run, unless sim/probe explains it")
	return cmd
}

func (r *sweepReport) text(w io.Writer, stats *sweep.Stats, probes bool) {
	if probes {
		for _, name := range probe.Names {
			say(w, "probe %-40s %d", name, stats.Probes[name])
		}
		say(w, "cold probes: %s", cmp.Or(strings.Join(r.Cold, " "), "none"))
	}
	n := float64(max(1, r.Seeds))
	say(w, "per seed: acked=%.0f crashes=%.1f faults=%.1f stale=%.1f cpu=%.4f; acked per simulated second=%.0f; detect=%d ended=%d probes=%d cold=%d",
		float64(r.Acked)/n, float64(r.Crashes)/n, float64(r.Faults)/n, float64(r.Stale)/n, r.CPU/n, float64(r.Acked)/max(r.Simulated, 1e-9),
		r.Detect, r.Ended, len(r.Probes), len(r.Cold))
	say(w, "labels: %s; excuses: %s", counted(r.Labels), counted(r.Excused))
	say(w, "faults by kind: %s", counted(r.Struck))
	say(w, "costliest steps: %s", world.CostText(stats.Costs))
	say(w, "seeds=%d failed=%d acked=%d faults=%d simulated=%.3f cpu=%.3f wall=%.3f events_per_s=%.0f",
		r.Seeds, r.Failed, r.Acked, r.Faults, r.Simulated, r.CPU, r.Wall, r.EventsPerSec)
}

// costReport is the costliest step of each kind of event, by the name of the kind.
func costReport(costs []int) map[string]int {
	named := map[string]int{}
	for kind, cost := range costs {
		if cost > 0 {
			named[event.Kind(kind).String()] = cost
		}
	}
	return named
}

// counted renders counts by name: kill=17 rot=2.
func counted(m map[string]int) string {
	if len(m) == 0 {
		return "none"
	}
	var out []string
	for _, name := range sortedKeys(m) {
		out = append(out, fmt.Sprintf("%s=%d", name, m[name]))
	}
	return strings.Join(out, " ")
}

func profileFlag(profile string) string {
	if profile == "" {
		return ""
	}
	return " --profile " + profile
}

func keepPlan(w io.Writer, folder string, p *fault.Plan, r *world.Result) {
	if folder == "" {
		return
	}
	q := *p
	q.Verdict = verdict(r)
	name := fmt.Sprintf("%s/seed-%d.plan", folder, r.Seed)
	if err := writePlan(name, &q); err != nil {
		say(w, "%v", err)
		return
	}
	say(w, "  highwater sim shrink %s", name)
}

// cpuTime is the processor time of this process so far, user and system.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
