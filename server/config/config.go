package config

import "time"

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

	// Set are the keys that some place gave a value, in the order of Keys: what is not in it stands at its default.
	Set []string
}
