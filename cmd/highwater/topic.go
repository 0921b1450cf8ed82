package main

import (
	"context"
	"encoding/base64"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
)

func init() {
	register(func() *cobra.Command {
		return group("topic", "Create, list, describe, alter and delete topics, and their oldest records",
			newTopicCreate(), newTopicList(), newTopicDescribe(), newTopicAlter(), newTopicDelete(), newTopicDeleteRecords())
	})
}

// topicFacts describe one topic.
type topicFacts struct {
	Name              string            `json:"name"`
	ID                string            `json:"id"` // as Kafka's tools print it
	Internal          bool              `json:"internal"`
	ReplicationFactor int               `json:"replication_factor"`
	Partitions        []partitionFacts  `json:"partitions"`
	Configs           map[string]string `json:"configs,omitempty"`
}

// partitionFacts describe one partition. Start and End are offsets; -1 if they could not be read.
type partitionFacts struct {
	Partition int32   `json:"partition"`
	Leader    int32   `json:"leader"`
	Epoch     int32   `json:"leader_epoch"`
	Replicas  []int32 `json:"replicas"`
	ISR       []int32 `json:"isr"`
	Start     int64   `json:"start"`
	End       int64   `json:"end"`
	Error     string  `json:"error,omitempty"`
}

func newTopicCreate() *cobra.Command {
	var c client
	var partitions int32
	var replicas int16
	var configs []string
	cmd := &cobra.Command{
		Use:   "create TOPIC",
		Short: "Create a topic",
		Example: `  highwater topic create orders --partitions 6
  highwater topic create orders --config max.message.bytes=2097152`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := parseConfigs(configs)
			if err != nil {
				return err
			}
			return c.ask(cmd.Context(), func(ctx context.Context, admin *kadm.Client) error {
				made, err := admin.CreateTopic(ctx, partitions, replicas, settings, args[0])
				if err == nil {
					err = made.Err
				}
				if err != nil {
					return explained(&c, args[0], err, made.ErrMessage)
				}
				say(cmd.OutOrStdout(), "created %s with %d partition(s), replication factor %d",
					args[0], made.NumPartitions, made.ReplicationFactor)
				return nil
			})
		},
	}
	c.flags(cmd)
	cmd.Flags().Int32VarP(&partitions, "partitions", "p", -1, "number of partitions; -1 for the broker's default")
	cmd.Flags().Int16VarP(&replicas, "replication-factor", "r", -1, "copies of each partition; -1 for the broker's default")
	cmd.Flags().StringArrayVar(&configs, "config", nil, "`KEY=VALUE` of the topic; may be repeated")
	return cmd
}

func parseConfigs(pairs []string) (map[string]*string, error) {
	configs := make(map[string]*string)
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, usage("--config %q is not KEY=VALUE", pair)
		}
		configs[key] = &value
	}
	return configs, nil
}

func newTopicList() *cobra.Command {
	var c client
	var out output
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the topics",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd.Context(), func(ctx context.Context, admin *kadm.Client) error {
				found, err := admin.ListTopics(ctx)
				if err != nil {
					return err
				}
				topics := make([]topicFacts, 0, len(found))
				for _, t := range found.Sorted() {
					topics = append(topics, describeTopic(t))
				}
				return out.print(cmd.OutOrStdout(), topics, func(w io.Writer) { printTopics(w, topics) })
			})
		},
	}
	c.flags(cmd)
	out.flag(cmd)
	return cmd
}

func printTopics(w io.Writer, topics []topicFacts) {
	if len(topics) == 0 {
		say(w, "no topics")
		return
	}
	table(w, func(row func(cells ...any)) {
		row("TOPIC", "PARTITIONS", "REPLICAS")
		for _, t := range topics {
			row(t.Name, len(t.Partitions), t.ReplicationFactor)
		}
	})
}

func newTopicDescribe() *cobra.Command {
	var c client
	var out output
	cmd := &cobra.Command{
		Use:   "describe TOPIC",
		Short: "Describe a topic: partitions, leaders, offsets, configuration",
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), func(ctx context.Context, admin *kadm.Client) error {
				t, err := describeWhole(ctx, admin, args[0])
				if err != nil {
					return c.explainTopic(err, args[0])
				}
				return out.print(cmd.OutOrStdout(), t, func(w io.Writer) { printTopic(w, t) })
			})
		},
	}
	c.flags(cmd)
	out.flag(cmd)
	return cmd
}

func describeTopic(t kadm.TopicDetail) topicFacts {
	facts := topicFacts{Name: t.Topic, ID: base64.RawURLEncoding.EncodeToString(t.ID[:]), Internal: t.IsInternal, Partitions: []partitionFacts{}}
	for _, p := range t.Partitions.Sorted() {
		pf := partitionFacts{
			Partition: p.Partition, Leader: p.Leader, Epoch: p.LeaderEpoch, Replicas: p.Replicas, ISR: p.ISR, Start: -1, End: -1,
		}
		if p.Err != nil {
			pf.Error = p.Err.Error()
		}
		facts.Partitions = append(facts.Partitions, pf)
		facts.ReplicationFactor = max(facts.ReplicationFactor, len(p.Replicas))
	}
	return facts
}

func describeWhole(ctx context.Context, admin *kadm.Client, topic string) (topicFacts, error) {
	found, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return topicFacts{}, err
	}
	if err := found[topic].Err; err != nil {
		return topicFacts{}, err
	}
	facts := describeTopic(found[topic])
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return facts, err
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return facts, err
	}
	for i := range facts.Partitions {
		p := &facts.Partitions[i]
		if o, ok := starts.Lookup(topic, p.Partition); ok && o.Err == nil {
			p.Start = o.Offset
		}
		if o, ok := ends.Lookup(topic, p.Partition); ok && o.Err == nil {
			p.End = o.Offset
		} else if ok && p.Error == "" {
			p.Error = o.Err.Error()
		}
	}
	facts.Configs, err = topicConfigs(ctx, admin, topic)
	return facts, err
}

// topicConfigs are the values that differ from the broker's: those that the topic itself sets.
func topicConfigs(ctx context.Context, admin *kadm.Client, topic string) (map[string]string, error) {
	described, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return nil, err
	}
	set := make(map[string]string)
	for _, resource := range described {
		if resource.Err != nil {
			return nil, resource.Err
		}
		for _, c := range resource.Configs {
			if c.Source.String() == "DYNAMIC_TOPIC_CONFIG" {
				set[c.Key] = c.MaybeValue()
			}
		}
	}
	return set, nil
}

func printTopic(w io.Writer, t topicFacts) {
	say(w, "%s  id %s, %d partition(s), replication factor %d", t.Name, t.ID, len(t.Partitions), t.ReplicationFactor)
	for _, key := range sortedKeys(t.Configs) {
		say(w, "  %s=%s", key, t.Configs[key])
	}
	table(w, func(row func(cells ...any)) {
		row("PARTITION", "LEADER", "EPOCH", "REPLICAS", "ISR", "START", "END", "ERROR")
		for _, p := range t.Partitions {
			row(p.Partition, p.Leader, p.Epoch, p.Replicas, p.ISR, p.Start, p.End, p.Error)
		}
	})
}

func newTopicDelete() *cobra.Command {
	var c client
	cmd := &cobra.Command{
		Use:   "delete TOPIC",
		Short: "Delete a topic and everything in it",
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), func(ctx context.Context, admin *kadm.Client) error {
				gone, err := admin.DeleteTopic(ctx, args[0])
				if err == nil {
					err = gone.Err
				}
				if err != nil {
					return c.explainTopic(err, args[0])
				}
				say(cmd.OutOrStdout(), "deleted %s", args[0])
				return nil
			})
		},
	}
	c.flags(cmd)
	return cmd
}
