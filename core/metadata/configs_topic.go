package metadata

import "github.com/highwater-log/highwater/core/event"

const (
	weekMs   = "604800000"
	minuteMs = 60_000
	hourMs   = 60 * minuteMs
	never    = "9223372036854775807"
)

// topicConfigs are a topic's configurations in name order. Sources: Kafka's TopicConfig and LogConfig; KIP-1030 for
// bounds.
var topicConfigs = []ConfigDef{ //pure:ok a constant table; Go has no constant structs
	{
		Name: "cleanup.policy", Type: event.ConfigTypeList, Default: "delete", Broker: "log.cleanup.policy",
		Rule: oneOf("compact", "delete"), Only: []string{"delete"}, Why: "logs are not compacted yet",
		Doc: "What is done with old segments: deleted when retention says so, or compacted by key.",
	},
	{
		Name: "compression.gzip.level", Type: event.ConfigTypeInt, Default: "-1", Broker: "compression.gzip.level",
		Rule: between(-1, 9), Doc: "Level of gzip where compression.type is gzip; -1 is the library's default.",
	},
	{
		Name: "compression.lz4.level", Type: event.ConfigTypeInt, Default: "9", Broker: "compression.lz4.level",
		Rule: between(1, 17), Doc: "Level of lz4 where compression.type is lz4.",
	},
	{
		Name: "compression.type", Type: event.ConfigTypeString, Default: "producer", Broker: "compression.type",
		Rule: oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
		Only: []string{"producer"}, Why: "batches are kept as their producer compressed them",
		Doc: "Codec of the topic's batches; producer keeps each batch as it came.",
	},
	{
		Name: "compression.zstd.level", Type: event.ConfigTypeInt, Default: "3", Broker: "compression.zstd.level",
		Rule: between(-131072, 22), Doc: "Level of zstd where compression.type is zstd.",
	},
	{
		Name: "delete.retention.ms", Type: event.ConfigTypeLong, Default: "86400000",
		Broker: "log.cleaner.delete.retention.ms", Rule: atLeast(0),
		Doc: "How long a compacted topic keeps the markers of deleted keys, in milliseconds.",
	},
	{
		Name: "file.delete.delay.ms", Type: event.ConfigTypeLong, Default: "60000",
		Broker: "log.segment.delete.delay.ms",
		Rule:   atLeast(0), Doc: "How long a file stays after its deletion was decided, in milliseconds.",
	},
	{
		Name: "flush.messages", Type: event.ConfigTypeLong, Default: never, Broker: "log.flush.interval.messages",
		Rule: atLeast(1),
		Doc:  "Records between two flushes. Whatever this says, a record is acknowledged only after its flush.",
	},
	{
		Name: "flush.ms", Type: event.ConfigTypeLong, Default: never, Broker: "log.flush.interval.ms",
		Rule: atLeast(0),
		Doc:  "Milliseconds between two flushes. Whatever this says, a record is acknowledged only after its flush.",
	},
	{
		Name: "follower.replication.throttled.replicas", Type: event.ConfigTypeList,
		Only: []string{""}, Why: "replication is not throttled by configuration yet",
		Doc: "Replicas whose catching up is throttled on the follower's side.",
	},
	{
		Name: "index.interval.bytes", Type: event.ConfigTypeInt, Default: "4096", Broker: "log.index.interval.bytes",
		Rule: atLeast(0), Doc: "Bytes of batches between two entries of the offset index.",
	},
	{
		Name: "leader.replication.throttled.replicas", Type: event.ConfigTypeList,
		Only: []string{""}, Why: "replication is not throttled by configuration yet",
		Doc: "Replicas whose catching up is throttled on the leader's side.",
	},
	{
		Name: "local.retention.bytes", Type: event.ConfigTypeLong, Default: "-2", Broker: "log.local.retention.bytes",
		Rule: atLeast(-2), Doc: "Bytes of a tiered partition kept on local disks; -2 follows retention.bytes.",
	},
	{
		Name: "local.retention.ms", Type: event.ConfigTypeLong, Default: "-2", Broker: "log.local.retention.ms",
		Rule: atLeast(-2),
		Doc:  "Milliseconds for which a tiered partition is kept on local disks; -2 follows retention.ms.",
	},
	{
		Name: "max.compaction.lag.ms", Type: event.ConfigTypeLong, Default: never,
		Broker: "log.cleaner.max.compaction.lag.ms", Rule: atLeast(1),
		Doc: "How long a record of a compacted topic stays out of reach of compaction at most, in milliseconds.",
	},
	{
		Name: "max.message.bytes", Type: event.ConfigTypeInt, Default: "1048588", Broker: "message.max.bytes",
		Rule: atLeast(0), Doc: "The largest record batch that is taken, in bytes, as it comes on the wire.",
	},
	{
		Name: "message.timestamp.after.max.ms", Type: event.ConfigTypeLong, Default: never,
		Broker: "log.message.timestamp.after.max.ms", Rule: atLeast(0),
		Doc: "How far a record's timestamp may lie ahead of the broker's clock, in milliseconds.",
	},
	{
		Name: "message.timestamp.before.max.ms", Type: event.ConfigTypeLong, Default: never,
		Broker: "log.message.timestamp.before.max.ms", Rule: atLeast(0),
		Doc: "How far a record's timestamp may lie behind the broker's clock, in milliseconds.",
	},
	{
		Name: "message.timestamp.type", Type: event.ConfigTypeString, Default: "CreateTime",
		Broker: "log.message.timestamp.type", Rule: oneOf("CreateTime", "LogAppendTime"),
		Doc: "Whether a record carries the time at which it was made or at which it was appended.",
	},
	{
		Name: "min.cleanable.dirty.ratio", Type: event.ConfigTypeDouble, Default: "0.5",
		Broker: "log.cleaner.min.cleanable.ratio",
		Doc:    "The part of a compacted log that must be dirty before it is compacted.",
	},
	{
		Name: "min.compaction.lag.ms", Type: event.ConfigTypeLong, Default: "0",
		Broker: "log.cleaner.min.compaction.lag.ms", Rule: atLeast(0),
		Doc: "How long a record of a compacted topic stays untouched at least, in milliseconds.",
	},
	{
		Name: "min.insync.replicas", Type: event.ConfigTypeInt, Default: "1", Broker: "min.insync.replicas",
		Rule: atLeast(1),
		Doc:  "In-sync replicas without which nothing is committed; never counted above the number of replicas.",
	},
	{
		Name: "preallocate", Type: event.ConfigTypeBoolean, Default: "false", Broker: "log.preallocate",
		Doc: "Whether segment files get their space before they are written. The journal always does.",
	},
	{
		Name: "remote.log.copy.disable", Type: event.ConfigTypeBoolean, Default: "false",
		Only: []string{"false"}, Why: "there is no tiered storage yet",
		Doc: "Whether a tiered topic stops copying segments to remote storage.",
	},
	{
		Name: "remote.log.delete.on.disable", Type: event.ConfigTypeBoolean, Default: "false",
		Only: []string{"false"}, Why: "there is no tiered storage yet",
		Doc: "Whether a topic's remote data goes when tiering is turned off.",
	},
	{
		Name: "remote.storage.enable", Type: event.ConfigTypeBoolean, Default: "false",
		Only: []string{"false"}, Why: "there is no tiered storage yet",
		Doc: "Whether sealed segments are copied to remote storage.",
	},
	{
		Name: "retention.bytes", Type: event.ConfigTypeLong, Default: "-1", Broker: "log.retention.bytes",
		Rule: atLeast(-1),
		Doc:  "Bytes of a partition beyond which its oldest segments go; -1 for no limit.",
	},
	{
		Name: "retention.ms", Type: event.ConfigTypeLong, Default: weekMs, Broker: "log.retention.ms",
		Rule: atLeast(-1), Coarse: []Coarse{{"log.retention.minutes", minuteMs}, {"log.retention.hours", hourMs}},
		Doc: "Milliseconds after its largest timestamp at which a segment goes; -1 for no limit.",
	},
	{
		Name: "segment.bytes", Type: event.ConfigTypeInt, Default: "1073741824", Broker: "log.segment.bytes",
		Rule: atLeast(event.BlockSize), Doc: "A segment is rolled before it would grow beyond this many bytes.",
	},
	{
		Name: "segment.index.bytes", Type: event.ConfigTypeInt, Default: "10485760", Broker: "log.index.size.max.bytes",
		Rule: atLeast(4), Doc: "Space for the index of one segment. Indexes take what they need, whatever this says.",
	},
	{
		Name: "segment.jitter.ms", Type: event.ConfigTypeLong, Default: "0", Broker: "log.roll.jitter.ms",
		Rule: atLeast(0), Doc: "The largest random delay taken off segment.ms, in milliseconds.",
	},
	{
		Name: "segment.ms", Type: event.ConfigTypeLong, Default: weekMs, Broker: "log.roll.ms",
		Rule: atLeast(1), Coarse: []Coarse{{"log.roll.hours", hourMs}},
		Doc: "A segment is rolled before its records' timestamps span more than this, in milliseconds.",
	},
	{
		Name: "unclean.leader.election.enable", Type: event.ConfigTypeBoolean, Default: "false",
		Broker: "unclean.leader.election.enable", Only: []string{"false"},
		Why: "a replica that may lack committed records is never elected on its own",
		Doc: "Whether a replica outside the in-sync set may lead as a last resort.",
	},
}
