package shard

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A topic grows and changes while it is written to, under an unmodified client, and a restart finds it as it was told.
func TestServer_PartitionsAndConfigurationsChange(t *testing.T) {
	data := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	s := startServer(t, data, "message.max.bytes=500000")
	plain := []kgo.Opt{kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.RecordPartitioner(kgo.ManualPartitioner())}
	cl := dialClient(t, s, plain...)
	admin := kadm.NewClient(cl)
	made, err := admin.CreateTopic(ctx, 1, 1, nil, "t")
	if err = errors.Join(err, made.Err); err != nil {
		t.Fatal(err)
	}
	write := func(partition int32, size int) error {
		return cl.ProduceSync(ctx, &kgo.Record{Topic: "t", Partition: partition, Value: bytes.Repeat([]byte("x"), size)}).FirstErr()
	}
	if err := write(0, 100_000); err != nil {
		t.Fatal(err)
	}

	checked, err := admin.ValidateUpdatePartitions(ctx, 3, "t")
	if err = errors.Join(err, checked.Error()); err != nil {
		t.Fatal(err)
	}
	fewer, err := admin.UpdatePartitions(ctx, 1, "t")
	if err != nil || !errors.Is(fewer.Error(), kerr.InvalidPartitions) {
		t.Fatalf("one partition instead of one: %v, %v", err, fewer.Error())
	}
	grown, err := admin.UpdatePartitions(ctx, 3, "t")
	if err = errors.Join(err, grown.Error()); err != nil {
		t.Fatal(err)
	}
	cl = dialClient(t, s, plain...) // the other one may take minutes to ask again
	if err := write(2, 100); err != nil {
		t.Fatalf("to a new partition: %v", err)
	}

	alter := func(c ...kadm.AlterConfig) error {
		r, err := admin.AlterTopicConfigs(ctx, c, "t")
		if err != nil {
			return err
		}
		return r[0].Err
	}
	value := "1000"
	if err := alter(kadm.AlterConfig{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &value}); err != nil {
		t.Fatal(err)
	}
	if err := write(0, 100_000); !errors.Is(err, kerr.MessageTooLarge) {
		t.Errorf("a batch beyond the new limit: %v", err)
	}
	if err := write(0, 100); err != nil {
		t.Errorf("a batch within it: %v", err)
	}
	long := "long"
	if err := alter(kadm.AlterConfig{Op: kadm.SetConfig, Name: "segment.bytes", Value: &long}); !errors.Is(err, kerr.InvalidConfig) {
		t.Errorf("segment.bytes=long: %v", err)
	}
	state := func(want ...string) {
		t.Helper()
		if got := describe(ctx, t, admin, "t", "max.message.bytes"); got != want[0] {
			t.Errorf("the topic has %s, want %s", got, want[0])
		}
		topics, err := admin.ListTopics(ctx, "t")
		if err != nil || len(topics["t"].Partitions) != 3 {
			t.Errorf("%d partitions, %v", len(topics["t"].Partitions), err)
		}
	}
	state("1000 DYNAMIC_TOPIC_CONFIG")
	if err := alter(kadm.AlterConfig{Op: kadm.DeleteConfig, Name: "max.message.bytes"}); err != nil {
		t.Fatal(err)
	}
	state("500000 STATIC_BROKER_CONFIG")

	large := "200000"
	all, err := admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "message.max.bytes", Value: &large}})
	if err = errors.Join(err, all[0].Err); err != nil {
		t.Fatal(err)
	}
	state("200000 DYNAMIC_DEFAULT_BROKER_CONFIG")
	small := "50000"
	one, err := admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "message.max.bytes", Value: &small}}, 1)
	if err = errors.Join(err, one[0].Err); err != nil {
		t.Fatal(err)
	}
	state("50000 DYNAMIC_BROKER_CONFIG")
	if err := write(0, 100_000); !errors.Is(err, kerr.MessageTooLarge) {
		t.Errorf("a batch beyond the broker's limit: %v", err)
	}
	static, err := admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "num.partitions", Value: &small}}, 1)
	if err != nil || !errors.Is(static[0].Err, kerr.InvalidRequest) {
		t.Errorf("num.partitions while it runs: %v, %+v", err, static)
	}
	replaced(ctx, t, cl)
	state("50000 DYNAMIC_BROKER_CONFIG")

	cl.Close()
	stopServer(t, s)
	s = startServer(t, data)
	admin = kadm.NewClient(dialClient(t, s))
	state("50000 DYNAMIC_BROKER_CONFIG")
	if got := describe(ctx, t, admin, "t", "flush.ms"); got != "77 DYNAMIC_TOPIC_CONFIG" {
		t.Errorf("flush.ms is %s", got)
	}
}

// replaced speaks the older AlterConfigs, which kadm has left behind.
func replaced(ctx context.Context, t *testing.T, cl *kgo.Client) {
	t.Helper()
	value := "77"
	c := kmsg.NewAlterConfigsRequestResourceConfig()
	c.Name, c.Value = "flush.ms", &value
	r := kmsg.NewAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName, r.Configs = kmsg.ConfigResourceTypeTopic, "t", []kmsg.AlterConfigsRequestResourceConfig{c}
	req := kmsg.NewPtrAlterConfigsRequest()
	req.Resources = []kmsg.AlterConfigsRequestResource{r}
	resp, err := req.RequestWith(ctx, cl)
	if err != nil || len(resp.Resources) != 1 || resp.Resources[0].ErrorCode != 0 {
		t.Fatalf("%+v, %v", resp, err)
	}
}

func describe(ctx context.Context, t *testing.T, admin *kadm.Client, topic, key string) string {
	t.Helper()
	found, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, c := range found[0].Configs {
		if c.Key == key {
			return c.MaybeValue() + " " + c.Source.String()
		}
	}
	return "missing"
}
