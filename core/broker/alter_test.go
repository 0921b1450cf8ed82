package broker

import (
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// alter sets, or with an empty value takes back, one configuration of a topic, or with an empty name of all brokers.
func (w *world) alter(name, key, value string) event.ConfigAlterationReply {
	w.t.Helper()
	r := event.ConfigAlteration{Type: event.ResourceTopic, Name: name, Ops: []event.ConfigOp{{Key: key, Value: value}}}
	if name == "" {
		r.Type = event.ResourceBroker
	}
	if value == "" {
		r.Ops[0].Op = event.ConfigDelete
	}
	return ask[*event.AlterConfigsReply](w, &event.AlterConfigs{Resources: []event.ConfigAlteration{r}}).Resources[0]
}

func (w *world) grow(name string, count int32) event.GrowTopicReply {
	w.t.Helper()
	return ask[*event.CreatePartitionsReply](w, &event.CreatePartitions{
		TimeoutMs: 1000, Topics: []event.GrowTopic{{Name: name, Count: count}},
	}).Topics[0]
}

// described is the value of a topic's configuration and where it comes from.
func (w *world) described(topic, key string) (string, int8) {
	w.t.Helper()
	r := ask[*event.DescribeConfigsReply](w, &event.DescribeConfigs{Resources: []event.ConfigResource{
		{Type: event.ResourceTopic, Name: topic, Keys: []string{key}},
	}}).Resources[0]
	if r.Code != event.CodeNone || len(r.Configs) != 1 {
		w.t.Fatalf("%+v", r)
	}
	return r.Configs[0].Value, r.Configs[0].Source
}

// K-3: who is told of a change can rely on it, over a kill too.
func TestBroker_AnAcknowledgedChangeHoldsAtOnceAndForEver(t *testing.T) {
	for _, n := range []int{1, 3} {
		w := newWorld(t)
		w.change = shards(n)
		w.start()
		w.create("a", 1)
		large := strings.Repeat("x", 2000)
		if r := w.produce("a", 0, large); r.Code != event.CodeNone {
			t.Fatalf("%+v", r)
		}
		if r := w.grow("a", 7); r.Code != event.CodeNone {
			t.Fatalf("%+v", r)
		}
		for p := range int32(7) {
			if r := w.produce("a", p, "first"); r.Code != event.CodeNone {
				t.Errorf("partition %d: %+v", p, r)
			}
		}
		limits := func(name, key, value string, small bool) {
			t.Helper()
			if r := w.alter(name, key, value); r.Code != event.CodeNone {
				t.Fatalf("%s=%s: %+v", key, value, r)
			}
			for p := range int32(7) {
				if r := w.produce("a", p, large); (r.Code == event.CodeMessageTooLarge) != small {
					t.Errorf("%s=%s of %q, partition %d: %+v", key, value, name, p, r)
				}
			}
		}
		limits("a", "max.message.bytes", "1000", true)
		limits("a", "max.message.bytes", "5000", false)
		limits("", "message.max.bytes", "1000", false) // the topic has its own
		limits("a", "max.message.bytes", "", true)
		w.start() // killed and started again
		if value, source := w.described("a", "max.message.bytes"); value != "1000" || source != event.SourceAllBrokers {
			t.Errorf("after a kill: %s from %d", value, source)
		}
		if s := w.broker.Status(); s.Partitions != 7 {
			t.Errorf("after a kill: %d partitions", s.Partitions)
		}
		if r := w.produce("a", 6, large); r.Code != event.CodeMessageTooLarge {
			t.Errorf("after a kill: %+v", r)
		}
		if got := w.fetch("a", 6, 0); len(got) != 3 || got[0] != "first" {
			t.Errorf("after a kill partition 6 holds %d records", len(got))
		}
		limits("", "message.max.bytes", "", false)
		w.stop()
	}
}

// While the disk stands nothing is told, and nothing is judged by what is not committed.
func TestBroker_AChangeThatIsNotCommittedIsNone(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.create("a", 1)
	w.hold = true
	grow := w.send(&event.CreatePartitions{TimeoutMs: 60_000, Topics: []event.GrowTopic{{Name: "a", Count: 2}}})
	alter := w.send(&event.AlterConfigs{Resources: []event.ConfigAlteration{{
		Type: event.ResourceTopic, Name: "a", Ops: []event.ConfigOp{{Key: "max.message.bytes", Value: "0"}},
	}}})
	seen := w.send(&event.Metadata{All: true})
	if n := len(w.replies[seen].(*event.MetadataReply).Topics[0].Partitions); n != 1 {
		t.Errorf("%d partitions are told before they are durable", n)
	}
	produced := w.send(&event.Produce{Acks: -1, TimeoutMs: 1000, Partitions: []event.ProducePartition{{Name: "a", Batch: batch("x")}}})
	if w.replies[grow] != nil || w.replies[alter] != nil || w.replies[produced] != nil {
		t.Error("something is answered while nothing is durable")
	}
	w.hold = false
	w.run(func() bool { return w.replies[grow] != nil && w.replies[alter] != nil && w.replies[produced] != nil })
	if r := w.replies[produced].(*event.ProduceReply).Partitions[0]; r.Code != event.CodeNone {
		t.Errorf("a batch that came before the change was committed: %+v", r)
	}
	if r := w.produce("a", 1, "x"); r.Code != event.CodeMessageTooLarge {
		t.Errorf("a batch that came after it: %+v", r)
	}
}
