package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// alteration is what topic alter is asked for.
type alteration struct {
	partitions   int32
	set          []string
	remove       []string
	validateOnly bool
}

func newTopicAlter() *cobra.Command {
	var c client
	var a alteration
	cmd := &cobra.Command{
		Use:   "alter TOPIC",
		Short: "Add partitions to a topic, change its configuration",
		Long: `alter changes a topic while it is used. Everything is checked before anything is changed. Partitions are never taken away;
records stay where they are, so keys may go to other partitions than before. A configuration holds for every batch that is sent
after the command has ended.`,
		Example: `  highwater topic alter orders --partitions 12
  highwater topic alter orders --config max.message.bytes=2097152 --delete-config segment.bytes
  highwater topic alter orders --config min.insync.replicas=2 --validate-only`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			changes, err := a.changes(cmd)
			if err != nil {
				return err
			}
			return c.ask(cmd.Context(), func(ctx context.Context, admin *kadm.Client) error {
				return a.run(ctx, &c, admin, cmd.OutOrStdout(), args[0], changes)
			})
		},
	}
	c.flags(cmd)
	cmd.Flags().Int32VarP(&a.partitions, "partitions", "p", 0, "number of partitions afterwards, with those that are there")
	cmd.Flags().StringArrayVar(&a.set, "config", nil, "`KEY=VALUE` to set; may be repeated")
	cmd.Flags().StringArrayVar(&a.remove, "delete-config", nil, "`KEY` to set back to the broker's default; may be repeated")
	cmd.Flags().BoolVar(&a.validateOnly, "validate-only", false, "only tell whether the change would be accepted")
	return cmd
}

// changes are the configurations to change, in key order; what cannot be meant is a usage error.
func (a *alteration) changes(cmd *cobra.Command) ([]kadm.AlterConfig, error) {
	set, err := parseConfigs(a.set)
	if err != nil {
		return nil, err
	}
	if len(set) < len(a.set) {
		return nil, usage("--config gives one key twice")
	}
	var changes []kadm.AlterConfig
	for _, key := range slices.Sorted(maps.Keys(set)) {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: key, Value: set[key]})
	}
	for i, key := range a.remove {
		if _, both := set[key]; both || slices.Contains(a.remove[:i], key) {
			return nil, usage("configuration %q is named twice", key)
		}
		changes = append(changes, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: key})
	}
	grow := cmd.Flags().Changed("partitions")
	switch {
	case grow && a.partitions < 1:
		return nil, usage("--partitions %d: a topic has at least one", a.partitions)
	case !grow && len(changes) == 0:
		return nil, usage("nothing to change: give --partitions, --config or --delete-config")
	}
	return changes, nil
}

func (a *alteration) run(ctx context.Context, c *client, admin *kadm.Client, out io.Writer, topic string,
	changes []kadm.AlterConfig) error {
	// Two requests cannot be one change, but a refusal can come before both.
	if err := a.ask(ctx, c, topic, changes, admin.ValidateUpdatePartitions, admin.ValidateAlterTopicConfigs); err != nil {
		return err
	}
	if a.validateOnly {
		say(out, "%s could be altered so", topic)
		return nil
	}
	if err := a.ask(ctx, c, topic, changes, admin.UpdatePartitions, admin.AlterTopicConfigs); err != nil {
		return err
	}
	if a.partitions > 0 {
		say(out, "%s has %d partition(s)", topic, a.partitions)
	}
	for _, change := range changes {
		if change.Op == kadm.DeleteConfig {
			say(out, "%s: %s is the broker's default again", topic, change.Name)
		} else {
			say(out, "%s: %s=%s", topic, change.Name, *change.Value)
		}
	}
	return nil
}

// ask sends what is asked for, by the functions given: those that change, or those that only validate.
func (a *alteration) ask(ctx context.Context, c *client, topic string, changes []kadm.AlterConfig,
	grow func(context.Context, int, ...string) (kadm.CreatePartitionsResponses, error),
	alter func(context.Context, []kadm.AlterConfig, ...string) (kadm.AlterConfigsResponses, error)) error {
	if a.partitions > 0 {
		grown, err := grow(ctx, int(a.partitions), topic)
		if err == nil {
			err = explained(c, topic, grown[topic].Err, grown[topic].ErrMessage)
		}
		if err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		return nil
	}
	altered, err := alter(ctx, changes, topic)
	if err != nil {
		return err
	}
	for _, r := range altered {
		if err := explained(c, topic, r.Err, r.ErrMessage); err != nil {
			return err
		}
	}
	return nil
}

// explained is an error about a topic with the broker's own sentence.
func explained(c *client, topic string, err error, why string) error {
	if err == nil {
		return nil
	}
	told := c.explainTopic(err, topic)
	var code *kerr.Error
	if !errors.Is(told, err) || why == "" || !errors.As(err, &code) {
		return told
	}
	return fmt.Errorf("%s: %s", code.Message, why) // the code's general sentence would only mislead
}
