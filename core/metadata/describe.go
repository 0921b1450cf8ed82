package metadata

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

// DescribeTopic lists a topic's configurations in name order: all of them, or those of keys. set are the topic's own.
func (s *Settings) DescribeTopic(set []event.ConfigEntry, keys []string, all bool) []event.Config {
	var out []event.Config
	for i := range topicConfigs {
		d := &topicConfigs[i]
		if !all && !slices.Contains(keys, d.Name) {
			continue
		}
		value, source := s.topicValue(d, set)
		c := event.Config{Key: d.Name, Value: value, Source: source, Type: d.Type, Doc: d.Doc}
		if source == event.SourceTopic {
			c.Synonyms = append(c.Synonyms, event.ConfigSynonym{Key: d.Name, Value: value, Source: source})
		}
		if d.Broker != "" {
			c.Synonyms = append(c.Synonyms, s.synonyms(d.Broker)...)
		}
		out = append(out, c)
	}
	return out
}

// DescribeBroker lists the broker's configurations in name order: all of them, or those of keys.
func (s *Settings) DescribeBroker(keys []string, all bool) []event.Config {
	var out []event.Config
	for i := range s.table {
		d := &s.table[i]
		if !all && !slices.Contains(keys, d.Name) {
			continue
		}
		from := s.synonyms(d.Name)
		value, _ := s.value(d.Name)
		out = append(out, event.Config{
			Key: d.Name, Value: value, Source: from[0].Source, Type: d.Type, ReadOnly: d.Static, Doc: d.Doc,
			Synonyms: from,
		})
	}
	return out
}

// DescribeAllBrokers lists what is set for all brokers at once, in name order: all of it, or those of keys.
func (s *Settings) DescribeAllBrokers(keys []string, all bool) []event.Config {
	var out []event.Config
	for _, c := range s.cluster {
		d := find(s.table, c.Key)
		if d == nil || !all && !slices.Contains(keys, c.Key) {
			continue
		}
		out = append(out, event.Config{
			Key: c.Key, Value: c.Value, Source: event.SourceAllBrokers, Type: d.Type, ReadOnly: d.Static, Doc: d.Doc,
			Synonyms: []event.ConfigSynonym{{Key: c.Key, Value: c.Value, Source: event.SourceAllBrokers}},
		})
	}
	return out
}

// synonyms lists where the value of a broker's configuration could come from, the one that counts first.
func (s *Settings) synonyms(name string) []event.ConfigSynonym {
	var out []event.ConfigSynonym
	for _, l := range s.layers() {
		if value, set := valueOf(l.set, name); set {
			out = append(out, event.ConfigSynonym{Key: name, Value: value, Source: l.source})
		}
	}
	def := ""
	if d := find(s.table, name); d != nil {
		def = d.Default
		for _, c := range d.Coarse {
			if v, source := s.lookup(c.Name); source != event.SourceDefault {
				out = append(out, event.ConfigSynonym{Key: c.Name, Value: v, Source: source})
			}
		}
	}
	return append(out, event.ConfigSynonym{Key: name, Value: def, Source: event.SourceDefault})
}
