package main

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/spf13/cobra"
)

// consumeLoad is one run of `bench consume`.
type consumeLoad struct {
	loading
	consumers int
	from      string
	fill      string
	there     bool // the topic is there
	fillBytes int64
}

// What is written before it is read: what a broker keeps in memory, and much more than that.
const (
	fillMemory = "24MiB"
	fillDisk   = "2GiB"
)

func newBenchConsume() *cobra.Command {
	l := &consumeLoad{}
	cmd := &cobra.Command{
		Use:   "consume",
		Short: "Measure how fast records are read, from memory or from disk",
		Long: `It fills a topic and reads it. --from disk writes much and reads it once from its start, as a consumer that catches
up; the server that was started here is stopped and started in between, so that it holds nothing in memory. --from
memory writes little and reads it again and again, as consumers at the tail do.

The ratio is to the lower of loopback TCP and, from disk, 1 MiB reads; both are measured before and after.

--verify (the default here) follows the chain of hashes in the records: what is lost, doubled, reordered or altered is
named, and the exit code is 11. From memory the first pass is verified. With --existing nothing is written: the topic
must have been made by 'bench produce --keep'.`,
		Example: `  highwater bench consume
  highwater bench consume --from memory --consumers 4 --partitions 4
  highwater bench consume --fill 16GiB --client kgo --output json
  highwater bench produce -b 127.0.0.1:9092 --topic mine --keep && highwater bench consume -b 127.0.0.1:9092 --topic mine --existing`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := l.check(cmd); err != nil {
				return err
			}
			l.progress = cmd.ErrOrStderr()
			facts, v, err := l.consume(cmd.Context())
			if err = l.close(err); err != nil {
				return err
			}
			return errors.Join(chainVerdict(v), l.print(cmd.OutOrStdout(), facts, func(w io.Writer) { printFacts(w, facts) }))
		},
	}
	l.flags(cmd)
	f := cmd.Flags()
	f.IntVar(&l.consumers, "consumers", 4, "connections that read: each a part of the partitions, or the same where there are fewer")
	f.StringVar(&l.from, "from", "disk", "where the records come from: memory (read again and again) or disk (read once, from the start)")
	f.StringVar(&l.fill, "fill", "", "bytes of values to write before (default "+fillMemory+" for memory, "+fillDisk+" for disk)")
	f.BoolVar(&l.there, "existing", false, "with -b and --topic: read what is there and write nothing")
	if v := f.Lookup("verify"); v != nil {
		v.DefValue, v.Usage = "true", "follow the chain of hashes in the records"
		l.verify = true
	}
	return cmd
}

func (l *consumeLoad) check(cmd *cobra.Command) error {
	if l.from != "memory" && l.from != "disk" {
		return usage("--from is memory or disk, not %q", l.from)
	}
	if l.consumers < 1 || l.consumers > 1000 {
		return usage("--consumers is a number from 1 to 1000, not %d", l.consumers)
	}
	if l.there && (len(l.bootstrap) == 0 || l.topic == "") {
		return usage("--existing goes with -b and --topic")
	}
	if l.fill == "" {
		l.fill = map[string]string{"memory": fillMemory, "disk": fillDisk}[l.from]
	}
	n, err := sizeFlag("fill", l.fill, 1, 1<<44)
	if err != nil {
		return err
	}
	l.fillBytes = int64(n)
	if l.there {
		l.keep = true
	}
	return l.loading.check(cmd.Flags())
}

func (l *consumeLoad) consume(ctx context.Context) (*load.Facts, *load.Verifier, error) {
	if err := l.open(ctx, true); err != nil {
		return nil, nil, err
	}
	var wrote []load.Chain
	if l.there {
		if err := l.plan.Prepare(ctx, false); err != nil {
			return nil, nil, l.explain(err)
		}
	} else {
		var err error
		if wrote, err = l.write(ctx); err != nil {
			return nil, nil, err
		}
	}
	if l.from == "disk" && len(l.bootstrap) == 0 {
		if err := l.restart(ctx); err != nil {
			return nil, nil, err
		}
	}
	ends, err := l.plan.Ends(ctx)
	if err != nil {
		return nil, nil, l.explain(err)
	}
	reading := &load.Reading{Consumers: l.consumers, Verify: l.verify, Again: l.from == "memory", Ends: ends}
	run, err := l.loading.consumers(ctx, reading)
	if err != nil {
		return nil, nil, l.explain(err)
	}
	window := load.Window{Begin: load.Now(), End: math.MaxInt64}
	if reading.Again {
		window = l.window()
	}
	result, cost, err := l.do(ctx, run, "read", window)
	facts := l.facts("consume")
	facts.Consumers, facts.From = l.consumers, l.from
	factsOfProcess(facts, &l.loading)
	if err = errors.Join(err, run.Close()); err != nil {
		return nil, nil, err
	}
	facts.Measured(result, cost)
	facts.Latency = nil // how old what was read is
	var v *load.Verifier
	if l.verify {
		v = judgeChains(result.Verifiers, wrote)
		factsOfChains(facts, v)
	}
	if err := l.finish(ctx); err != nil {
		return nil, nil, err
	}
	factsOfLimits(facts, l.limits)
	if l.from == "memory" {
		onlyLoopback(facts)
	}
	return facts, v, nil
}

// write fills the topic, by the raw client whichever reads.
func (l *consumeLoad) write(ctx context.Context) ([]load.Chain, error) {
	if err := l.prepare(ctx); err != nil {
		return nil, err
	}
	plan := l.plan
	plan.Most, plan.Rate = l.fillBytes, 0
	plan.InFlight = max(4, plan.InFlight)
	run, err := load.NewProducers(ctx, &plan)
	if err != nil {
		return nil, l.explain(err)
	}
	result, _, err := l.do(ctx, run, "written", load.Window{Begin: load.Now(), End: math.MaxInt64})
	if err == nil {
		if err = run.End(ctx, true); err != nil {
			err = l.explain(err)
		}
	}
	if err = errors.Join(err, run.Close()); err != nil {
		return nil, err
	}
	return result.Chains, nil
}

// restart makes the server forget what it holds in memory.
func (l *consumeLoad) restart(ctx context.Context) error {
	if err := l.stop(); err != nil {
		return err
	}
	if err := l.start(ctx); err != nil {
		return err
	}
	return l.explain(l.plan.Prepare(ctx, false))
}

// onlyLoopback makes loopback the limit: what comes from memory meets no disk.
func onlyLoopback(f *load.Facts) {
	if f.Limit != nil {
		ratio := f.BytesPerS / *f.Loopback
		f.Limit, f.LimitName, f.Ratio = f.Loopback, "loopback", &ratio
	}
}
