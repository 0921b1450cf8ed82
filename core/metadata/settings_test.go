package metadata

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// configured is an image with what records set, and a topic "t" of two partitions.
func configured(t *testing.T, records ...*ConfigRecord) *Image {
	t.Helper()
	e := New(event.UUID{1}).Edit()
	all := []Record{
		&TopicRecord{Name: "t", ID: event.UUID{7}},
		&PartitionRecord{Topic: event.UUID{7}, Replicas: []event.NodeID{1}, Leader: 1},
		&PartitionRecord{Topic: event.UUID{7}, Partition: 1, Replicas: []event.NodeID{1}, Leader: 1},
	}
	for _, r := range records {
		all = append(all, r)
	}
	for i, r := range all {
		if err := e.Apply(int64(i), 1, r); err != nil {
			t.Fatal(err)
		}
	}
	return e.Image()
}

// The nearest place counts, and synonyms name all of them in Kafka's order.
func TestSettingsAt_LayersCountInOrder(t *testing.T) {
	base := settings(t, event.ConfigEntry{Key: "message.max.bytes", Value: "4000"})
	const key, broker = "max.message.bytes", "message.max.bytes"
	layers := []*ConfigRecord{
		{Type: event.ResourceBroker, Key: broker, Value: "3000"},
		{Type: event.ResourceBroker, Name: "1", Key: broker, Value: "2000"},
		{Type: event.ResourceTopic, Name: "t", Key: key, Value: "1000"},
	}
	want := []string{
		"message.max.bytes=4000 (4), message.max.bytes=1048588 (5)",
		"message.max.bytes=3000 (3), message.max.bytes=4000 (4), message.max.bytes=1048588 (5)",
		"message.max.bytes=2000 (2), message.max.bytes=3000 (3), message.max.bytes=4000 (4), message.max.bytes=1048588 (5)",
		"max.message.bytes=1000 (1), message.max.bytes=2000 (2), message.max.bytes=3000 (3), message.max.bytes=4000 (4), " +
			"message.max.bytes=1048588 (5)",
	}
	for n := range want {
		im := configured(t, layers[:n]...)
		s := base.At(im, 1)
		own := im.Configs(event.ResourceTopic, "t")
		c := s.DescribeTopic(own, []string{key}, false)[0]
		var said []string
		for _, from := range c.Synonyms {
			said = append(said, fmt.Sprintf("%s=%s (%d)", from.Key, from.Value, from.Source))
		}
		if got := strings.Join(said, ", "); got != want[n] {
			t.Errorf("%d layers: %s\nwant %s", n, got, want[n])
		}
		if c.Value != c.Synonyms[0].Value || c.Source != c.Synonyms[0].Source {
			t.Errorf("%d layers: %s from %d, the first synonym is %+v", n, c.Value, c.Source, c.Synonyms[0])
		}
		if got := s.Limits(own).MaxMessageBytes; fmt.Sprint(got) != c.Value {
			t.Errorf("%d layers: a limit of %d, %s is told", n, got, c.Value)
		}
		b := s.DescribeBroker([]string{broker}, false)[0]
		if b.ReadOnly || n < 3 && (b.Value != c.Value || b.Source != c.Source) {
			t.Errorf("%d layers: broker %+v", n, b)
		}
		if other := base.At(im, 2).DescribeBroker([]string{broker}, false)[0]; n == 3 && other.Value != "3000" {
			t.Errorf("broker 2 has %s", other.Value)
		}
		all := s.DescribeAllBrokers(nil, true)
		if len(all) != min(n, 1) || n > 0 && (all[0].Value != "3000" || all[0].Source != event.SourceAllBrokers) {
			t.Errorf("%d layers: all brokers have %+v", n, all)
		}
	}
	if base.Limits(nil).MaxMessageBytes != 4000 {
		t.Error("At changed what it was called on")
	}
}

// A broker's own configurations are set at start, those that give topics their defaults are not.
func TestCheckBrokerConfig_FollowsTheTables(t *testing.T) {
	s := settings(t)
	for _, d := range brokerTable() {
		code, why := CheckBrokerConfig(event.ConfigEntry{Key: d.Name, Value: d.Default}, s)
		own := slices.ContainsFunc(brokerConfigs, func(b ConfigDef) bool { return b.Name == d.Name })
		if own != (code == event.CodeInvalidRequest) || own != strings.Contains(why, "read at start") {
			t.Errorf("%s: code %d %q", d.Name, code, why)
		}
	}
}

func TestEdit_ABrokersConfigurationTouchesEveryPartition(t *testing.T) {
	im := configured(t)
	e := im.Edit()
	r := &ConfigRecord{Type: event.ResourceBroker, Key: "min.insync.replicas", Value: "2"}
	if err := e.Apply(im.Offset()+1, 1, r); err != nil {
		t.Fatal(err)
	}
	if got := e.Touched(); len(got) != 2 {
		t.Errorf("touched %v", got)
	}
	after := e.Image()
	if a, _ := after.Assignment(event.TP{Topic: event.UUID{7}}, settings(t).At(after, 1)); a.Limits.MinInsyncReplicas != 2 {
		t.Errorf("%+v", a.Limits)
	}
}
