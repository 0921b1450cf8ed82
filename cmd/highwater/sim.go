package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/check"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

func init() { register(newSim) }

func newSim() *cobra.Command {
	cmd := group("sim", "Run the broker in the simulator: one seed, a sweep of seeds, a plan",
		newSimRun(), newSimSweep(), newSimReplay(), newSimShrink(), newSimEnumerate())
	cmd.AddCommand(canaryCommands()...)
	cmd.PersistentPreRun = func(*cobra.Command, []string) { collectAt(collectWorlds) }
	cmd.Long = `The simulator runs the very code of the broker over a disk, a network and a clock that it breaks from a seed, and judges
what clients saw. The same seed of the same build gives the same run, to the byte.

Exit codes: 0 sound, 11 a law is broken, 12 the run did not come to an end, 13 two runs of one seed differ.`
	return cmd
}

// judged runs a plan under every judge.
func judged(p *fault.Plan, opt world.Options) *world.Result {
	return check.Run(p, opt, check.Options{SearchWindows: true, Recovery: true})
}

// watching are the flags of commands that run one world.
type watching struct {
	trace   string
	history string
	plan    string
}

func (w *watching) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&w.trace, "trace", "", "write one line per step to this file (- for standard output)")
	cmd.Flags().StringVar(&w.history, "history", "", "write what the clients saw to this file, as NDJSON")
	cmd.Flags().StringVar(&w.plan, "plan", "", "write the plan, with its verdict, to this file")
}

// run executes the plan and writes what was asked for.
func (w *watching) run(cmd *cobra.Command, p *fault.Plan) (r *world.Result, wall time.Duration, err error) {
	opt := world.Options{Probes: true}
	if w.trace == "-" {
		opt.Trace = cmd.OutOrStdout()
	} else if w.trace != "" {
		var f *os.File
		if f, err = os.Create(w.trace); err != nil {
			return nil, 0, err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		opt.Trace = f
	}
	began := time.Now()
	r = judged(p, opt)
	wall = time.Since(began)
	if w.history != "" {
		world.Histories(r.History)
		if err := writeFile(w.history, func(f *os.File) error { return history.Write(f, r.History) }); err != nil {
			return nil, 0, err
		}
	}
	if w.plan != "" {
		q := *p
		q.Verdict = verdict(r)
		if err := writePlan(w.plan, &q); err != nil {
			return nil, 0, err
		}
	}
	return r, wall, nil
}

func newSimRun() *cobra.Command {
	var (
		out     output
		seed    uint64
		profile string
		watch   watching
	)
	cmd := &cobra.Command{
		Use:   "run --seed N",
		Short: "Run one seed",
		Example: `  highwater sim run --seed 7
  highwater sim run --seed 7 --profile rot --trace - | less
  highwater sim run --seed 7 --history h.ndjson && highwater check h.ndjson`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := world.Generate(seed, profile)
			if err != nil {
				return usage("sim run: %w", err)
			}
			r, wall, err := watch.run(cmd, p)
			if err != nil {
				return err
			}
			return printRun(cmd, &out, r, wall)
		},
	}
	out.flag(cmd)
	watch.flags(cmd)
	cmd.Flags().Uint64Var(&seed, "seed", 1, "the seed")
	cmd.Flags().StringVar(&profile, "profile", "", "which faults are drawn: "+strings.Join(fault.Profiles(), ", "))
	return cmd
}

func newSimReplay() *cobra.Command {
	var (
		out    output
		watch  watching
		strict bool
	)
	cmd := &cobra.Command{
		Use:   "replay PLAN",
		Short: "Run a plan file",
		Long: `replay runs a plan without drawing anything anew. Faults that no longer come about are named: a plan whose faults do not
fire proves nothing. With --strict the digest must be the one that the plan's verdict line holds.`,
		Example: `  highwater sim replay failing.plan --trace - | less`,
		Args:    exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := readPlan(args[0])
			if err != nil {
				return err
			}
			r, wall, err := watch.run(cmd, p)
			if err != nil {
				return err
			}
			for _, id := range r.Stale {
				say(cmd.ErrOrStderr(), "stale: fault %d did not fire", id)
			}
			if got := verdict(r); strict && (p.Verdict == nil || p.Verdict.Digest != got.Digest) {
				return withCode(exitNondeterminism, "%s: digest %s is not the plan's", args[0], got.Digest)
			}
			return printRun(cmd, &out, r, wall)
		},
	}
	out.flag(cmd)
	watch.flags(cmd)
	cmd.Flags().BoolVar(&strict, "strict", false, "demand the digest of the plan's verdict")
	return cmd
}

// runReport is one run as JSON.
type runReport struct {
	Seed      uint64   `json:"seed"`
	Digest    string   `json:"digest"`
	Events    uint64   `json:"events"`
	Simulated float64  `json:"simulated_s"`
	Wall      float64  `json:"wall_s"`
	Acked     int      `json:"acked"`
	Crashes   int      `json:"crashes"`
	Faults    int      `json:"faults"`
	Stale     []int    `json:"stale"`
	Label     string   `json:"label"`
	Ended     string   `json:"ended,omitempty"`
	Verdict   string   `json:"verdict"`
	Oracle    string   `json:"oracle,omitempty"`
	Text      string   `json:"text,omitempty"`
	Event     uint64   `json:"event,omitempty"`
	Probes    []string `json:"probes"`

	Struck  map[string]int `json:"faults_by_kind"`
	Excused map[string]int `json:"excuses"`

	Costs map[string]int `json:"step_costs"` // of the costliest step, by kind of event
}

// printRun prints one run and turns its verdict into an exit code.
func printRun(cmd *cobra.Command, out *output, r *world.Result, wall time.Duration) error {
	w := cmd.OutOrStdout()
	if out.json() {
		report := runReport{
			Seed: r.Seed, Digest: verdict(r).Digest, Events: r.Events, Simulated: simulated(r), Wall: wall.Seconds(), Acked: r.Acked,
			Crashes: r.Crashes, Faults: r.Faults, Stale: r.Stale, Label: r.Label, Ended: r.Ended, Verdict: r.Verdict,
			Oracle: r.Oracle, Text: r.Text, Event: r.Event, Probes: r.Probes, Costs: costReport(r.Costs),
			Struck: r.Struck, Excused: r.Excused,
		}
		if err := out.print(w, report, nil); err != nil {
			return err
		}
	} else {
		if r.Ended != "" {
			say(w, "ended: %s", r.Ended)
		}
		if r.Text != "" {
			say(w, "%s: %s", r.Oracle, r.Text)
		}
		say(w, "label=%s acked=%d crashes=%d faults=%d stale=%d probes=%d", r.Label, r.Acked, r.Crashes, r.Faults, len(r.Stale),
			len(r.Probes))
		say(w, "faults by kind: %s; excuses: %s", counted(r.Struck), counted(r.Excused))
		say(w, "costliest steps: %s", world.CostText(r.Costs))
		line := fmt.Sprintf("seed=%d digest=%016x events=%d simulated=%.3f wall=%.3f verdict=%s", r.Seed, r.Digest, r.Events,
			simulated(r), wall.Seconds(), r.Verdict)
		if r.Oracle != "" {
			line += " oracle=" + r.Oracle
		}
		say(w, "%s", line)
	}
	return failure(r)
}

// failure is the error of a run that was not sound.
func failure(r *world.Result) error {
	switch {
	case r.Verdict == world.VerdictOK:
		return nil
	case r.Oracle == "liveness":
		return withCode(exitStuck, "seed %d does not come to an end", r.Seed)
	}
	return withCode(exitIncorrect, "seed %d breaks %s", r.Seed, r.Oracle)
}

func simulated(r *world.Result) float64 { return float64(r.Simulated) / 1e9 }

// verdict is the last line of a plan that was run.
func verdict(r *world.Result) *fault.Verdict {
	return &fault.Verdict{
		Verdict: r.Verdict, Oracle: r.Oracle, Text: r.Text, Event: r.Event, Digest: fmt.Sprintf("%016x", r.Digest), Stale: r.Stale,
	}
}

func readPlan(name string) (*fault.Plan, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	p, err := fault.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

func writePlan(name string, p *fault.Plan) error {
	return writeFile(name, func(f *os.File) error { return fault.Write(f, p) })
}

// writeFile makes a file, and the folder it lies in, and says so if its bytes did not get there.
func writeFile(name string, write func(*os.File) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close() // the first error is the one to tell
		return fmt.Errorf("write %s: %w", name, err)
	}
	return f.Close()
}

// seedRange reads "7" or "1-10000".
func seedRange(text string) (from, to uint64, err error) {
	a, b, both := strings.Cut(text, "-")
	if !both {
		b = a
	}
	from, err = strconv.ParseUint(a, 10, 64)
	if err == nil {
		to, err = strconv.ParseUint(b, 10, 64)
	}
	if err != nil || from > to {
		return 0, 0, usage("--seeds is N or A-B with A not above B, not %q", text)
	}
	return from, to, nil
}
