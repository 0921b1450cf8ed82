package metadata

import (
	"encoding/base64"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// MaxTopicName is the largest length of a topic name, in bytes.
const MaxTopicName = 249

// LogName is the topic name of the metadata log: Kafka's.
const LogName = "__cluster_metadata"

// LogTP is the partition that holds the metadata log, under the topic id that Kafka gives it.
func LogTP() event.TP { return event.TP{Topic: event.UUID{15: 1}} }

// ReservedID reports whether id must never be given to a topic: the zero id, and the metadata log's.
func ReservedID(id event.UUID) bool { return id.IsZero() || id == LogTP().Topic }

// BadTopicName says why name cannot be a topic's, or "" if it can: Kafka's rules.
func BadTopicName(name string) string {
	switch {
	case name == "":
		return "a topic name must not be empty"
	case name == "." || name == "..":
		return `a topic name must not be "." or ".."`
	case len(name) > MaxTopicName:
		return "a topic name has at most 249 characters"
	}
	for i := range len(name) {
		if !topicByte(name[i]) {
			return "a topic name consists of ASCII letters, digits, '.', '_' and '-'"
		}
	}
	return ""
}

func topicByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return c == '.' || c == '_' || c == '-'
}

// InternalTopic reports whether name is one that the broker keeps for itself.
func InternalTopic(name string) bool {
	return name == "__consumer_offsets" || name == "__transaction_state" || name == LogName
}

// folded is the name as metrics spell it: '.' and '_' are alike there.
func folded(name string) string { return strings.ReplaceAll(name, ".", "_") }

// IDString renders an id as Kafka's tools do: 22 characters of URL-safe base64 without padding.
func IDString(id event.UUID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// ShardOf is the shard that holds tp on a broker with the given number of shards, which every broker of the cluster computes
// alike: a hash of the topic's id (FNV-1a) says where its partitions begin, and they go round from there. So every topic is
// spread as evenly as its partitions allow, and many small topics are too.
func ShardOf(tp event.TP, shards int) uint8 {
	h := uint64(14695981039346656037)
	for _, c := range tp.Topic {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return uint8(((h^h>>32)%uint64(shards) + uint64(uint32(tp.Partition))) % uint64(shards))
}
