package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/highwater-log/highwater/core/broker"
)

// Key describes one key: what `highwater config explain` prints.
type Key struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default string `json:"default"`
	Doc     string `json:"doc"`
	Kafka   string `json:"kafka"` // the key of Kafka that means the same; empty for our own
	Env     string `json:"env"`
	Restart bool   `json:"needs_restart"`

	set func(c *Config, value string) error
}

// Names of the keys that more than this package knows: the command line sets some, the core describes them to clients.
const (
	NodeID      = "node.id"
	LogDirs     = "log.dirs"
	Listeners   = "listeners"
	Advertised  = "advertised.listeners"
	Partitions  = "num.partitions"
	AutoCreate  = "auto.create.topics.enable"
	MaxMessage  = "message.max.bytes"
	Segment     = "log.segment.bytes"
	MaxRequest  = "socket.request.max.bytes"
	MaxConns    = "max.connections"
	MaxIdle     = "connections.max.idle.ms"
	JournalSize = "journal.bytes"

	MaxConnsPerIP = "max.connections.per.ip"
	MaxConnRate   = "max.connection.rate.per.ip"
	FirstRequest  = "connections.first.request.ms"

	QueuedBytes = "queued.max.request.bytes"

	HTTPListener  = "http.listener"
	LoggingLevel  = "logging.level"
	LoggingFormat = "logging.format"

	RetentionMs      = "log.retention.ms"
	RetentionMinutes = "log.retention.minutes"
	RetentionHours   = "log.retention.hours"
	RetentionBytes   = "log.retention.bytes"
	RollMs           = "log.roll.ms"
	RollHours        = "log.roll.hours"
	RetentionCheck   = "log.retention.check.interval.ms"

	Shards   = "num.shards"
	DiskLoop = "disk.loop"
)

// Values of DiskLoop.
const (
	LoopAuto  = "auto"
	LoopUring = "io_uring"
	LoopPosix = "posix"
)

// Keys are all keys, in the order of the documentation.
func Keys() []Key {
	keys := []Key{
		{Name: NodeID, Type: "int", Default: "1", Kafka: NodeID,
			Doc: "The broker's number in its cluster. A data directory belongs to one node for ever.",
			set: func(c *Config, v string) error { return number(&c.NodeID, v, 0, math.MaxInt32) }},
		{Name: LogDirs, Type: "path", Default: "./highwater-data", Kafka: LogDirs,
			Doc: "The data directory: journal, segments, metadata. Exactly one; a file system of its own is best.",
			set: func(c *Config, v string) error { return path(&c.DataDir, v) }},
		{Name: Listeners, Type: "list of [PLAINTEXT://]HOST:PORT", Default: "127.0.0.1:9092", Kafka: Listeners,
			Doc: "Addresses to listen on. An empty host or 0.0.0.0 means all; port 0 means any free one.",
			set: func(c *Config, v string) error { return addresses(&c.Listen, v) }},
		{Name: Advertised, Type: "list of [PLAINTEXT://]HOST:PORT", Default: "", Kafka: Advertised,
			Doc: "The address that clients are told to connect to: the first one. Empty: the first one that is listened on.",
			set: func(c *Config, v string) error { return addresses(&c.Advertised, v) }},
		{Name: Partitions, Type: "int", Default: "1", Kafka: Partitions,
			Doc: "Partitions of a topic whose creation names no number.",
			set: func(c *Config, v string) error { return number(&c.Partitions, v, 1, 10_000) }},
		{Name: AutoCreate, Type: "boolean", Default: "true", Kafka: AutoCreate,
			Doc: "Whether a client that asks for an unknown topic creates it.",
			set: func(c *Config, v string) error { return boolean(&c.AutoCreate, v) }},
		{Name: MaxMessage, Type: "bytes", Default: "1048588", Kafka: MaxMessage,
			Doc: fmt.Sprintf("The largest record batch, as compressed by the client, that a topic takes unless max.message.bytes "+
				"says otherwise. At most %d: a batch is written at once.", broker.LargestBatch()),
			set: func(c *Config, v string) error {
				return bytes(&c.MaxMessageBytes, v, 1024, uint64(broker.LargestBatch()))
			}},
		{Name: Segment, Type: "bytes", Default: "1073741824", Kafka: Segment,
			Doc: "A segment file is closed, and the next begun, before it grows beyond this.",
			set: func(c *Config, v string) error { return bytes(&c.SegmentBytes, v, 1<<20, math.MaxInt32) }},
		{Name: RetentionMs, Type: "milliseconds", Default: "604800000", Kafka: RetentionMs,
			Doc: "How long after its largest timestamp a segment is removed, unless retention.ms of its topic says otherwise; -1 for never.",
			set: func(c *Config, v string) error { return number(&c.RetentionMs, v, -1, math.MaxInt64) }},
		{Name: RetentionMinutes, Type: "minutes", Default: "10080", Kafka: RetentionMinutes,
			Doc: "The same in minutes, if log.retention.ms is not set.",
			set: func(c *Config, v string) error { return number(&c.RetentionMinutes, v, -1, math.MaxInt32) }},
		{Name: RetentionHours, Type: "hours", Default: "168", Kafka: RetentionHours,
			Doc: "The same in hours, if neither log.retention.ms nor log.retention.minutes is set.",
			set: func(c *Config, v string) error { return number(&c.RetentionHours, v, -1, math.MaxInt32) }},
		{Name: RetentionBytes, Type: "bytes", Default: "-1", Kafka: RetentionBytes,
			Doc: "Bytes of a partition beyond which its oldest segments are removed, unless retention.bytes of its topic says " +
				"otherwise; -1 for no limit.",
			set: func(c *Config, v string) error {
				if v == "-1" {
					c.RetentionBytes = -1
					return nil
				}
				return bytes(&c.RetentionBytes, v, 0, math.MaxInt64)
			}},
		{Name: RollMs, Type: "milliseconds", Default: "604800000", Kafka: RollMs,
			Doc: "A segment file is closed before its records' timestamps span more than this, unless segment.ms of its topic says otherwise.",
			set: func(c *Config, v string) error { return number(&c.RollMs, v, 1, math.MaxInt64) }},
		{Name: RollHours, Type: "hours", Default: "168", Kafka: RollHours,
			Doc: "The same in hours, if log.roll.ms is not set.",
			set: func(c *Config, v string) error { return number(&c.RollHours, v, 1, math.MaxInt32) }},
		{Name: RetentionCheck, Type: "milliseconds", Default: "300000", Kafka: RetentionCheck,
			Doc: "How often the broker looks for segments that are to be removed.",
			set: func(c *Config, v string) error { return number(&c.RetentionCheckMs, v, 1, math.MaxInt64) }},
		{Name: Shards, Type: "int", Default: "0",
			Doc: "Shards, and threads that run them: each owns a part of the partitions, with a journal of its own. 0 means as many as " +
				"the data directory has, or, for a new one, one for each CPU, at most 16. " +
				"A start with another number than the directory has changes it before it serves.",
			set: func(c *Config, v string) error { return number(&c.Shards, v, 0, broker.MaxShards) }},
		{Name: JournalSize, Type: "bytes", Default: "268435456",
			Doc: "The journal ring of each shard. It bounds what a restart replays and the memory for what is not yet in its segment.",
			set: func(c *Config, v string) error { return bytes(&c.JournalBytes, v, 64<<20, 64<<30) }},
		{Name: DiskLoop, Type: "auto, io_uring or posix", Default: LoopAuto,
			Doc: "What executes writes and reads: io_uring, or plain system calls on threads (posix). auto takes io_uring where a " +
				"trial in the data directory works, and says why where it does not.",
			set: func(c *Config, v string) error { return oneOf(&c.DiskLoop, v, LoopAuto, LoopUring, LoopPosix) }},
		{Name: MaxRequest, Type: "bytes", Default: "104857600", Kafka: MaxRequest,
			Doc: "The largest request. A connection that sends a larger one is closed.",
			set: func(c *Config, v string) error { return bytes(&c.MaxRequestBytes, v, 4096, math.MaxInt32) }},
		{Name: MaxConns, Type: "int", Default: "10000", Kafka: MaxConns,
			Doc: "Client connections at a time. Beyond that, a new one is closed at once.",
			set: func(c *Config, v string) error { return number(&c.MaxConnections, v, 1, 1_000_000) }},
		{Name: MaxIdle, Type: "milliseconds", Default: "600000", Kafka: MaxIdle,
			Doc: "A connection on which nothing happens for so long is closed.",
			set: func(c *Config, v string) error { return millis(&c.MaxIdle, v) }},
		{Name: MaxConnsPerIP, Type: "int", Default: "2147483647", Kafka: MaxConnsPerIP,
			Doc: "Client connections at a time from one address (IPv6: one /64 network). Beyond that, a new one is closed at once.",
			set: func(c *Config, v string) error { return number(&c.MaxConnectionsPerIP, v, 1, math.MaxInt32) }},
		{Name: MaxConnRate, Type: "int", Default: "200",
			Doc: "New client connections per second from one address (IPv6: one /64 network), over five seconds. Beyond that, a new one " +
				"is closed at once. 0 for no limit; addresses of the loopback have none.",
			set: func(c *Config, v string) error { return number(&c.MaxConnectionRate, v, 0, 1_000_000) }},
		{Name: FirstRequest, Type: "milliseconds", Default: "30000",
			Doc: "How long a new connection may take until its first request is there. Later, connections.max.idle.ms counts.",
			set: func(c *Config, v string) error { return millis(&c.FirstRequest, v) }},
		{Name: QueuedBytes, Type: "bytes", Default: "1073741824", Kafka: QueuedBytes,
			Doc: "Bytes of large requests that may be on their way in, over all connections. Beyond that, a connection in the middle of one " +
				"is not read from, and closed where that does not end within ten seconds. Requests below 64 KiB are not counted.",
			set: func(c *Config, v string) error { return bytes(&c.QueuedBytes, v, 1<<20, math.MaxInt64) }},
		{Name: HTTPListener, Type: "HOST:PORT or off", Default: "127.0.0.1:9644",
			Doc: "Where /metrics, /livez and /readyz are answered, without authentication: leave it to the loopback, or to a network " +
				"of operators. Where it is not set and somebody else has the port, the broker says so and does without.",
			set: func(c *Config, v string) error { return listener(&c.HTTP, v) }},
		{Name: LoggingLevel, Type: "debug, info, warn or error", Default: "info",
			Doc: "The least severe lines that are written to standard error. debug has one for each connection that ends.",
			set: func(c *Config, v string) error { return oneOf(&c.LoggingLevel, v, "debug", "info", "warn", "error") }},
		{Name: LoggingFormat, Type: "text or json", Default: "text",
			Doc: "How a line of the log is written: key=value, or one JSON object.",
			set: func(c *Config, v string) error { return oneOf(&c.LoggingFormat, v, "text", "json") }},
	}
	for i := range keys {
		keys[i].Env = EnvName(keys[i].Name)
		// What gives topics a default may be changed while brokers run; the rest is read at start.
		keys[i].Restart = !slices.Contains(whileRunning, keys[i].Name)
	}
	return keys
}

// whileRunning are the keys that may be changed while brokers run.
var whileRunning = []string{
	MaxMessage, Segment, RetentionMs, RetentionMinutes, RetentionHours, RetentionBytes, RollMs, RollHours,
}

// EnvName is the environment variable that sets key: node.id is HIGHWATER_NODE_ID.
func EnvName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func number[T ~int | ~int32 | ~int64](to *T, value string, least, most int64) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", value)
	}
	if n < least || n > most {
		return fmt.Errorf("%d is out of range: %d to %d", n, least, most)
	}
	*to = T(n)
	return nil
}

func bytes[T ~int32 | ~int64](to *T, value string, least, most uint64) error {
	n, err := humanize.ParseBytes(value)
	if err != nil {
		return fmt.Errorf("%q is not a number of bytes, such as 1048576 or 1MiB", value)
	}
	if n < least || n > most {
		return fmt.Errorf("%d bytes are out of range: %d to %d", n, least, most)
	}
	*to = T(n)
	return nil
}

func boolean(to *bool, value string) error {
	switch strings.ToLower(value) {
	case "true":
		*to = true
	case "false":
		*to = false
	default:
		return fmt.Errorf("%q is neither true nor false", value)
	}
	return nil
}

func oneOf(to *string, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%q is none of %s%s", value, strings.Join(allowed, ", "), DidYouMean(value, allowed))
	}
	*to = value
	return nil
}

func millis(to *time.Duration, value string) error {
	var n int64
	if err := number(&n, value, 1, math.MaxInt64/int64(time.Millisecond)); err != nil {
		return err
	}
	*to = time.Duration(n) * time.Millisecond
	return nil
}

func path(to *string, value string) error {
	if value == "" || strings.Contains(value, ",") {
		return fmt.Errorf("%q is not one directory", value)
	}
	*to = value
	return nil
}

func addresses(to *[]Address, value string) error {
	*to = nil
	if value == "" {
		return nil
	}
	for text := range strings.SplitSeq(value, ",") {
		a, err := ParseAddress(strings.TrimSpace(text))
		if err != nil {
			return err
		}
		*to = append(*to, a)
	}
	return nil
}

// listener reads one address, or off for none.
func listener(to **Address, value string) error {
	*to = nil
	if value == "off" {
		return nil
	}
	a, err := ParseAddress(value)
	if err != nil {
		return err
	}
	*to = &a
	return nil
}
