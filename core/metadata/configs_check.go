package metadata

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
)

// CheckTopicConfig judges one configuration of a topic: event.CodeNone, or event.CodeInvalidConfig and a sentence.
func CheckTopicConfig(c event.ConfigEntry, s *Settings) (event.Code, string) {
	d := find(topicConfigs, c.Key)
	if d == nil {
		return event.CodeInvalidConfig, unknown(topicConfigs, "topic", c.Key)
	}
	if c.Null {
		return event.CodeInvalidConfig, fmt.Sprintf("Null value not supported for topic configs: %s", c.Key)
	}
	if why := d.Check(c.Value); why != "" {
		return event.CodeInvalidConfig, why
	}
	if why := s.tooLarge(c); c.Key == "max.message.bytes" && why != "" {
		return event.CodeInvalidConfig, why
	}
	return event.CodeNone, ""
}

// CheckBrokerConfig judges one configuration that shall be set while brokers run. Whatever is wrong with a broker's
// configuration Kafka calls an invalid request (KAFKA-13609).
func CheckBrokerConfig(c event.ConfigEntry, s *Settings) (event.Code, string) {
	if code, why := s.Dynamic(c.Key); code != event.CodeNone {
		return code, why
	}
	if why := find(s.table, c.Key).Check(c.Value); why != "" {
		return event.CodeInvalidRequest, why
	}
	if why := s.tooLarge(c); c.Key == "message.max.bytes" && why != "" {
		return event.CodeInvalidRequest, why
	}
	return event.CodeNone, ""
}

// Dynamic judges whether a broker's configuration may be changed while it runs.
func (s *Settings) Dynamic(key string) (event.Code, string) {
	d := find(s.table, key)
	switch {
	case d == nil:
		return event.CodeInvalidRequest, unknown(s.table, "broker", key)
	case d.Static:
		return event.CodeInvalidRequest, fmt.Sprintf("Cannot update configuration %s dynamically: it is read at start.", key)
	}
	return event.CodeNone, ""
}

// KnownTopicConfig judges whether topics have such a configuration.
func KnownTopicConfig(key string) (event.Code, string) {
	if find(topicConfigs, key) == nil {
		return event.CodeInvalidConfig, unknown(topicConfigs, "topic", key)
	}
	return event.CodeNone, ""
}

// List gives the value in effect of a list of a topic, of which set are its own; ok is false where key is no list.
func (s *Settings) List(kind int8, key string, set []event.ConfigEntry) (value string, ok bool) {
	table := s.table
	if kind == event.ResourceTopic {
		table = topicConfigs
	}
	d := find(table, key)
	if d == nil || d.Type != event.ConfigTypeList {
		return "", false
	}
	if kind == event.ResourceTopic {
		value, _ = s.topicValue(d, set)
		return value, true
	}
	if value, ok = valueOf(set, key); !ok {
		value, _ = s.lookup(key)
	}
	return value, true
}
