package metadata

import (
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
	var count [4]int
	for p := range int32(4000) {
		count[ShardOf(event.TP{Topic: event.UUID{1, 2, 3}, Partition: p}, 4)]++
	}
	for s, n := range count {
		if n < 800 || n > 1200 {
			t.Errorf("shard %d holds %d of 4000", s, n)
		}
	}
	// The hash is part of what brokers agree on: it must never change.
	if got := ShardOf(event.TP{Topic: event.UUID{1, 2, 3}, Partition: 7}, 256); got != 184 {
		t.Errorf("the hash has changed: %d", got)
	}
}
