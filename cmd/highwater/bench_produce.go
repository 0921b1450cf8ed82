package main

import (
	"context"
	"errors"
	"io"

	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/spf13/cobra"
)

func newBenchProduce() *cobra.Command {
	l := &loading{}
	cmd := &cobra.Command{
		Use:   "produce",
		Short: "Measure how fast records become durable",
		Long: `Without -b it starts 'highwater serve' as a process of its own in a temporary directory, loads it, stops it and
removes everything. Before and after, it measures what this machine can do at best: durable 1 MiB writes to written
blocks of the same file system, and TCP over loopback. The ratio is to the lower of the two.

The raw client encodes its batches before the clock runs and pipelines them, so that the figure is the server's; kgo is
franz-go as its users use it, and its cost is stated beside. A rate is of bytes of values that were acknowledged in the
window. With --rate, requests are sent at fixed times and latency counts from those, not from when the client got
around to it.

With one connection and one request in flight the floor is printed too: a durable 4 KiB write and a loopback round trip.

Records carry a chain of hashes. With --verify everything is read back and compared with what was acknowledged: what is
lost, doubled, reordered or altered is named, and the exit code is 11.`,
		Example: `  highwater bench produce
  highwater bench produce --partitions 1000 --batch-size 16KiB --data /var/lib/highwater --output json
  highwater bench produce --rate 500MB --verify                                          latency at half load
  highwater bench produce --connections 1 --in-flight 1 --record-size 1024 --batch-size 1KiB
  highwater bench produce -b 127.0.0.1:9092 --client kgo -z zstd --server-pid $(cat highwater-data/lock)`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := l.check(cmd.Flags()); err != nil {
				return err
			}
			l.progress = cmd.ErrOrStderr()
			facts, v, err := l.produce(cmd.Context())
			if err = l.close(err); err != nil {
				return err
			}
			return errors.Join(chainVerdict(v), l.print(cmd.OutOrStdout(), facts, func(w io.Writer) { printFacts(w, facts) }))
		},
	}
	l.flags(cmd)
	return cmd
}

func (l *loading) produce(ctx context.Context) (*load.Facts, *load.Verifier, error) {
	if err := l.open(ctx, false); err != nil {
		return nil, nil, err
	}
	if err := l.prepare(ctx); err != nil {
		return nil, nil, err
	}
	run, err := l.producers(ctx)
	if err != nil {
		return nil, nil, l.explain(err)
	}
	result, cost, err := l.do(ctx, run, "acknowledged", l.window())
	if err == nil {
		if err = run.End(ctx, l.verify || l.keep); err != nil {
			err = l.explain(err)
		}
	}
	facts := l.facts("produce")
	factsOfProcess(facts, l)
	if err = errors.Join(err, run.Close()); err != nil {
		return nil, nil, err
	}
	facts.Measured(result, cost)
	facts.Acknowledged = result.Total.Records
	var v *load.Verifier
	if l.verify {
		if v, err = l.readBack(ctx, result.Chains); err != nil {
			return nil, nil, err
		}
		factsOfChains(facts, v)
	}
	if err := l.finish(ctx); err != nil {
		return nil, nil, err
	}
	factsOfLimits(facts, l.limits)
	return facts, v, nil
}
