package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/highwater-log/highwater/core/event"
)

// trimFacts are what became of one partition: Start is where its log begins from now on, -1 with an error.
type trimFacts struct {
	Partition int32  `json:"partition"`
	Start     int64  `json:"start"`
	Error     string `json:"error,omitempty"`
}

func newTopicDeleteRecords() *cobra.Command {
	var c client
	var out output
	var before string
	var partitions []int32
	cmd := &cobra.Command{
		Use:   "delete-records TOPIC --before OFFSET|end",
		Short: "Delete the oldest records of a topic: its log begins at a later offset, for ever",
		Example: `  highwater topic delete-records orders --before 1200 --partition 0
  highwater topic delete-records orders --before end      everything that is committed, in every partition`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			offset, err := parseBefore(before)
			if err != nil {
				return err
			}
			return c.ask(cmd.Context(), func(ctx context.Context, admin *kadm.Client) error {
				facts, err := deleteRecords(ctx, admin, args[0], offset, partitions)
				if err != nil {
					return c.explainTopic(err, args[0])
				}
				if err := out.print(cmd.OutOrStdout(), facts, func(w io.Writer) { printTrims(w, facts) }); err != nil {
					return err
				}
				failed := slices.IndexFunc(facts, func(f trimFacts) bool { return f.Error != "" })
				if failed >= 0 {
					return withCode(exitError, "partition %d of %s: %s", facts[failed].Partition, args[0], facts[failed].Error)
				}
				return nil
			})
		},
	}
	c.flags(cmd)
	out.flag(cmd)
	cmd.Flags().StringVar(&before, "before", "", "the `OFFSET` below which records go, or end for the high watermark")
	cmd.Flags().Int32SliceVarP(&partitions, "partition", "p", nil, "only these partitions (default: all)")
	return cmd
}

func parseBefore(text string) (int64, error) {
	if text == "end" {
		return event.HighWatermark, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, usage("--before %q is neither an offset nor end", text)
	}
	return n, nil
}

// deleteRecords asks the leaders of the partitions, all of the topic's if none is named.
func deleteRecords(ctx context.Context, admin *kadm.Client, topic string, offset int64, partitions []int32) ([]trimFacts, error) {
	found, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return nil, err
	}
	if err := found[topic].Err; err != nil {
		return nil, err
	}
	if len(partitions) == 0 {
		partitions = found[topic].Partitions.Numbers()
	}
	asked := make(kadm.Offsets)
	for _, p := range partitions {
		if _, ok := found[topic].Partitions[p]; !ok {
			return nil, usage("topic %s has no partition %d", topic, p)
		}
		asked.Add(kadm.Offset{Topic: topic, Partition: p, At: offset, LeaderEpoch: -1})
	}
	answers, err := admin.DeleteRecords(ctx, asked)
	if err != nil {
		return nil, err
	}
	facts := make([]trimFacts, 0, len(partitions))
	for _, p := range asked.Sorted() {
		f := trimFacts{Partition: p.Partition, Start: -1}
		switch r, ok := answers.Lookup(topic, p.Partition); {
		case !ok:
			f.Error = "no answer"
		case errors.Is(r.Err, kerr.OffsetOutOfRange):
			f.Error = "the offset is above the end of what is committed: " + r.Err.Error()
		case r.Err != nil:
			f.Error = r.Err.Error()
		default:
			f.Start = r.LowWatermark
		}
		facts = append(facts, f)
	}
	return facts, nil
}

func printTrims(w io.Writer, facts []trimFacts) {
	table(w, func(row func(cells ...any)) {
		row("PARTITION", "START", "ERROR")
		for _, f := range facts {
			row(f.Partition, f.Start, f.Error)
		}
	})
}
