package badinput

import (
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// grow asks for partitions of topics and returns what was said of the last one.
func grow(w *wire, topics ...kmsg.CreatePartitionsRequestTopic) (code int16, why string) {
	w.t.Helper()
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.Version, req.TimeoutMillis, req.Topics = 3, 5000, topics
	answers := ask[*kmsg.CreatePartitionsResponse](w, req).Topics
	if len(answers) != len(topics) {
		w.t.Fatalf("%d answers about %d topics", len(answers), len(topics))
	}
	last := answers[len(answers)-1]
	return last.ErrorCode, said(last.ErrorMessage)
}

func said(why *string) string {
	if why == nil {
		return ""
	}
	return *why
}

func more(name string, count int32, replicas ...[]int32) kmsg.CreatePartitionsRequestTopic {
	t := kmsg.NewCreatePartitionsRequestTopic()
	t.Topic, t.Count = name, count
	for _, r := range replicas {
		a := kmsg.NewCreatePartitionsRequestTopicAssignment()
		a.Replicas = r
		t.Assignment = append(t.Assignment, a)
	}
	return t
}

// Whoever asks for partitions that cannot be gets none, and everybody else keeps theirs.
func TestPartitionsThatCannotBe(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		name   string
		topics []kmsg.CreatePartitionsRequestTopic
		code   int16
		say    string
	}{
		{"as many as there are", []kmsg.CreatePartitionsRequestTopic{more(target, 1)}, invalidPartitions, "already has 1"},
		{"fewer", []kmsg.CreatePartitionsRequestTopic{more(target, 0)}, invalidPartitions, "not be an increase"},
		{"below zero", []kmsg.CreatePartitionsRequestTopic{more(target, -1<<31)}, invalidPartitions, "not be an increase"},
		{"two thousand millions", []kmsg.CreatePartitionsRequestTopic{more(target, 1<<31-1)}, policyViolation, "10000 partitions at most"},
		{"of nobody", []kmsg.CreatePartitionsRequestTopic{more("nobody", 3)}, unknownTopic, "does not exist"},
		{"of no name", []kmsg.CreatePartitionsRequestTopic{more("", 3)}, unknownTopic, "does not exist"},
		{"twice", []kmsg.CreatePartitionsRequestTopic{more(target, 3), more(target, 4)}, invalidRequest, "more than once"},
		{"at strangers", []kmsg.CreatePartitionsRequestTopic{more(target, 2, []int32{77})}, invalidAssignment, "not registered"},
		{"at nobody", []kmsg.CreatePartitionsRequestTopic{more(target, 2, nil)}, invalidAssignment, "no replicas"},
		{"at too few places", []kmsg.CreatePartitionsRequestTopic{more(target, 4, []int32{1})}, invalidAssignment, "3 partition(s)"},
		{"twice at one", []kmsg.CreatePartitionsRequestTopic{more(target, 2, []int32{1, 1})}, invalidAssignment, "twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := dial(t, r.Address)
			if code, why := grow(w, c.topics...); code != c.code || !strings.Contains(why, c.say) {
				t.Errorf("error %d (%q), want %d and %q", code, why, c.code, c.say)
			}
			req := metadataRequest(target)
			if n := len(ask[*kmsg.MetadataResponse](w, req).Topics[0].Partitions); n != 1 {
				t.Errorf("the target has %d partitions", n)
			}
			r.unharmed(t)
		})
	}
}

// A flood of changes is bounded, and nothing of it is made.
func TestFloodsOfAlterations(t *testing.T) {
	r := newRig(t)
	w := dial(t, r.Address)
	ask[*kmsg.MetadataResponse](w, metadataRequest(target)) // the first frame of a connection must be small
	var topics []kmsg.CreatePartitionsRequestTopic
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Version = 1
	for i := range 20_000 {
		topics = append(topics, more(strings.Repeat("x", i%200)+strconv.Itoa(i), 9))
		resource := kmsg.NewIncrementalAlterConfigsRequestResource()
		resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topics[i].Topic
		req.Resources = append(req.Resources, resource)
	}
	if code, why := grow(w, topics...); code != policyViolation || !strings.Contains(why, "1000 topics at most") {
		t.Errorf("error %d (%q)", code, why)
	}
	answers := ask[*kmsg.IncrementalAlterConfigsResponse](w, req).Resources
	if last := answers[len(answers)-1]; last.ErrorCode != policyViolation || !strings.Contains(said(last.ErrorMessage), "1000 resources") {
		t.Errorf("error %d (%q)", last.ErrorCode, said(last.ErrorMessage))
	}
	r.unharmed(t)
}

// alter changes one configuration of a resource and returns what was said of it.
func alter(w *wire, kind kmsg.ConfigResourceType, name, key string, op kmsg.IncrementalAlterConfigOp, value *string) (int16, string) {
	w.t.Helper()
	c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	c.Name, c.Op, c.Value = key, op, value
	r := kmsg.NewIncrementalAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kind, name
	r.Configs = []kmsg.IncrementalAlterConfigsRequestResourceConfig{c}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Version, req.Resources = 1, []kmsg.IncrementalAlterConfigsRequestResource{r}
	answer := ask[*kmsg.IncrementalAlterConfigsResponse](w, req).Resources[0]
	return answer.ErrorCode, said(answer.ErrorMessage)
}

// Configurations that nobody should get are refused with a reason, in both requests that could set them.
func TestAlterationsThatCannotBe(t *testing.T) {
	r := newRig(t)
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		what  string
		kind  kmsg.ConfigResourceType
		name  string
		key   string
		op    int8
		value *string
		code  int16
		say   string
	}{
		{"unknown key", 2, target, "retention.m", 0, text("1"), invalidConfig, "did you mean retention.ms?"},
		{"no key", 2, target, "", 0, text("1"), invalidConfig, "Unknown topic config name"},
		{"bad value", 2, target, "segment.bytes", 0, text("-1"), invalidConfig, "at least"},
		{"not kept yet", 2, target, "compression.type", 0, text("zstd"), invalidConfig, "not supported yet"},
		{"beyond the store", 2, target, "max.message.bytes", 0, text("4000000"), invalidConfig, "write at once"},
		{"2000 bytes", 2, target, "cleanup.policy", 0, text(strings.Repeat("x", 2000)), invalidConfig, "longer"},
		{"null", 2, target, "segment.bytes", 0, nil, invalidRequest, "Null value"},
		{"append to a number", 2, target, "segment.bytes", 2, text("1"), invalidConfig, "no list"},
		{"subtract the only one", 2, target, "cleanup.policy", 3, text("delete"), invalidConfig, "not supported yet"},
		{"unknown operation", 2, target, "segment.bytes", 9, text("1"), invalidRequest, "Unknown operation 9"},
		{"unknown topic", 2, "nobody", "segment.bytes", 0, text("5000"), unknownTopic, "does not exist"},
		{"illegal topic", 2, "../..", "segment.bytes", 0, text("5000"), invalidTopic, "illegal"},
		{"every topic", 2, "", "segment.bytes", 0, text("5000"), invalidRequest, "Default topic"},
		{"read at start", 4, "1", "log.dirs", 0, text("/"), invalidRequest, "read at start"},
		{"another broker", 4, "2", "log.segment.bytes", 0, text("5000"), invalidRequest, "No broker"},
		{"not a broker", 4, "1; rm", "log.segment.bytes", 0, text("5000"), invalidRequest, "No broker"},
		{"beyond the store, all brokers", 4, "", "message.max.bytes", 0, text("4000000"), invalidRequest, "write at once"},
		{"loggers", 8, "1", "root", 0, text("TRACE"), invalidRequest, "BROKER_LOGGER"},
		{"groups", 32, "g", "x", 0, text("1"), invalidRequest, "type 32"},
		{"no type", 0, "g", "x", 0, text("1"), invalidRequest, "type 0"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := dial(t, r.Address)
			code, why := alter(w, c.kind, c.name, c.key, kmsg.IncrementalAlterConfigOp(c.op), c.value)
			if code != c.code || !strings.Contains(why, c.say) {
				t.Errorf("error %d (%q), want %d and %q", code, why, c.code, c.say)
			}
			if c.op == 0 {
				if code, why := replace(w, c.kind, c.name, c.key, c.value); code != c.code || !strings.Contains(why, c.say) {
					t.Errorf("AlterConfigs: error %d (%q), want %d and %q", code, why, c.code, c.say)
				}
			}
			r.unharmed(t)
		})
	}
}

// replace is alter by the older request.
func replace(w *wire, kind kmsg.ConfigResourceType, name, key string, value *string) (int16, string) {
	w.t.Helper()
	c := kmsg.NewAlterConfigsRequestResourceConfig()
	c.Name, c.Value = key, value
	r := kmsg.NewAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName, r.Configs = kind, name, []kmsg.AlterConfigsRequestResourceConfig{c}
	req := kmsg.NewPtrAlterConfigsRequest()
	req.Version, req.Resources = 1, []kmsg.AlterConfigsRequestResource{r}
	answer := ask[*kmsg.AlterConfigsResponse](w, req).Resources[0]
	return answer.ErrorCode, said(answer.ErrorMessage)
}
