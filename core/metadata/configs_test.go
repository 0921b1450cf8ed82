package metadata

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

func settings(t *testing.T, set ...event.ConfigEntry) *Settings {
	t.Helper()
	s, err := NewSettings(set, 4<<20)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConfigTables_AreSortedAndTheirDefaultsPass(t *testing.T) {
	for name, table := range map[string][]ConfigDef{"topic": topicConfigs, "broker": brokerTable()} {
		for i := range table {
			d := &table[i]
			if i > 0 && table[i-1].Name >= d.Name {
				t.Errorf("%s: %s comes after %s", name, d.Name, table[i-1].Name)
			}
			if d.Doc == "" {
				t.Errorf("%s: %s says nothing of itself", name, d.Name)
			}
			if (d.Only == nil) != (d.Why == "") {
				t.Errorf("%s: %s restricts without a reason, or the other way round", name, d.Name)
			}
			if d.Default == "" && d.Type == event.ConfigTypeString {
				continue
			}
			if why := d.Check(d.Default); why != "" {
				t.Errorf("%s: default of %s: %s", name, d.Name, why)
			}
		}
	}
}

func TestCheckTopicConfig(t *testing.T) {
	s := settings(t)
	for _, c := range []struct {
		key, value string
		want       string // part of the refusal; "" for accepted
	}{
		{"retention.ms", "-1", ""},
		{"retention.ms", "-2", "at least -1"},
		{"retention.ms", "soon", "whole number"},
		{"retention.ms", "9223372036854775808", "whole number"},
		{"segment.bytes", "4294967296", "whole number of 32 bits"},
		{"segment.bytes", "100", "at least 4096"},
		{"cleanup.policy", "delete", ""},
		{"cleanup.policy", "compact", "not supported yet"},
		{"cleanup.policy", "compact,delete", "not supported yet"},
		{"cleanup.policy", "burn", "one of compact, delete"},
		{"compression.type", "producer", ""},
		{"compression.type", "zstd", "not supported yet"},
		{"compression.type", "brotli", "one of"},
		{"unclean.leader.election.enable", "true", "never elected"},
		{"unclean.leader.election.enable", "yes", "true or false"},
		{"min.cleanable.dirty.ratio", "0.25", ""},
		{"min.cleanable.dirty.ratio", "1", ""},
		{"min.cleanable.dirty.ratio", "1.0", ""},
		{"min.cleanable.dirty.ratio", "1.1", "from 0 to 1"},
		{"min.cleanable.dirty.ratio", "0.", "from 0 to 1"},
		{"min.cleanable.dirty.ratio", "-0.5", "from 0 to 1"},
		{"message.timestamp.type", "LogAppendTime", ""},
		{"message.timestamp.type", "logappendtime", "one of"},
		{"max.message.bytes", "4194304", ""},
		{"max.message.bytes", "4194305", "more than this broker can write"},
		{"retention.m", "1", "did you mean retention.ms?"},
		{"max.mesage.bytes", "1", "did you mean max.message.bytes?"},
		{"prefix", "x", "Unknown topic config name: prefix"},
	} {
		code, why := CheckTopicConfig(event.ConfigEntry{Key: c.key, Value: c.value}, s)
		if c.want == "" && code != event.CodeNone {
			t.Errorf("%s=%s is refused: %s", c.key, c.value, why)
		}
		if c.want != "" && (code != event.CodeInvalidConfig || !strings.Contains(why, c.want)) {
			t.Errorf("%s=%s: code %d %q, want %q", c.key, c.value, code, why, c.want)
		}
	}
	if code, _ := CheckTopicConfig(event.ConfigEntry{Key: "retention.ms", Null: true},
		s); code != event.CodeInvalidConfig {
		t.Error("a null value is accepted")
	}
}

func TestSettings_RefuseWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"num.partitions", "0", "at least 1"},
		{"num.partition", "1", "did you mean num.partitions?"},
		{"log.cleanup.policy", "compact", "not supported yet"},
	} {
		if _, err := NewSettings([]event.ConfigEntry{{Key: c.key, Value: c.value}}, 0); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v, want %q", c.key, c.value, err, c.want)
		}
	}
	twice := []event.ConfigEntry{{Key: "num.partitions", Value: "1"}, {Key: "num.partitions", Value: "2"}}
	if _, err := NewSettings(twice, 0); err == nil {
		t.Error("a configuration may be given twice")
	}
}

func TestDescribe_TellsWhereAValueComesFrom(t *testing.T) {
	s := settings(t, event.ConfigEntry{Key: "message.max.bytes", Value: "2000"},
		event.ConfigEntry{Key: "num.partitions", Value: "3"})
	own := []event.ConfigEntry{{Key: "retention.ms", Value: "5"}}
	all := s.DescribeTopic(own, nil, true)
	if len(all) != len(topicConfigs) {
		t.Fatalf("%d configurations, want all %d", len(all), len(topicConfigs))
	}
	get := func(key string) event.Config {
		i := slices.IndexFunc(all, func(c event.Config) bool { return c.Key == key })
		if i < 0 {
			t.Fatalf("%s is missing", key)
		}
		return all[i]
	}
	if c := get("retention.ms"); c.Value != "5" || c.Source != event.SourceTopic || len(c.Synonyms) != 2 || c.ReadOnly {
		t.Errorf("retention.ms: %+v", c)
	}
	if c := get("max.message.bytes"); c.Value != "2000" || c.Source != event.SourceStaticBroker ||
		len(c.Synonyms) != 2 {
		t.Errorf("max.message.bytes: %+v", c)
	}
	if c := get("cleanup.policy"); c.Value != "delete" || c.Source != event.SourceDefault ||
		c.Type != event.ConfigTypeList {
		t.Errorf("cleanup.policy: %+v", c)
	}
	if one := s.DescribeTopic(own, []string{"retention.ms", "nonsense"}, false); len(one) != 1 {
		t.Errorf("asked for one: %+v", one)
	}
	broker := s.DescribeBroker([]string{"num.partitions"}, false)
	if len(broker) != 1 || broker[0].Value != "3" || broker[0].Source != event.SourceStaticBroker ||
		!broker[0].ReadOnly {
		t.Errorf("num.partitions: %+v", broker)
	}
}

func TestLimits_FollowTopicThenBrokerThenDefault(t *testing.T) {
	s := settings(t, event.ConfigEntry{Key: "min.insync.replicas", Value: "2"})
	got := s.Limits([]event.ConfigEntry{{Key: "max.message.bytes", Value: "77"},
		{Key: "message.timestamp.type", Value: "LogAppendTime"}})
	want := event.TopicLimits{
		MaxMessageBytes: 77, SegmentBytes: 1 << 30, MinInsyncReplicas: 2, LogAppendTime: true,
		TimestampBefore: maxInt64, TimestampAfter: maxInt64,
		Deleted: true, RetentionBytes: -1, RetentionMs: 604800000, SegmentMs: 604800000,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, c := range []struct {
		set       []event.ConfigEntry
		ms, first string // the value, and the key that it comes from
	}{
		{nil, "604800000", "log.retention.ms"},
		{[]event.ConfigEntry{{Key: "log.retention.hours", Value: "2"}}, "7200000", "log.retention.hours"},
		{[]event.ConfigEntry{{Key: "log.retention.hours", Value: "-1"}}, "-1", "log.retention.hours"},
		{[]event.ConfigEntry{{Key: "log.retention.hours", Value: "2"}, {Key: "log.retention.minutes", Value: "3"}},
			"180000", "log.retention.minutes"},
		{[]event.ConfigEntry{{Key: "log.retention.minutes", Value: "3"}, {Key: "log.retention.ms", Value: "4"}},
			"4", "log.retention.ms"},
	} {
		s := settings(t, c.set...)
		got := s.DescribeTopic(nil, []string{"retention.ms"}, false)[0]
		if got.Value != c.ms || got.Synonyms[0].Key != c.first || strconv.FormatInt(s.Limits(nil).RetentionMs, 10) != c.ms {
			t.Errorf("%v: %+v", c.set, got)
		}
		if (got.Source == event.SourceDefault) != (c.set == nil) {
			t.Errorf("%v: source %d", c.set, got.Source)
		}
		if b := s.DescribeBroker([]string{"log.retention.ms"}, false)[0]; b.Value != c.ms {
			t.Errorf("%v: the broker says %+v", c.set, b)
		}
	}
	tight, err := NewSettings(nil, 5000)
	if err != nil {
		t.Fatal(err)
	}
	if got := tight.Limits(nil).MaxMessageBytes; got != 5000 {
		t.Errorf("a batch of %d bytes is taken where the store takes 5000", got)
	}
}
