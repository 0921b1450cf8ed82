package main

import (
	"context"
	"errors"
	"io"

	"github.com/highwater-log/highwater/cmd/highwater/load"
	"github.com/spf13/cobra"
)

// e2eLoad is one run of `bench e2e`.
type e2eLoad struct {
	loading
	consumers int
}

func newBenchE2E() *cobra.Command {
	l := &e2eLoad{}
	cmd := &cobra.Command{
		Use:   "e2e",
		Short: "Measure how long records take from a producer to a waiting consumer",
		Long: `Producers send at a fixed rate, consumers wait at the end of the log. The latency is from when a batch (with kgo: a
record) was to be sent until its consumer has it; how long the acknowledgement took is told beside. Both are of one
process and one clock; the server is another one.`,
		Example: `  highwater bench e2e
  highwater bench e2e --rate 100MB --batch-size 16KiB --partitions 10 --verify
  highwater bench e2e --client kgo --rate 1MB --batch-size 1KiB --output json`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if l.consumers < 1 || l.consumers > 1000 {
				return usage("--consumers is a number from 1 to 1000, not %d", l.consumers)
			}
			if err := l.check(cmd.Flags()); err != nil {
				return err
			}
			if l.plan.Compressed && l.kind == "raw" {
				return usage("--compression goes with --client kgo here: the raw client cannot write times into compressed batches")
			}
			l.progress = cmd.ErrOrStderr()
			facts, v, err := l.run(cmd.Context())
			if err = l.close(err); err != nil {
				return err
			}
			return errors.Join(chainVerdict(v), l.print(cmd.OutOrStdout(), facts, func(w io.Writer) { printFacts(w, facts) }))
		},
	}
	l.flags(cmd)
	f := cmd.Flags()
	f.IntVar(&l.consumers, "consumers", 1, "connections that read: each a part of the partitions, or the same where there are fewer")
	l.rate, l.batchSize, l.connections = "10MB", "16KiB", 1
	f.Lookup("rate").DefValue, f.Lookup("batch-size").DefValue, f.Lookup("connections").DefValue = l.rate, l.batchSize, "1"
	f.Lookup("rate").Usage = "bytes of values to send in a second, such as 200MB, at fixed times"
	return cmd
}

func (l *e2eLoad) run(ctx context.Context) (*load.Facts, *load.Verifier, error) {
	if err := l.open(ctx, false); err != nil {
		return nil, nil, err
	}
	if err := l.prepare(ctx); err != nil {
		return nil, nil, err
	}
	reading := &load.Reading{Consumers: l.consumers, Follow: true, Ends: map[int32]int64{}}
	readers, err := l.loading.consumers(ctx, reading)
	if err != nil {
		return nil, nil, l.explain(err)
	}
	writers, err := l.producers(ctx)
	if err != nil {
		return nil, nil, errors.Join(l.explain(err), readers.Close())
	}
	window := l.window()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var read *load.Result
	var readErr error
	done := make(chan struct{})
	go func() {
		defer close(done)
		if read, readErr = readers.Do(ctx, window); readErr != nil {
			cancel(readErr)
		}
	}()
	wrote, cost, err := l.do(ctx, writers, "acknowledged", window)
	if err != nil {
		cancel(err)
	}
	<-done
	if err == nil && readErr != nil {
		err = l.explain(readErr)
	}
	if err == nil {
		if err = writers.End(ctx, l.verify || l.keep); err != nil {
			err = l.explain(err)
		}
	}
	facts := l.facts("e2e")
	facts.Consumers = l.consumers
	factsOfProcess(facts, &l.loading)
	if err = errors.Join(err, writers.Close(), readers.Close()); err != nil {
		return nil, nil, err
	}
	facts.Measured(wrote, cost)
	facts.Acknowledged = wrote.Total.Records
	facts.Ack, facts.Latency = facts.Latency, load.QuantilesOf(&read.Latency)
	var v *load.Verifier
	if l.verify {
		if v, err = l.readBack(ctx, wrote.Chains); err != nil {
			return nil, nil, err
		}
		factsOfChains(facts, v)
	}
	if err := l.finish(ctx); err != nil {
		return nil, nil, err
	}
	factsOfLimits(facts, l.limits)
	facts.FloorRatio, facts.Floor = nil, nil
	return facts, v, nil
}
