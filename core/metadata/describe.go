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

// synonyms lists where the value of a broker's configuration could come from, the one that counts first.
func (s *Settings) synonyms(name string) []event.ConfigSynonym {
	value, set := s.lookup(name)
	var out []event.ConfigSynonym
	if set {
		out = append(out, event.ConfigSynonym{Key: name, Value: value, Source: event.SourceStaticBroker})
	}
	def := ""
	if d := find(s.table, name); d != nil {
		def = d.Default
		for _, c := range d.Coarse {
			if v, set := s.lookup(c.Name); set {
				out = append(out, event.ConfigSynonym{Key: c.Name, Value: v, Source: event.SourceStaticBroker})
			}
		}
	}
	return append(out, event.ConfigSynonym{Key: name, Value: def, Source: event.SourceDefault})
}
