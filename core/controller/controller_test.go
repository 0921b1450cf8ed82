package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/rand"
	"pgregory.net/rapid"
)

func settings(set ...event.ConfigEntry) *metadata.Settings {
	s, err := metadata.NewSettings(set, 1<<20)
	if err != nil {
		panic(err)
	}
	return s
}

func controller() *Controller {
	return New(Config{Settings: settings(), Dice: rand.New(1), MaxBytes: 64 << 10, MaxPartitions: 100, MaxTopics: 10})
}

// cluster is an image with brokers 1 .. n, the last of which is fenced, and a topic "taken.1".
func cluster(n event.NodeID) *metadata.Image {
	c, im := controller(), metadata.New(event.UUID{1})
	im = Draft(im, Bootstrap())
	for id := event.NodeID(1); id <= n; id++ {
		r := metadata.RegisterBrokerRecord{
			Broker: id, Incarnation: event.UUID{byte(id)}, Fenced: id == n &&
				n > 1, Directories: []event.UUID{{0xd, byte(id)}},
			Endpoints: []metadata.Endpoint{{Host: "h", Port: 1}},
		}
		im = Draft(im, c.Register(im, r))
	}
	records, _ := c.CreateTopics(im, &event.CreateTopics{Topics: []event.CreateTopic{{Name: "taken.1", Partitions: 2,
		Replicas: 1}}})
	return Draft(im, records)
}

func assignment(replicas ...[]event.NodeID) (out []event.PartitionAssignment) {
	for i, r := range replicas {
		out = append(out, event.PartitionAssignment{Partition: int32(i), Replicas: r})
	}
	return out
}

func TestCreateTopics_Answers(t *testing.T) {
	config := func(key, value string) []event.ConfigEntry { return []event.ConfigEntry{{Key: key, Value: value}} }
	node := func(ids ...event.NodeID) []event.NodeID { return ids }
	for name, c := range map[string]struct {
		topic event.CreateTopic
		code  event.Code
		why   string
		parts int32
		rf    int16
	}{
		"plain":    {event.CreateTopic{Name: "a", Partitions: 3, Replicas: 2}, event.CodeNone, "", 3, 2},
		"defaults": {event.CreateTopic{Name: "a", Partitions: -1, Replicas: -1}, event.CodeNone, "", 1, 1},
		"configured": {event.CreateTopic{Name: "a", Partitions: 1, Replicas: 1,
			Configs: config("retention.ms", "5")}, event.CodeNone, "", 1, 1},
		"assigned": {event.CreateTopic{Name: "a", Partitions: -1, Replicas: -1,
			Assignment: assignment(node(1, 2), node(2, 1))}, 0, "", 2, 2},
		"exists": {event.CreateTopic{Name: "taken.1", Partitions: 1, Replicas: 1},
			event.CodeTopicAlreadyExists, "already exists", -1, -1},
		"collides": {event.CreateTopic{Name: "taken_1", Partitions: 1, Replicas: 1}, event.CodeInvalidTopic,
			"collides", -1, -1},
		"illegal name": {event.CreateTopic{Name: "a b", Partitions: 1, Replicas: 1}, event.CodeInvalidTopic,
			"illegal", -1, -1},
		"no name": {event.CreateTopic{Partitions: 1, Replicas: 1}, event.CodeInvalidTopic, "empty", -1, -1},
		"the metadata log": {event.CreateTopic{Name: "__cluster_metadata", Partitions: 1, Replicas: 1},
			event.CodeInvalidTopic, "own", -1, -1},
		"no partitions": {event.CreateTopic{Name: "a", Partitions: 0, Replicas: 1}, event.CodeInvalidPartitions,
			"at least 1", -1, -1},
		"negative partitions": {event.CreateTopic{Name: "a", Partitions: -2, Replicas: 1}, event.CodeInvalidPartitions,
			"at least 1", -1, -1},
		"too many partitions": {event.CreateTopic{Name: "a", Partitions: 101, Replicas: 1}, event.CodePolicyViolation,
			"100 partitions", -1, -1},
		"partitions at 2^31": {event.CreateTopic{Name: "a", Partitions: 1<<31 - 1, Replicas: 1},
			event.CodePolicyViolation, "100 partitions", -1, -1},
		"no replicas": {event.CreateTopic{Name: "a", Partitions: 1, Replicas: 0},
			event.CodeInvalidReplicationFactor, "at least 1", -1, -1},
		"more replicas than brokers that are up": {
			event.CreateTopic{Name: "a", Partitions: 1, Replicas: 3}, event.CodeInvalidReplicationFactor,
			"larger than the number of brokers that are up, 2", -1, -1,
		},
		"unknown configuration": {
			event.CreateTopic{Name: "a", Partitions: 1, Replicas: 1,
				Configs: config("prefix", "x")}, event.CodeInvalidConfig, "Unknown topic config name: prefix", -1, -1,
		},
		"configuration not honoured": {
			event.CreateTopic{Name: "a", Partitions: 1, Replicas: 1,
				Configs: config("cleanup.policy", "compact")}, event.CodeInvalidConfig, "not supported yet", -1, -1,
		},
		"configuration twice": {
			event.CreateTopic{Name: "a", Partitions: 1, Replicas: 1,
				Configs: append(config("segment.ms", "5"), config("segment.ms", "6")...)},
			event.CodeInvalidConfig, "twice", -1, -1,
		},
		"assignment and counts": {
			event.CreateTopic{Name: "a", Partitions: 1, Replicas: -1,
				Assignment: assignment(node(1))}, event.CodeInvalidRequest, "must be -1", -1, -1,
		},
		"assignment with a gap": {
			event.CreateTopic{Name: "a", Partitions: -1, Replicas: -1,
				Assignment: []event.PartitionAssignment{{Partition: 1, Replicas: node(1)}}},
			event.CodeInvalidReplicaAssignment, "numbered from 0", -1, -1,
		},
		"assignment to nobody": {event.CreateTopic{Name: "a", Partitions: -1, Replicas: -1,
			Assignment: assignment(nil)}, event.CodeInvalidReplicaAssignment, "no replicas", -1, -1},
		"assignment to strangers": {event.CreateTopic{Name: "a", Partitions: -1, Replicas: -1,
			Assignment: assignment(node(9))}, event.CodeInvalidReplicaAssignment, "not registered", -1, -1},
		"assignment twice to one": {event.CreateTopic{Name: "a", Partitions: -1, Replicas: -1,
			Assignment: assignment(node(1, 1))}, event.CodeInvalidReplicaAssignment, "twice", -1, -1},
		"assignment of two kinds": {
			event.CreateTopic{Name: "a", Partitions: -1, Replicas: -1,
				Assignment: assignment(node(1), node(1,
					2))}, event.CodeInvalidReplicaAssignment, "has 2 replicas", -1, -1,
		},
	} {
		for _, validateOnly := range []bool{false, true} {
			im := cluster(3)
			records, reply := controller().CreateTopics(im, &event.CreateTopics{Topics: []event.CreateTopic{c.topic},
				ValidateOnly: validateOnly})
			r := reply.Topics[0]
			if r.Code != c.code || !strings.Contains(r.Why, c.why) || r.Partitions != c.parts || r.Replicas != c.rf ||
				r.Name != c.topic.Name {
				t.Errorf("%s: %+v", name, r)
			}
			if made := len(records) > 0; made != (c.code == event.CodeNone && !validateOnly) {
				t.Errorf("%s, validate only %v: %d records", name, validateOnly, len(records))
			}
			if (len(r.Configs) > 0) != (c.code == event.CodeNone) {
				t.Errorf("%s: %d configurations in the answer", name, len(r.Configs))
			}
			if len(records) == 0 {
				continue
			}
			made := Draft(im, records).TopicNamed(c.topic.Name)
			if made.ID != r.ID || made.Count() != c.parts || made.ReplicationFactor() != c.rf {
				t.Errorf("%s: topic %+v, answer %+v", name, made, r)
			}
		}
	}
}

func TestCreateTopics_ManyInOneRequest(t *testing.T) {
	topic := func(name string) event.CreateTopic { return event.CreateTopic{Name: name, Partitions: 40, Replicas: 1} }
	req := &event.CreateTopics{Topics: []event.CreateTopic{topic("a"), topic("b"), topic("a"), topic("b.c"),
		topic("b_c"), topic("d")}}
	records, reply := controller().CreateTopics(cluster(1), req)
	want := []event.Code{
		event.CodeInvalidRequest, event.CodeNone, event.CodeInvalidRequest, event.CodeNone, event.CodeInvalidTopic,
		event.CodePolicyViolation,
	}
	for i, r := range reply.Topics {
		if r.Code != want[i] {
			t.Errorf("topic %d: code %d (%s), want %d", i, r.Code, r.Why, want[i])
		}
	}
	if len(records) != 2*41 {
		t.Errorf("%d records for two topics of 40 partitions", len(records))
	}
	req = &event.CreateTopics{}
	for i := range 11 {
		req.Topics = append(req.Topics, event.CreateTopic{Name: fmt.Sprint(i), Partitions: 1, Replicas: 1})
	}
	records, reply = controller().CreateTopics(cluster(1), req)
	if len(records) != 0 || reply.Topics[10].Code != event.CodePolicyViolation {
		t.Errorf("11 topics where 10 are allowed: %d records, %+v", len(records), reply.Topics[10])
	}
}

// However the request looks, its records fit the batch that commits them, and the image (C-1).
func TestCreateTopics_RecordsFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(Config{
			Settings: settings(), Dice: rand.New(rapid.Uint64().Draw(t, "seed")),
			MaxBytes: rapid.IntRange(500, 5000).Draw(t, "bytes"), MaxPartitions: 100, MaxTopics: 10,
		})
		im := cluster(3)
		req := &event.CreateTopics{}
		for range rapid.IntRange(0, 10).Draw(t, "topics") {
			req.Topics = append(req.Topics, event.CreateTopic{
				Name: rapid.SampledFrom([]string{"a", "b", "c", "d.e", "d_e", "taken.1", ""}).Draw(t,
					"name"), Partitions: rapid.Int32Range(-2, 60).Draw(t, "p"),
				Replicas: rapid.Int16Range(-2, 4).Draw(t, "rf"),
			})
		}
		records, reply := c.CreateTopics(im, req)
		if n := size(records); n > c.cfg.MaxBytes {
			t.Fatalf("%d bytes of records, %d are allowed", n, c.cfg.MaxBytes)
		}
		after := Draft(im, records)
		for i, r := range reply.Topics {
			made := after.TopicNamed(req.Topics[i].Name)
			if r.Code == event.CodeNone && (made == nil || made.ID != r.ID || made.Count() != r.Partitions ||
				metadata.ReservedID(r.ID)) {
				t.Fatalf("%+v, but the topic is %+v", r, made)
			}
		}
	})
}

func TestCreateTopics_SpreadsLeaders(t *testing.T) {
	im := cluster(4) // three are up
	records, _ := controller().CreateTopics(im, &event.CreateTopics{Topics: []event.CreateTopic{{Name: "a",
		Partitions: 9, Replicas: 2}}})
	leaders := map[event.NodeID]int{}
	for p := range Draft(im, records).TopicNamed("a").Partitions() {
		leaders[p.Leader]++
		if len(p.ISR) != 2 || !slices.Equal(p.ISR, p.Replicas) || p.Leader != p.Replicas[0] ||
			p.Directories[0] != (event.UUID{0xd, byte(p.Replicas[0])}) {
			t.Errorf("%+v", p)
		}
	}
	if leaders[1] != 3 || leaders[2] != 3 || leaders[3] != 3 {
		t.Errorf("leaders by broker: %v", leaders)
	}
}

func TestAutoCreate_TakesWhatExistsAsDone(t *testing.T) {
	records, reply := controller().AutoCreate(cluster(1), []string{"new", "taken.1", "bad name"})
	if want := []event.Code{event.CodeNone, event.CodeNone, event.CodeInvalidTopic}; !slices.Equal(reply.Codes, want) {
		t.Errorf("%v, want %v", reply.Codes, want)
	}
	if len(records) != 2 {
		t.Errorf("%d records for one topic of one partition", len(records))
	}
}

func TestDeleteTopics(t *testing.T) {
	im := cluster(1)
	id := im.TopicNamed("taken.1").ID
	records, reply := controller().DeleteTopics(im, &event.DeleteTopics{Topics: []event.MetadataTopic{
		{Name: "absent"}, {ID: event.UUID{5}}, {}, {Name: "taken.1", ID: id}, {ID: id}, {Name: "taken.1"},
	}})
	want := []event.Code{
		event.CodeUnknownTopicOrPartition, event.CodeUnknownTopicID, event.CodeInvalidRequest, event.CodeInvalidRequest,
		event.CodeNone, event.CodeInvalidRequest,
	}
	for i, r := range reply.Topics {
		if r.Code != want[i] || (r.Code != event.CodeNone && r.Why == "") {
			t.Errorf("topic %d: %+v, want code %d", i, r, want[i])
		}
	}
	if reply.Topics[4].Name != "taken.1" || reply.Topics[4].ID != id {
		t.Errorf("deleted by id: %+v", reply.Topics[4])
	}
	if len(records) != 1 || Draft(im, records).TopicNamed("taken.1") != nil {
		t.Errorf("%d records", len(records))
	}
}

// C-3, R16.
func TestRegister_BumpsWhatTheBrokerLeads(t *testing.T) {
	im := cluster(3)
	c := controller()
	records, _ := c.CreateTopics(im, &event.CreateTopics{Topics: []event.CreateTopic{
		{Name: "mine", Partitions: -1, Replicas: -1, Assignment: assignment([]event.NodeID{1, 2},
			[]event.NodeID{2, 1})},
	}})
	im = Draft(im, records)
	mine := im.TopicNamed("mine").ID
	im = Draft(im, []metadata.Record{ // partition 1 lost its leader, and 1 is in sync
		&metadata.PartitionChangeRecord{Topic: mine, Partition: 1, Leader: metadata.NoLeader,
			Recovering: metadata.RecoveringUnchanged},
	})
	same := metadata.RegisterBrokerRecord{Broker: 1, Incarnation: im.Broker(1).Incarnation}
	if r := c.Register(im, same); len(r) != 0 {
		t.Fatalf("the same incarnation yields %d records", len(r))
	}
	next := metadata.RegisterBrokerRecord{Broker: 1, Incarnation: event.UUID{0xff}}
	after := Draft(im, c.Register(im, next))
	if epoch := after.Broker(1).Epoch; epoch != im.Offset()+1 {
		t.Errorf("broker epoch %d, want the offset of its record, %d", epoch, im.Offset()+1)
	}
	for topic := range after.Topics() {
		for p := range topic.Partitions() {
			_, old := im.Partition(event.TP{Topic: topic.ID, Partition: p.Number})
			led := old.Leader == 1 || old.Leader == metadata.NoLeader && slices.Contains(old.ISR, 1)
			switch {
			case led && (p.Leader != 1 || p.LeaderEpoch != old.LeaderEpoch+1 ||
				p.LeaderBrokerEpoch != after.Broker(1).Epoch):
				t.Errorf("%s-%d was led and is %+v", topic.Name, p.Number, p)
			case !led && (p.LeaderEpoch != old.LeaderEpoch || p.Leader != old.Leader):
				t.Errorf("%s-%d was not led and is %+v", topic.Name, p.Number, p)
			}
		}
	}
}

// C-4.
func TestProducerIDs_BlocksNeverOverlap(t *testing.T) {
	c, im := controller(), cluster(1)
	next := int64(0)
	for range 5 {
		records, block := c.ProducerIDs(im, 1)
		if block.First != next || block.Count != PIDBlockSize {
			t.Fatalf("%+v, want ids from %d", block, next)
		}
		next += PIDBlockSize
		im = Draft(im, records)
	}
	if records, block := c.ProducerIDs(im, 77); len(records) != 0 || block.Count != 0 {
		t.Error("a broker that is not registered gets ids")
	}
	im = Draft(im, []metadata.Record{&metadata.ProducerIDsRecord{Broker: 1, Epoch: im.Broker(1).Epoch,
		Next: 1<<63 - 500}})
	if records, block := c.ProducerIDs(im, 1); len(records) != 0 || block.Count != 0 {
		t.Errorf("ids beyond the last one: %+v", block)
	}
}

// loaded dice show what is drawn again.
type loaded []uint64

func (l *loaded) Uint64() uint64 {
	v := (*l)[0]
	*l = (*l)[1:]
	return v
}

// C-2.
func TestTopicID_IsDrawnAgainUntilItIsFree(t *testing.T) {
	im := cluster(1)
	taken := event.UUID{6: 0x40, 8: 0x80, 15: 1}
	im = Draft(im, []metadata.Record{&metadata.TopicRecord{Name: "x", ID: taken}})
	dice := loaded{0, 1 << 56, 0xf8, 0, 0, 2 << 56} // taken; a flag in Kafka's form; free
	c := New(Config{Settings: settings(), Dice: &dice})
	if got, want := c.topicID(im), (event.UUID{6: 0x40, 8: 0x80, 15: 2}); got != want || len(dice) != 0 {
		t.Errorf("got %s, want %s; %d draws left", got, want, len(dice))
	}
}
