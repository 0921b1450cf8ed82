package metadata

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

// The vectors are composed by hand from Kafka's schemas: framing, then field by field.
func TestAppend_GoldenVectors(t *testing.T) {
	topic := event.UUID{0: 0x11, 15: 0x99}
	const topicHex = "11000000000000000000000000000099"
	for name, c := range map[string]struct {
		r   Record
		hex string
	}{
		"topic": {
			&TopicRecord{Name: "foo", ID: topic},
			"01 02 00" + // frame 1, API key 2, version 0
				"04 666f6f" + topicHex + "00",
		},
		"remove topic": {&RemoveTopicRecord{Topic: topic}, "01 09 00" + topicHex + "00"},
		"feature": {&FeatureLevelRecord{Name: "metadata.version", Level: 21},
			"01 0c 00 11 6d657461646174612e76657273696f6e 0015 00"},
		"producer ids": {
			&ProducerIDsRecord{Broker: 1, Epoch: 7, Next: 1000},
			"01 0f 00 00000001 0000000000000007 00000000000003e8 00",
		},
		"config": {&ConfigRecord{Type: 2, Name: "foo", Key: "a", Value: "b"},
			"01 04 00 02 04 666f6f 02 61 02 62 00"},
		"config removed": {&ConfigRecord{Type: 2, Name: "foo", Key: "a", Null: true},
			"01 04 00 02 04 666f6f 02 61 00 00"},
		"no-op":      {&NoOpRecord{}, "01 14 00 00"},
		"unregister": {&UnregisterBrokerRecord{Broker: 3, Epoch: 4}, "01 01 00 00000003 0000000000000004 00"},
		"partition": {
			&PartitionRecord{
				Partition: 2, Topic: topic, Replicas: []event.NodeID{1}, ISR: []event.NodeID{1}, Leader: 1,
				LeaderEpoch: 3, PartitionEpoch: 4,
				Directories: []event.UUID{topic},
			},
			"01 03 01 00000002" + topicHex + "02 00000001 02 00000001 01 01" + // replicas, ISR, removing, adding
				"00000001 00000003 00000004" + "02" + topicHex + "00",
		},
		"partition change: same leader, next epoch": {
			&PartitionChangeRecord{Partition: 2, Topic: topic, Leader: 1, Recovering: RecoveringUnchanged},
			"01 05 00 00000002" + topicHex + "01 01 04 00000001",
		},
		"partition change: in-sync set and eligible leaders": {
			&PartitionChangeRecord{
				Partition: 2, Topic: topic, Leader: LeaderUnchanged, Recovering: 0, ISR: []event.NodeID{5},
				ELR: []event.NodeID{},
			},
			"01 05 02 00000002" + topicHex + "03 00 05 02 00000005 05 01 00 06 01 01",
		},
		"register": {
			&RegisterBrokerRecord{
				Broker: 1, Incarnation: topic, Epoch: 9, Endpoints: []Endpoint{{Name: "P", Host: "h", Port: 0x2384}},
				Features: []Feature{{Name: "f", Min: 1, Max: 2}}, Directories: []event.UUID{topic},
			},
			"01 00 03 00000001 00" + topicHex + "0000000000000009" +
				"02 02 50 02 68 2384 0000 00" + // one endpoint
				"02 02 66 0001 0002 00" + // one feature
				"00 00 00" + // no rack, not fenced, not stopping
				"01 00 11 02" + topicHex, // tag 0: one directory, 17 bytes
		},
		"registration change": {
			&BrokerRegistrationChangeRecord{Broker: 1, Epoch: 9, Fenced: -1},
			"01 11 00 00000001 0000000000000009 01 00 01 ff",
		},
	} {
		want, err := hex.DecodeString(strings.ReplaceAll(c.hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := Append(nil, c.r); !bytes.Equal(got, want) {
			t.Errorf("%s:\n got %x\nwant %x", name, got, want)
		}
		back, err := Decode(want)
		if err != nil || fmt.Sprintf("%+v", back) != fmt.Sprintf("%+v", c.r) {
			t.Errorf("%s: decoded %+v (%v), want %+v", name, back, err, c.r)
		}
	}
}

// Versions before the one that is written, and tags of a later schema, must be read too.
func TestDecode_OlderVersionsAndUnknownTags(t *testing.T) {
	const topicHex = "11000000000000000000000000000099"
	for name, c := range map[string]struct{ hex, want string }{
		"partition v0": {
			"01 03 00 00000000" + topicHex + "02 00000001 02 00000001 01 01 00000001 00000000 00000000 00",
			"Directories:[]",
		},
		"partition v2 with eligible leaders": {
			"01 03 02 00000000" + topicHex + "02 00000001 02 00000001 01 01 00000001 00000000 00000000" +
				"01 02 01 05 02 00000007 02 01 00",
			"ELR:[7] LastELR:[]",
		},
		"register v0": {"01 00 00 00000001" + topicHex + "0000000000000009 01 01 00 01 00",
			"Fenced:true"},
		"topic with an unknown tag": {"01 02 00 04 666f6f" + topicHex + "01 09 02 abcd", "Name:foo"},
	} {
		p, err := hex.DecodeString(strings.ReplaceAll(c.hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Decode(p)
		if err != nil || !strings.Contains(fmt.Sprintf("%+v", r), c.want) {
			t.Errorf("%s: %+v, %v; want %s", name, r, err, c.want)
		}
	}
}

func TestDecode_Refuses(t *testing.T) {
	for name, h := range map[string]string{
		"nothing":            "",
		"frame version 0":    "00 02 00",
		"frame version 2":    "02 02 00",
		"unknown schema":     "01 63 00 00",
		"unknown version":    "01 02 01 00",
		"end in the middle":  "01 02 00 04 666f",
		"bytes behind":       "01 14 00 00 00",
		"count beyond bytes": "01 03 00 00000000 11000000000000000000000000000099 ffffffff0f",
	} {
		p, err := hex.DecodeString(strings.ReplaceAll(h, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if r, err := Decode(p); err == nil {
			t.Errorf("%s: decoded as %+v", name, r)
		}
	}
}

func TestCodec_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecord(t)
		p := Append([]byte("before"), r)
		if !bytes.HasPrefix(p, []byte("before")) {
			t.Fatal("Append overwrote what was there")
		}
		back, err := Decode(p[6:])
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		if got, want := fmt.Sprintf("%+v", back), fmt.Sprintf("%+v", r); got != want {
			t.Fatalf("got %s\nwant %s", got, want)
		}
		if again := Append(nil, back); !bytes.Equal(again, p[6:]) {
			t.Fatalf("encoded again %x, first %x", again, p[6:])
		}
	})
}

// What was encoded and decoded does to an image what the record itself does.
func TestCodec_AppliesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		im := commit(t, New(event.UUID{1}), broker1())
		twin := im
		for range rapid.IntRange(1, 20).Draw(t, "records") {
			r := fittingRecord(t, im)
			back, err := Decode(Append(nil, r))
			if err != nil {
				t.Fatal(err)
			}
			im, twin = commit(t, im, r), commit(t, twin, back)
			if dump(im) != dump(twin) {
				t.Fatalf("%s\n%s", dump(im), dump(twin))
			}
		}
	})
}

func TestDecode_NeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Append(nil, anyRecord(t))
		for range rapid.IntRange(1, 4).Draw(t, "flips") {
			p[rapid.IntRange(0, len(p)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		r, err := Decode(p[:rapid.IntRange(0, len(p)).Draw(t, "cut")])
		if err == nil {
			_ = New(event.UUID{}).Edit().Apply(0, 0, r)
		}
	})
}

func anyRecord(t *rapid.T) Record {
	id := rapid.Custom(func(t *rapid.T) event.UUID {
		return event.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t,
			"id"))
	})
	ids := rapid.SliceOfN(id, 0, 4)
	node := rapid.Custom(func(t *rapid.T) event.NodeID { return event.NodeID(rapid.Int32().Draw(t, "node")) })
	nodes := rapid.SliceOfN(node, 0, 5)
	maybe := func(label string) []event.NodeID {
		if rapid.Bool().Draw(t, label+"?") {
			return nil
		}
		return nodes.Draw(t, label)
	}
	text := rapid.String()
	flag := rapid.Int8Range(-1, 1)
	switch rapid.IntRange(0, 10).Draw(t, "schema") {
	case 0:
		r := &RegisterBrokerRecord{
			Broker: node.Draw(t, "broker"), MigratingZK: rapid.Bool().Draw(t, "zk"), Incarnation: id.Draw(t,
				"incarnation"),
			Epoch: rapid.Int64().Draw(t, "epoch"), Rack: text.Draw(t, "rack"), Fenced: rapid.Bool().Draw(t, "fenced"),
			ControlledStop: rapid.Bool().Draw(t, "stop"), Directories: ids.Draw(t, "directories"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "endpoints") {
			r.Endpoints = append(r.Endpoints, Endpoint{text.Draw(t, "name"), text.Draw(t, "host"),
				rapid.Uint16().Draw(t, "port"), rapid.Int16().Draw(t, "security")})
			r.Features = append(r.Features, Feature{text.Draw(t, "feature"), rapid.Int16().Draw(t, "min"),
				rapid.Int16().Draw(t, "max")})
		}
		return r
	case 1:
		return &UnregisterBrokerRecord{node.Draw(t, "broker"), rapid.Int64().Draw(t, "epoch")}
	case 2:
		return &TopicRecord{text.Draw(t, "name"), id.Draw(t, "id")}
	case 3:
		return &PartitionRecord{
			Partition: rapid.Int32().Draw(t, "partition"), Topic: id.Draw(t, "topic"), Replicas: nodes.Draw(t,
				"replicas"), ISR: nodes.Draw(t, "isr"),
			Removing: nodes.Draw(t, "removing"), Adding: nodes.Draw(t, "adding"), Leader: node.Draw(t,
				"leader"), Recovering: flag.Draw(t, "recovering"),
			LeaderEpoch: rapid.Int32().Draw(t, "epoch"), PartitionEpoch: rapid.Int32().Draw(t,
				"pepoch"), Directories: ids.Draw(t, "directories"),
			ELR: maybe("elr"), LastELR: maybe("last elr"),
		}
	case 4:
		c := &ConfigRecord{Type: rapid.Int8().Draw(t, "type"), Name: text.Draw(t, "name"), Key: text.Draw(t, "key"),
			Null: rapid.Bool().Draw(t, "null")}
		if !c.Null {
			c.Value = text.Draw(t, "value")
		}
		return c
	case 5:
		r := &PartitionChangeRecord{
			Partition: rapid.Int32().Draw(t, "partition"), Topic: id.Draw(t,
				"topic"), ISR: maybe("isr"), Leader: node.Draw(t, "leader"), Replicas: maybe("replicas"),
			Removing: maybe("removing"), Adding: maybe("adding"), Recovering: flag.Draw(t,
				"recovering"), ELR: maybe("elr"), LastELR: maybe("last elr"),
		}
		if rapid.Bool().Draw(t, "directories?") {
			r.Directories = ids.Draw(t, "directories")
		}
		return r
	case 6:
		return &RemoveTopicRecord{id.Draw(t, "topic")}
	case 7:
		return &FeatureLevelRecord{text.Draw(t, "name"), rapid.Int16().Draw(t, "level")}
	case 8:
		return &ProducerIDsRecord{node.Draw(t, "broker"), rapid.Int64().Draw(t, "epoch"), rapid.Int64().Draw(t, "next")}
	case 9:
		r := &BrokerRegistrationChangeRecord{Broker: node.Draw(t, "broker"), Epoch: rapid.Int64().Draw(t, "epoch"),
			Fenced: flag.Draw(t, "fenced"), ControlledStop: flag.Draw(t, "stop")}
		if rapid.Bool().Draw(t, "directories?") {
			r.Directories = ids.Draw(t, "directories")
		}
		return r
	}
	return &NoOpRecord{}
}
