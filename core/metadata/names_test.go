package metadata

import (
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

func TestBadTopicName(t *testing.T) {
	for _, good := range []string{"a", "A-b_c.9", "...", strings.Repeat("x", 249), "__consumer_offsets"} {
		if why := BadTopicName(good); why != "" {
			t.Errorf("%q: %s", good, why)
		}
	}
	for _, bad := range []string{"", ".", "..", "a b", "a/b", "ä", "a\x00", strings.Repeat("x", 250)} {
		if BadTopicName(bad) == "" {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestIDString_IsKafkasForm(t *testing.T) {
	for id, want := range map[event.UUID]string{
		{}:                          "AAAAAAAAAAAAAAAAAAAAAA",
		{15: 1}:                     "AAAAAAAAAAAAAAAAAAAAAQ", // the metadata log's
		{0: 0xfb, 1: 0xff, 2: 0xbf}: "-_-_AAAAAAAAAAAAAAAAAA",
	} {
		if got := IDString(id); got != want {
			t.Errorf("%s is shown as %s, want %s", id, got, want)
		}
	}
}

func TestShardOf_SpreadsPartitions(t *testing.T) {
	for topic := range byte(50) {
		var of [4]int // of one topic with ten partitions: two or three each
		for p := range int32(10) {
			of[ShardOf(event.TP{Topic: event.UUID{topic, 2, 3}, Partition: p}, 4)]++
		}
		if least, most := slices.Min(of[:]), slices.Max(of[:]); least < 2 || most > 3 {
			t.Errorf("topic %d has %v of its ten partitions on the shards", topic, of)
		}
	}
	var first [4]int // of many topics with one partition
	for i := range 4000 {
		first[ShardOf(event.TP{Topic: event.UUID{byte(i), byte(i >> 8), 9}}, 4)]++
	}
	for s, n := range first {
		if n < 800 || n > 1200 {
			t.Errorf("shard %d holds %d of 4000 topics", s, n)
		}
	}
	// The hash is part of what brokers agree on, and of where a directory has its partitions: it must never change.
	for _, at := range []struct {
		partition int32
		shards    int
		want      uint8
	}{{0, 256, 58}, {7, 256, 65}, {300, 256, 102}, {7, 3, 1}} {
		if got := ShardOf(event.TP{Topic: event.UUID{1, 2, 3}, Partition: at.partition}, at.shards); got != at.want {
			t.Errorf("the hash has changed: partition %d of %d shards is at %d", at.partition, at.shards, got)
		}
	}
}
