package controller

import (
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/rand"
	"pgregory.net/rapid"
)

func TestCreatePartitions_Answers(t *testing.T) {
	to := func(count int32, replicas ...[]event.NodeID) event.GrowTopic {
		return event.GrowTopic{Name: "taken.1", Count: count, Assignment: replicas}
	}
	node := func(ids ...event.NodeID) []event.NodeID { return ids }
	for name, c := range map[string]struct {
		topic event.GrowTopic
		code  event.Code
		why   string
		parts int32 // afterwards
	}{
		"plain":                   {to(5), event.CodeNone, "", 5},
		"assigned":                {to(4, node(2), node(1)), event.CodeNone, "", 4},
		"absent":                  {event.GrowTopic{Name: "absent", Count: 3}, event.CodeUnknownTopicOrPartition, "does not exist", 2},
		"no name":                 {event.GrowTopic{Count: 3}, event.CodeUnknownTopicOrPartition, "does not exist", 2},
		"the same":                {to(2), event.CodeInvalidPartitions, "already has 2", 2},
		"fewer":                   {to(1), event.CodeInvalidPartitions, "would not be an increase", 2},
		"negative":                {to(-1 << 31), event.CodeInvalidPartitions, "would not be an increase", 2},
		"too many":                {to(103), event.CodePolicyViolation, "100 partitions", 2},
		"as many as there may be": {to(102), event.CodeNone, "", 102},
		"2^31":                    {to(1<<31 - 1), event.CodePolicyViolation, "100 partitions", 2},
		"assigned too few":        {to(4, node(1)), event.CodeInvalidReplicaAssignment, "2 partition(s) would be added, and 1", 2},
		"assigned none": {event.GrowTopic{Name: "taken.1", Count: 3, Assignment: [][]event.NodeID{}},
			event.CodeInvalidReplicaAssignment, "and 0 are assigned", 2},
		"assigned to nobody":        {to(3, node()), event.CodeInvalidReplicaAssignment, "no replicas", 2},
		"assigned to strangers":     {to(3, node(9)), event.CodeInvalidReplicaAssignment, "Partition 2 names broker 9", 2},
		"assigned twice to one":     {to(3, node(1, 1)), event.CodeInvalidReplicaAssignment, "twice", 2},
		"assigned to more replicas": {to(3, node(1, 2)), event.CodeInvalidReplicaAssignment, "has 2 replicas", 2},
	} {
		for _, validateOnly := range []bool{false, true} {
			im := cluster(3)
			records, reply := controller().CreatePartitions(im, &event.CreatePartitions{
				Topics: []event.GrowTopic{c.topic}, ValidateOnly: validateOnly,
			})
			r := reply.Topics[0]
			if r.Code != c.code || !strings.Contains(r.Why, c.why) || (r.Why == "") != (c.code == event.CodeNone) ||
				r.Name != c.topic.Name {
				t.Errorf("%s: %+v", name, r)
			}
			want := c.parts
			if validateOnly {
				want = 2
			}
			after := Draft(im, records).TopicNamed("taken.1")
			if after.Count() != want {
				t.Errorf("%s, validate only %v: %d partitions, want %d", name, validateOnly, after.Count(), want)
			}
			for p := range after.Partitions() {
				if len(p.Replicas) != 1 || p.Leader != p.Replicas[0] || p.Number > 1 && p.LeaderEpoch != 0 {
					t.Errorf("%s: %+v", name, p)
				}
				if i := p.Number - 2; i >= 0 && len(c.topic.Assignment) > 0 && p.Leader != c.topic.Assignment[i][0] {
					t.Errorf("%s: partition %d is at %d", name, p.Number, p.Leader)
				}
			}
		}
	}
}

func TestCreatePartitions_WaitsForAReassignment(t *testing.T) {
	im := cluster(3)
	id := im.TopicNamed("taken.1").ID
	_, p := im.Partition(event.TP{Topic: id, Partition: 1})
	im = Draft(im, []metadata.Record{&metadata.PartitionChangeRecord{
		Partition: 1, Topic: id, Leader: metadata.LeaderUnchanged, Replicas: []event.NodeID{1, 2},
		Adding: []event.NodeID{3 - p.Leader}, Directories: make([]event.UUID, 2), Recovering: metadata.RecoveringUnchanged,
	}})
	req := &event.CreatePartitions{Topics: []event.GrowTopic{{Name: "taken.1", Count: 3}}}
	records, reply := controller().CreatePartitions(im, req)
	if len(records) != 0 || reply.Topics[0].Code != event.CodeReassignmentInProgress {
		t.Errorf("%+v", reply)
	}
}

func TestCreatePartitions_WithoutEnoughBrokers(t *testing.T) {
	im := cluster(3) // 3 is fenced
	records, _ := controller().CreateTopics(im, &event.CreateTopics{Topics: []event.CreateTopic{{
		Name: "wide", Partitions: -1, Replicas: -1, Assignment: assignment([]event.NodeID{1, 2, 3}),
	}}})
	im = Draft(im, records)
	req := &event.CreatePartitions{Topics: []event.GrowTopic{{Name: "wide", Count: 2}}}
	if records, reply := controller().CreatePartitions(im, req); len(records) != 0 ||
		reply.Topics[0].Code != event.CodeInvalidReplicationFactor {
		t.Errorf("%+v", reply)
	}
}

// However the request looks, its records fit the batch and the image (C-1), and no topic ends with fewer partitions.
func TestCreatePartitions_RecordsFitAndNothingShrinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(Config{
			Settings: settings(), Dice: rand.New(rapid.Uint64().Draw(t, "seed")),
			MaxBytes: rapid.IntRange(100, 5000).Draw(t, "bytes"), MaxPartitions: 100, MaxTopics: 10,
		})
		im := cluster(3)
		records, _ := controller().CreateTopics(im, &event.CreateTopics{Topics: []event.CreateTopic{
			{Name: "b", Partitions: 7, Replicas: 2},
		}})
		im = Draft(im, records)
		req := &event.CreatePartitions{}
		for range rapid.IntRange(0, 11).Draw(t, "topics") {
			req.Topics = append(req.Topics, event.GrowTopic{
				Name:  rapid.SampledFrom([]string{"b", "taken.1", "absent"}).Draw(t, "name"),
				Count: rapid.Int32Range(-2, 90).Draw(t, "count"),
			})
		}
		records, reply := c.CreatePartitions(im, req)
		if n := size(records); n > c.cfg.MaxBytes {
			t.Fatalf("%d bytes of records, %d are allowed", n, c.cfg.MaxBytes)
		}
		after := Draft(im, records)
		for topic := range im.Topics() {
			if was, is := topic.Count(), after.Topic(topic.ID).Count(); is < was {
				t.Fatalf("%s shrinks from %d to %d", topic.Name, was, is)
			}
		}
		for i, r := range reply.Topics {
			if r.Code == event.CodeNone && after.TopicNamed(r.Name).Count() != req.Topics[i].Count {
				t.Fatalf("%+v was granted, and there are %d", req.Topics[i], after.TopicNamed(r.Name).Count())
			}
		}
	})
}
