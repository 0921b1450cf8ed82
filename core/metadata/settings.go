package metadata

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// Settings are a broker's configurations: as it was started with them, and, where they come from At, as they were
// changed since. Immutable.
type Settings struct {
	table    []ConfigDef // every broker configuration, in name order
	set      []event.ConfigEntry
	maxBatch int64 // bytes; 0 for no limit
	// broker and cluster are what the metadata log sets for this broker and for all of them, in key order.
	broker, cluster []event.ConfigEntry
}

// At is s with what im sets while brokers run, as node has it.
func (s *Settings) At(im *Image, node event.NodeID) *Settings {
	broker := im.Configs(event.ResourceBroker, strconv.FormatInt(int64(node), 10))
	cluster := im.Configs(event.ResourceBroker, "")
	if len(broker)+len(cluster) == 0 {
		return s
	}
	at := *s
	at.broker, at.cluster = broker, cluster
	return &at
}

// NewSettings checks the broker's configurations given (Kafka's names, in any order) and adds defaults for the rest.
// maxBatch is the largest record batch in bytes that the broker's store can take, which bounds max.message.bytes.
func NewSettings(set []event.ConfigEntry, maxBatch int64) (*Settings, error) {
	s := &Settings{table: brokerTable(), maxBatch: maxBatch}
	s.set = slices.SortedFunc(slices.Values(set), func(a, b event.ConfigEntry) int {
		return strings.Compare(a.Key,
			b.Key)
	})
	for i, c := range s.set {
		d := find(s.table, c.Key)
		if d == nil {
			return nil, fmt.Errorf("%s", unknown(s.table, "broker", c.Key))
		}
		if i > 0 && s.set[i-1].Key == c.Key {
			return nil, fmt.Errorf("configuration %s is given twice", c.Key)
		}
		if why := d.Check(c.Value); why != "" {
			return nil, fmt.Errorf("%s", why)
		}
		if why := s.tooLarge(c); c.Key == "message.max.bytes" && why != "" {
			return nil, fmt.Errorf("%s", why)
		}
	}
	return s, nil
}

// tooLarge says why the size of a batch that c allows cannot be written, "" if it can. What was asked for and is not kept is
// refused; only a default gives way to what the store can take.
func (s *Settings) tooLarge(c event.ConfigEntry) string {
	n, _ := strconv.ParseInt(c.Value, 10, 64) // it was checked
	if s.maxBatch == 0 || n <= s.maxBatch {
		return ""
	}
	return fmt.Sprintf("%s=%d is more than this broker can write at once, %d bytes.", c.Key, n, s.maxBatch)
}

// brokerTable is every configuration of a broker, in name order: its own, which are set at start only, and those that
// give topics their defaults, which may be changed while it runs.
func brokerTable() []ConfigDef {
	table := slices.Clone(brokerConfigs)
	for i := range table {
		table[i].Static = true
	}
	for _, d := range topicConfigs {
		if d.Broker == "" {
			continue
		}
		d.Doc = "Default for topics: " + d.Doc
		d.Name, d.Broker = d.Broker, ""
		table = append(table, d)
		for _, c := range d.Coarse {
			table = append(table, c.def(&d))
		}
	}
	slices.SortFunc(table, func(a, b ConfigDef) int { return strings.Compare(a.Name, b.Name) })
	return table
}

// def is the definition of c, which is fine in a larger unit.
func (c *Coarse) def(fine *ConfigDef) ConfigDef {
	n, _ := strconv.ParseInt(fine.Default, 10, 64)
	return ConfigDef{
		Name: c.Name, Type: event.ConfigTypeInt, Default: strconv.FormatInt(n/c.Unit, 10), Rule: between(fine.Rule.Min, maxInt32),
		Doc: fmt.Sprintf("%s in units of %d milliseconds; counts where no finer one is set.", fine.Name, c.Unit),
	}
}

// value is what the broker's configuration comes to, in whichever unit it was set, and where that comes from.
func (s *Settings) value(name string) (value string, source int8) {
	if value, source = s.lookup(name); source != event.SourceDefault {
		return value, source
	}
	if d := find(s.table, name); d != nil {
		for _, c := range d.Coarse {
			if v, source := s.lookup(c.Name); source != event.SourceDefault {
				n, _ := strconv.ParseInt(v, 10, 64) // it was checked, and fits 32 bits
				return strconv.FormatInt(max(n*c.Unit, -1), 10), source
			}
		}
	}
	return value, event.SourceDefault
}

// layer is one place where a broker's configuration may be set.
type layer struct {
	source int8
	set    []event.ConfigEntry
}

// layers are the places where a broker's configuration may be set, the one that counts first.
func (s *Settings) layers() [3]layer {
	return [3]layer{
		{event.SourceBroker, s.broker}, {event.SourceAllBrokers, s.cluster}, {event.SourceStaticBroker, s.set},
	}
}

// lookup gives the value of a broker's configuration and where it comes from: event.SourceDefault if nobody set it.
func (s *Settings) lookup(name string) (value string, source int8) {
	for _, l := range s.layers() {
		if value, found := valueOf(l.set, name); found {
			return value, l.source
		}
	}
	if d := find(s.table, name); d != nil {
		return d.Default, event.SourceDefault
	}
	return "", event.SourceDefault
}

// valueOf finds a key among entries in key order.
func valueOf(set []event.ConfigEntry, name string) (value string, found bool) {
	i, found := slices.BinarySearchFunc(set, name, func(c event.ConfigEntry, k string) int {
		return strings.Compare(c.Key, k)
	})
	if !found {
		return "", false
	}
	return set[i].Value, true
}

// String is the value of a broker's configuration: as set at start, or its default.
func (s *Settings) String(name string) string {
	v, _ := s.lookup(name)
	return v
}

// Int64 is the value of a numeric configuration of the broker.
func (s *Settings) Int64(name string) int64 {
	n, _ := strconv.ParseInt(s.String(name), 10, 64)
	return n
}

// Int32 is the value of a numeric configuration of the broker that fits 32 bits.
func (s *Settings) Int32(name string) int32 { return int32(s.Int64(name)) }

// Bool is the value of a configuration of the broker that is true or false.
func (s *Settings) Bool(name string) bool { return s.String(name) == "true" }

// topicValue is the value of a topic's configuration d, and where it comes from.
func (s *Settings) topicValue(d *ConfigDef, set []event.ConfigEntry) (value string, source int8) {
	if v, found := valueOf(set, d.Name); found {
		return v, event.SourceTopic
	}
	if d.Broker != "" {
		if v, source := s.value(d.Broker); source != event.SourceDefault {
			return v, source
		}
	}
	return d.Default, event.SourceDefault
}

// Limits are what a shard must know of a topic's configurations.
func (s *Settings) Limits(set []event.ConfigEntry) event.TopicLimits {
	number := func(name string) int64 {
		v, _ := s.topicValue(find(topicConfigs, name), set)
		n, _ := strconv.ParseInt(v, 10, 64)
		return n
	}
	text := func(name string) string {
		v, _ := s.topicValue(find(topicConfigs, name), set)
		return v
	}
	limit := number("max.message.bytes")
	if s.maxBatch > 0 {
		limit = min(limit, s.maxBatch)
	}
	return event.TopicLimits{
		MaxMessageBytes:   int32(min(limit, maxInt32)),
		SegmentBytes:      number("segment.bytes"),
		MinInsyncReplicas: int32(number("min.insync.replicas")),
		LogAppendTime:     text("message.timestamp.type") == "LogAppendTime",
		TimestampBefore:   number("message.timestamp.before.max.ms"),
		TimestampAfter:    number("message.timestamp.after.max.ms"),
		Compacted:         strings.Contains(text("cleanup.policy"), "compact"),
		Deleted:           strings.Contains(text("cleanup.policy"), "delete"),
		SegmentMs:         number("segment.ms"),
		RetentionBytes:    number("retention.bytes"),
		RetentionMs:       number("retention.ms"),
	}
}
