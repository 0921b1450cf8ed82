package config

import (
	"slices"
	"time"
)

// Config is what a broker is told. Every field has a key in keys.go.
type Config struct {
	NodeID     int32
	DataDir    string
	Listen     []Address
	Advertised []Address // empty: the address that is listened on

	Partitions      int32 // of a topic whose creation names no number
	AutoCreate      bool
	MaxMessageBytes int32 // of one record batch
	SegmentBytes    int64
	Shards          int   // 0: as many as the directory has
	JournalBytes    int64 // of one shard's journal ring
	DiskLoop        string

	// How long topics keep records, unless they say otherwise; -1 for ever. The finest unit that is set counts.
	RetentionMs, RetentionMinutes, RetentionHours int64
	RetentionBytes                                int64 // of a partition
	RollMs, RollHours                             int64 // the age at which a segment is closed, likewise
	RetentionCheckMs                              int64

	MaxRequestBytes int32
	MaxConnections  int
	MaxIdle         time.Duration // a connection that sends nothing for so long is closed

	MaxConnectionsPerIP int
	MaxConnectionRate   int           // new connections per second from one address; 0 for no limit
	FirstRequest        time.Duration // a connection whose first request is not there after so long is closed
	QueuedBytes         int64         // of large requests on their way in

	HTTP          *Address // of metrics and probes; nil for none
	LoggingLevel  string
	LoggingFormat string

	// Set are the keys that some place gave a value, in the order of Keys: what is not in it stands at its default.
	Set []string
}

// IsSet reports whether some place gave key a value.
func (c *Config) IsSet(key string) bool { return slices.Contains(c.Set, key) }
