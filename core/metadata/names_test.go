package metadata

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
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

func TestIDString_IsURLSafeBase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := event.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		if got, want := IDString(id), base64.RawURLEncoding.EncodeToString(id[:]); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
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
