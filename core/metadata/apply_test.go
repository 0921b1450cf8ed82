package metadata

import (
	"fmt"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

// dump renders everything that an image says.
func dump(im *Image) string {
	var b strings.Builder
	fmt.Fprintf(&b, "offset %d epoch %d pid %d\n", im.Offset(), im.Epoch(), im.NextProducerID())
	for x := range im.Brokers() {
		fmt.Fprintf(&b, "broker %+v\n", *x)
	}
	for x := range im.Topics() {
		fmt.Fprintf(&b, "topic %s %s\n", x.Name, x.ID)
		for _, c := range im.Configs(event.ResourceTopic, x.Name) {
			fmt.Fprintf(&b, "  config %+v\n", c)
		}
		for p := range x.Partitions() {
			fmt.Fprintf(&b, "  %+v\n", *p)
		}
	}
	return b.String()
}

// commit applies records at the next offsets.
func commit(t interface {
	Helper()
	Fatal(...any)
}, im *Image, records ...Record) *Image {
	t.Helper()
	e := im.Edit()
	for i, r := range records {
		if err := e.Apply(im.Offset()+1+int64(i), 1, r); err != nil {
			t.Fatal(err)
		}
	}
	return e.Image()
}

var topicA, topicB = event.UUID{0xa}, event.UUID{0xb}

func broker1() *RegisterBrokerRecord {
	return &RegisterBrokerRecord{Broker: 1, Epoch: 5, Incarnation: event.UUID{9},
		Endpoints: []Endpoint{{Name: "PLAINTEXT", Host: "h", Port: 9092}}}
}

func partitionOf(topic event.UUID, n int32) *PartitionRecord {
	return &PartitionRecord{Partition: n, Topic: topic, Replicas: []event.NodeID{1}, ISR: []event.NodeID{1}, Leader: 1}
}

// base is an image with broker 1 and topic a of two partitions.
func base(t *testing.T) *Image {
	return commit(t, New(event.UUID{7}), broker1(), &TopicRecord{Name: "a", ID: topicA}, partitionOf(topicA, 0),
		partitionOf(topicA, 1),
		&ConfigRecord{Type: event.ResourceTopic, Name: "a", Key: "retention.ms", Value: "1"})
}

func TestApply_RefusesWhatDoesNotFit(t *testing.T) {
	im := base(t)
	before := dump(im)
	bad := func(change func(*PartitionRecord)) *PartitionRecord {
		p := partitionOf(topicA, 2)
		change(p)
		return p
	}
	for name, r := range map[string]Record{
		"topic exists by id":            &TopicRecord{Name: "z", ID: topicA},
		"topic exists by name":          &TopicRecord{Name: "a", ID: topicB},
		"topic without id":              &TopicRecord{Name: "z"},
		"partition of absent topic":     partitionOf(topicB, 0),
		"partition exists":              partitionOf(topicA, 1),
		"partition leaves a gap":        partitionOf(topicA, 3),
		"no replicas":                   &PartitionRecord{Partition: 2, Topic: topicA, Leader: NoLeader},
		"leader is no replica":          bad(func(p *PartitionRecord) { p.Leader = 2 }),
		"in-sync replica is no replica": bad(func(p *PartitionRecord) { p.ISR = []event.NodeID{2} }),
		"negative leader epoch":         bad(func(p *PartitionRecord) { p.LeaderEpoch = -1 }),
		"directories do not align":      bad(func(p *PartitionRecord) { p.Directories = make([]event.UUID, 2) }),
		"change of absent topic":        &PartitionChangeRecord{Topic: topicB, Leader: 1, Recovering: -1},
		"change of absent partition": &PartitionChangeRecord{Topic: topicA, Partition: 2, Leader: 1,
			Recovering: -1},
		"change to a leader outside":     &PartitionChangeRecord{Topic: topicA, Leader: 2, Recovering: -1},
		"removal of absent topic":        &RemoveTopicRecord{Topic: topicB},
		"config of absent topic":         &ConfigRecord{Type: event.ResourceTopic, Name: "b", Key: "k"},
		"config of unknown resource":     &ConfigRecord{Type: 99, Name: "a", Key: "k"},
		"negative feature level":         &FeatureLevelRecord{Name: "f", Level: -1},
		"producer ids stand still":       &ProducerIDsRecord{Broker: 1, Epoch: 5, Next: 0},
		"broker epoch goes back":         &RegisterBrokerRecord{Broker: 1, Epoch: 5},
		"negative broker":                &RegisterBrokerRecord{Broker: -1, Epoch: 5},
		"absent broker goes":             &UnregisterBrokerRecord{Broker: 2, Epoch: 5},
		"broker of another epoch goes":   &UnregisterBrokerRecord{Broker: 1, Epoch: 4},
		"absent broker changes":          &BrokerRegistrationChangeRecord{Broker: 2, Epoch: 5},
		"broker changes to nonsense":     &BrokerRegistrationChangeRecord{Broker: 1, Epoch: 5, Fenced: 2},
		"a record that nobody ever made": nil,
	} {
		if err := im.Edit().Apply(im.Offset()+1, 1, r); err == nil {
			t.Errorf("%s: applied", name)
		}
	}
	if dump(im) != before {
		t.Error("a refused record changed the image")
	}
}

func TestApply_NamingALeaderRaisesItsEpochUnderTheRegistrationOfThatMoment(t *testing.T) {
	im := base(t)
	again := broker1()
	again.Epoch = 8
	im = commit(t, im, again, &PartitionChangeRecord{Topic: topicA, Partition: 1, Leader: 1,
		Recovering: RecoveringUnchanged})
	_, left := im.Partition(event.TP{Topic: topicA})
	if left.LeaderEpoch != 0 || left.LeaderBrokerEpoch != 5 || left.PartitionEpoch != 0 {
		t.Errorf("an untouched partition changed: %+v", left)
	}
	_, bumped := im.Partition(event.TP{Topic: topicA, Partition: 1})
	if bumped.LeaderEpoch != 1 || bumped.LeaderBrokerEpoch != 8 || bumped.PartitionEpoch != 1 {
		t.Errorf("naming the leader gave %+v", bumped)
	}
	im = commit(t, im, &PartitionChangeRecord{Topic: topicA, Partition: 1, Leader: LeaderUnchanged,
		Recovering: RecoveringUnchanged, ISR: []event.NodeID{}})
	_, p := im.Partition(event.TP{Topic: topicA, Partition: 1})
	if p.LeaderEpoch != 1 || p.PartitionEpoch != 2 || len(p.ISR) != 0 {
		t.Errorf("a change of the in-sync set gave %+v", p)
	}
}

func TestEdit_TellsWhatItTouchedAndRemoved(t *testing.T) {
	im := base(t)
	e := im.Edit()
	for i, r := range []Record{
		&ConfigRecord{Type: event.ResourceTopic, Name: "a", Key: "segment.bytes", Value: "5000"},
		&TopicRecord{Name: "b", ID: topicB},
		partitionOf(topicB, 0),
		&RemoveTopicRecord{Topic: topicA},
		&TopicRecord{Name: "a", ID: event.UUID{0xc}},
		partitionOf(event.UUID{0xc}, 0),
	} {
		if err := e.Apply(im.Offset()+1+int64(i), 1, r); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := fmt.Sprint(e.Touched()), fmt.Sprint([]event.TP{{Topic: topicB},
		{Topic: event.UUID{0xc}}}); got != want {
		t.Errorf("touched %v, want %v", got, want)
	}
	if got, want := fmt.Sprint(e.Removed()), fmt.Sprint([]event.TP{{Topic: topicA},
		{Topic: topicA, Partition: 1}}); got != want {
		t.Errorf("removed %v, want %v", got, want)
	}
	next := e.Image()
	if next.TopicNamed("a").ID != (event.UUID{0xc}) || len(next.Configs(event.ResourceTopic, "a")) != 0 {
		t.Error("a topic made anew has its namesake's configurations")
	}
}

func TestColliding(t *testing.T) {
	im := commit(t, New(event.UUID{}), &TopicRecord{Name: "a.b_c", ID: topicA})
	if got := im.Colliding("a_b.c"); got != "a.b_c" {
		t.Errorf("collision not seen: %q", got)
	}
	if im.Colliding("a.b_c") != "" || im.Colliding("a.bc") != "" {
		t.Error("collision where there is none")
	}
	im = commit(t, im, &RemoveTopicRecord{Topic: topicA})
	if im.Colliding("a_b.c") != "" {
		t.Error("a removed topic still collides")
	}
}

// Whatever is committed later, an image says for ever what it said when it was made (M-2).
func TestImage_NeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		im := commit(t, New(event.UUID{1}), broker1())
		type snapshot struct {
			im   *Image
			said string
		}
		var old []snapshot
		for range rapid.IntRange(1, 12).Draw(t, "edits") {
			var batch []Record
			draft := im
			for range rapid.IntRange(0, 10).Draw(t, "records") {
				r := fittingRecord(t, draft)
				draft = commit(t, draft, r)
				batch = append(batch, r)
			}
			im = commit(t, im, batch...)
			if dump(im) != dump(draft) {
				t.Fatalf("one edit of many records differs from many edits of one:\n%s\n%s", dump(im), dump(draft))
			}
			old = append(old, snapshot{im, dump(im)})
			for i, s := range old {
				if got := dump(s.im); got != s.said {
					t.Fatalf("image %d changed from\n%s\nto\n%s", i, s.said, got)
				}
			}
		}
	})
}

// fittingRecord draws a record that fits im.
func fittingRecord(t *rapid.T, im *Image) Record {
	name := fmt.Sprintf("t%d", rapid.IntRange(0, 5).Draw(t, "topic"))
	topic := im.TopicNamed(name)
	if topic == nil {
		return &TopicRecord{Name: name, ID: event.UUID{1: byte(im.Offset() + 2), 15: name[1]}}
	}
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return &RemoveTopicRecord{Topic: topic.ID}
	case 1:
		return &ConfigRecord{
			Type: event.ResourceTopic, Name: name, Key: rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "key"),
			Value: rapid.StringN(0, 3, 3).Draw(t, "value"), Null: rapid.Bool().Draw(t, "null"),
		}
	case 2:
		if topic.Count() > 0 {
			return &PartitionChangeRecord{
				Topic: topic.ID, Partition: rapid.Int32Range(0, topic.Count()-1).Draw(t, "partition"),
				Leader: rapid.SampledFrom([]event.NodeID{1, NoLeader, LeaderUnchanged}).Draw(t,
					"leader"), Recovering: RecoveringUnchanged,
			}
		}
	case 3:
		return &ProducerIDsRecord{Broker: 1, Epoch: 5, Next: im.NextProducerID() + 10}
	}
	return partitionOf(topic.ID, topic.Count())
}
