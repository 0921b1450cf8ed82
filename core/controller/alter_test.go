package controller

import (
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
	"pgregory.net/rapid"
)

func set(key, value string) event.ConfigOp {
	return event.ConfigOp{Op: event.ConfigSet, Key: key, Value: value}
}

func unset(key string) event.ConfigOp {
	return event.ConfigOp{Op: event.ConfigDelete, Key: key, Null: true}
}

func topic(ops ...event.ConfigOp) event.ConfigAlteration {
	return event.ConfigAlteration{Type: event.ResourceTopic, Name: "taken.1", Ops: ops}
}

func broker(name string, ops ...event.ConfigOp) event.ConfigAlteration {
	return event.ConfigAlteration{Type: event.ResourceBroker, Name: name, Ops: ops}
}

// configured is a cluster whose topic and brokers have something set.
func configured(t interface{ Fatalf(string, ...any) }) *metadata.Image {
	im := cluster(3)
	records, reply := controller().AlterConfigs(im, &event.AlterConfigs{Resources: []event.ConfigAlteration{
		topic(set("retention.ms", "5"), set("segment.bytes", "8192")),
		broker("", set("message.max.bytes", "5000")), broker("1", set("log.segment.bytes", "16384")),
	}})
	for _, r := range reply.Resources {
		if r.Code != event.CodeNone {
			t.Fatalf("%+v", r)
		}
	}
	return Draft(im, records)
}

func TestAlterConfigs_Answers(t *testing.T) {
	for name, c := range map[string]struct {
		r    event.ConfigAlteration
		code event.Code
		why  string
		want string // what is set for the resource afterwards
	}{
		"set":                     {topic(set("max.message.bytes", "777")), 0, "", "max.message.bytes=777 retention.ms=5 segment.bytes=8192"},
		"set anew":                {topic(set("retention.ms", "6")), 0, "", "retention.ms=6 segment.bytes=8192"},
		"set as it is":            {topic(set("retention.ms", "5")), 0, "", "retention.ms=5 segment.bytes=8192"},
		"delete":                  {topic(unset("retention.ms")), 0, "", "segment.bytes=8192"},
		"delete what is not set":  {topic(unset("flush.ms")), 0, "", "retention.ms=5 segment.bytes=8192"},
		"nothing":                 {topic(), 0, "", "retention.ms=5 segment.bytes=8192"},
		"all brokers":             {broker("", set("min.insync.replicas", "2")), 0, "", "message.max.bytes=5000 min.insync.replicas=2"},
		"one broker":              {broker("1", set("log.segment.bytes", "4096")), 0, "", "log.segment.bytes=4096"},
		"unset for all":           {broker("", unset("message.max.bytes")), 0, "", ""},
		"unknown":                 {topic(set("retention.m", "1")), event.CodeInvalidConfig, "did you mean retention.ms?", ""},
		"delete of unknown":       {topic(unset("retention.m")), event.CodeInvalidConfig, "did you mean retention.ms?", ""},
		"value":                   {topic(set("retention.ms", "long")), event.CodeInvalidConfig, "whole number", ""},
		"second value":            {topic(set("flush.ms", "1"), set("retention.ms", "-7")), event.CodeInvalidConfig, "at least -1", ""},
		"not kept yet":            {topic(set("cleanup.policy", "compact")), event.CodeInvalidConfig, "not supported yet", ""},
		"more than can be kept":   {topic(set("max.message.bytes", "2000000")), event.CodeInvalidConfig, "write at once", ""},
		"null":                    {topic(event.ConfigOp{Key: "retention.ms", Null: true}), event.CodeInvalidRequest, "Null value not supported for: retention.ms", ""},
		"append of null":          {topic(event.ConfigOp{Op: 2, Key: "cleanup.policy", Null: true}), event.CodeInvalidRequest, "Null value", ""},
		"twice":                   {topic(set("flush.ms", "1"), unset("flush.ms")), event.CodeInvalidRequest, "flush.ms is given twice", ""},
		"no operation":            {topic(event.ConfigOp{Op: 4, Key: "flush.ms"}), event.CodeInvalidRequest, "Unknown operation 4", ""},
		"append to a number":      {topic(event.ConfigOp{Op: 2, Key: "retention.ms", Value: "1"}), event.CodeInvalidConfig, "it is no list", ""},
		"append to unknown":       {topic(event.ConfigOp{Op: 2, Key: "x.y.z", Value: "1"}), event.CodeInvalidConfig, "Unknown topic config name", ""},
		"append what is there":    {topic(event.ConfigOp{Op: 2, Key: "cleanup.policy", Value: "delete"}), 0, "", "cleanup.policy=delete retention.ms=5 segment.bytes=8192"},
		"append what is not kept": {topic(event.ConfigOp{Op: 2, Key: "cleanup.policy", Value: "compact"}), event.CodeInvalidConfig, "cleanup.policy=delete,compact is not supported", ""},
		"subtract what is absent": {topic(event.ConfigOp{Op: 3, Key: "cleanup.policy", Value: "compact"}), 0, "", "cleanup.policy=delete retention.ms=5 segment.bytes=8192"},
		"subtract all":            {topic(event.ConfigOp{Op: 3, Key: "cleanup.policy", Value: "delete"}), event.CodeInvalidConfig, "cleanup.policy= is not supported", ""},
		"read at start":           {broker("1", set("num.partitions", "3")), event.CodeInvalidRequest, "read at start", ""},
		"read at start, deleted":  {broker("", unset("listeners")), event.CodeInvalidRequest, "read at start", ""},
		"read at start, appended": {broker("", event.ConfigOp{Op: 2, Key: "process.roles", Value: "broker"}), event.CodeInvalidRequest, "read at start", ""},
		"unknown to brokers":      {broker("", set("log.segment.byte", "1")), event.CodeInvalidRequest, "did you mean log.segment.bytes?", ""},
		"a broker's value":        {broker("", set("log.segment.bytes", "1")), event.CodeInvalidRequest, "at least 4096", ""},
		"more than brokers keep":  {broker("1", set("message.max.bytes", "2000000")), event.CodeInvalidRequest, "write at once", ""},
		"no such broker":          {broker("7", set("log.segment.bytes", "4096")), event.CodeInvalidRequest, `No broker "7"`, ""},
		"not a broker's name":     {broker("01", set("log.segment.bytes", "4096")), event.CodeInvalidRequest, `No broker "01"`, ""},
		"no broker's name":        {broker("one"), event.CodeInvalidRequest, `No broker "one"`, ""},
		"no topic":                {event.ConfigAlteration{Type: event.ResourceTopic}, event.CodeInvalidRequest, "Default topic", ""},
		"absent topic":            {event.ConfigAlteration{Type: event.ResourceTopic, Name: "absent"}, event.CodeUnknownTopicOrPartition, "does not exist", ""},
		"illegal topic":           {event.ConfigAlteration{Type: event.ResourceTopic, Name: "a b"}, event.CodeInvalidTopic, "illegal", ""},
		"loggers":                 {event.ConfigAlteration{Type: event.ResourceBrokerLogger, Name: "1"}, event.CodeInvalidRequest, "BROKER_LOGGER", ""},
		"groups":                  {event.ConfigAlteration{Type: 32, Name: "g"}, event.CodeInvalidRequest, "type 32", ""},
		"no type":                 {event.ConfigAlteration{Name: "g"}, event.CodeInvalidRequest, "type 0", ""},
	} {
		for _, validateOnly := range []bool{false, true} {
			im := configured(t)
			records, reply := controller().AlterConfigs(im, &event.AlterConfigs{
				Resources: []event.ConfigAlteration{c.r}, ValidateOnly: validateOnly,
			})
			r := reply.Resources[0]
			if r.Code != c.code || !strings.Contains(r.Why, c.why) || (r.Why == "") != (c.code == event.CodeNone) ||
				r.Name != c.r.Name || r.Type != c.r.Type {
				t.Errorf("%s: %+v", name, r)
			}
			if validateOnly || c.code != event.CodeNone {
				if len(records) != 0 {
					t.Errorf("%s, validate only %v: %d records", name, validateOnly, len(records))
				}
				continue
			}
			if got := rendered(Draft(im, records).Configs(c.r.Type, c.r.Name)); got != c.want {
				t.Errorf("%s: %s is set, want %s", name, got, c.want)
			}
		}
	}
}

func rendered(configs []event.ConfigEntry) string {
	var out []string
	for _, c := range configs {
		out = append(out, c.Key+"="+c.Value)
	}
	return strings.Join(out, " ")
}

// What AlterConfigs is given is all that is set afterwards.
func TestAlterConfigs_ReplacesEverything(t *testing.T) {
	for name, c := range map[string]struct {
		ops  []event.ConfigOp
		want string
	}{
		"one of two":   {[]event.ConfigOp{set("segment.bytes", "8192")}, "segment.bytes=8192"},
		"another":      {[]event.ConfigOp{set("flush.ms", "9")}, "flush.ms=9"},
		"nothing":      {nil, ""},
		"the same two": {[]event.ConfigOp{set("segment.bytes", "8192"), set("retention.ms", "5")}, "retention.ms=5 segment.bytes=8192"},
	} {
		im := configured(t)
		records, reply := controller().AlterConfigs(im, &event.AlterConfigs{
			Resources: []event.ConfigAlteration{topic(c.ops...)}, Replace: true,
		})
		if reply.Resources[0].Code != event.CodeNone {
			t.Errorf("%s: %+v", name, reply.Resources[0])
		}
		after := Draft(im, records)
		if got := rendered(after.Configs(event.ResourceTopic, "taken.1")); got != c.want {
			t.Errorf("%s: %q is set, want %q", name, got, c.want)
		}
		if got := rendered(after.Configs(event.ResourceBroker, "")); got != "message.max.bytes=5000" {
			t.Errorf("%s: the brokers have %q", name, got)
		}
	}
	im := configured(t)
	records, reply := controller().AlterConfigs(im, &event.AlterConfigs{
		Resources: []event.ConfigAlteration{topic(set("flush.ms", "-9"))}, Replace: true,
	})
	if len(records) != 0 || reply.Resources[0].Code != event.CodeInvalidConfig {
		t.Errorf("a bad value: %d records, %+v", len(records), reply.Resources[0])
	}
}

// One resource's fault is no other's.
func TestAlterConfigs_ManyInOneRequest(t *testing.T) {
	im := configured(t)
	records, reply := controller().AlterConfigs(im, &event.AlterConfigs{Resources: []event.ConfigAlteration{
		topic(set("flush.ms", "1")), broker("9"), broker("", set("log.flush.interval.ms", "2")), topic(set("flush.ms", "3")),
	}})
	want := []event.Code{event.CodeInvalidRequest, event.CodeInvalidRequest, event.CodeNone, event.CodeInvalidRequest}
	for i, r := range reply.Resources {
		if r.Code != want[i] {
			t.Errorf("resource %d: %+v, want code %d", i, r, want[i])
		}
	}
	if len(records) != 1 {
		t.Errorf("%d records", len(records))
	}
	_, reply = controller().AlterConfigs(im, &event.AlterConfigs{Resources: make([]event.ConfigAlteration, 11)})
	if reply.Resources[10].Code != event.CodePolicyViolation {
		t.Errorf("11 resources where 10 are allowed: %+v", reply.Resources[10])
	}
}

// C-6: what is answered with success is set, what is refused changed nothing, and the records fit (C-1).
func TestAlterConfigs_WhollyOrNotAtAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		im := configured(t)
		c := controller()
		c.cfg.MaxBytes = rapid.IntRange(40, 400).Draw(t, "bytes")
		var ops []event.ConfigOp
		for range rapid.IntRange(0, 5).Draw(t, "ops") {
			ops = append(ops, event.ConfigOp{
				Op:    rapid.Int8Range(-1, 4).Draw(t, "op"),
				Key:   rapid.SampledFrom([]string{"retention.ms", "segment.bytes", "cleanup.policy", "flush.ms", "nonsense"}).Draw(t, "key"),
				Value: rapid.SampledFrom([]string{"", "delete", "5000", "x"}).Draw(t, "value"),
				Null:  rapid.Bool().Draw(t, "null"),
			})
		}
		replace := rapid.Bool().Draw(t, "replace")
		if replace {
			for i := range ops {
				ops[i].Op = event.ConfigSet
			}
		}
		records, reply := c.AlterConfigs(im, &event.AlterConfigs{
			Resources: []event.ConfigAlteration{topic(ops...)}, Replace: replace,
		})
		if n := size(records); n > c.cfg.MaxBytes {
			t.Fatalf("%d bytes of records, %d are allowed", n, c.cfg.MaxBytes)
		}
		before, after := im.Configs(event.ResourceTopic, "taken.1"), Draft(im, records).Configs(event.ResourceTopic, "taken.1")
		if reply.Resources[0].Code != event.CodeNone {
			if !slices.Equal(before, after) {
				t.Fatalf("refused, and %v became %v", before, after)
			}
			return
		}
		for _, entry := range after {
			if code, why := metadata.CheckTopicConfig(entry, settings()); code != event.CodeNone {
				t.Fatalf("%v is set: %s", entry, why)
			}
		}
		for _, op := range ops {
			at := slices.IndexFunc(after, func(e event.ConfigEntry) bool { return e.Key == op.Key })
			if op.Op == event.ConfigSet && (at < 0 || after[at].Value != op.Value) || op.Op == event.ConfigDelete && at >= 0 {
				t.Fatalf("%+v was granted, and %v is set", op, after)
			}
		}
		if replace && len(after) != len(ops) {
			t.Fatalf("%v is set after a replacement by %v", after, ops)
		}
	})
}
