package check

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
)

// shape judges what brokers tell of topics and configurations, over all lives of a node. Nothing of it is asked of the
// core: requests that arrived and answers that leave are all that it sees.
//
//	asked 5 --> may be 5    acknowledged --> at least 5, at once and after every crash
//	                        told 5 --> at least 5 for that connection, and for everybody after every crash: fronts hear of a
//	                                   change one after the other, and it is acknowledged when all have
//	asked v --> may be v    acknowledged --> v, and what is asked later; nothing that was asked earlier
//
// Requests to change configurations are decided in the order in which they arrive. One that arrived in a life that ended
// took effect by the next one's start, or never does.
type shape struct {
	moments  uint64
	topics   map[string]*counted // looked up only
	settings []*setting
	asked    map[event.Ticket]uint64 // AlterConfigs: when it arrived; looked up only
	batches  sentBatches
}

// counted is what is known of a topic's partitions.
type counted struct {
	least, most int32
	told        map[event.ConnID]int32 // in this life
}

// setting is what is known of one configuration of one resource. A value with Null is not set.
type setting struct {
	kind      int8
	name, key string

	known bool   // the value was acknowledged
	since uint64 // the moment of that
	value event.ConfigEntry
	open  []change // asked for since, in order
}

type change struct {
	moment uint64
	value  event.ConfigEntry
}

// arrived notes what a request may bring about.
func (s *shape) arrived(t event.Ticket, body event.Body) {
	switch req := body.(type) {
	case *event.Metadata:
		for i := range req.Topics {
			if c := s.topic(req.Topics[i].Name); req.AllowAutoCreate {
				c.most = max(c.most, 1) // num.partitions
			}
		}
	case *event.Produce:
		s.produced(t, req)
	case *event.CreatePartitions:
		for _, topic := range req.Topics {
			c := s.topic(topic.Name)
			c.most = max(c.most, topic.Count)
		}
	case *event.CreateTopics:
		for _, topic := range req.Topics {
			c := s.topic(topic.Name)
			c.most = max(c.most, topic.Partitions)
		}
	case *event.AlterConfigs:
		s.moments++
		if s.asked == nil {
			s.asked = map[event.Ticket]uint64{}
		}
		s.asked[t] = s.moments
		for i := range req.Resources {
			r := &req.Resources[i]
			for _, op := range r.Ops {
				to := s.setting(r.Type, r.Name, op.Key)
				to.open = append(to.open, change{s.moments, valueOf(op)})
			}
		}
	}
}

func valueOf(op event.ConfigOp) event.ConfigEntry {
	if op.Op == event.ConfigDelete {
		return event.ConfigEntry{Key: op.Key, Null: true}
	}
	return event.ConfigEntry{Key: op.Key, Value: op.Value}
}

func (s *shape) topic(name string) *counted {
	if s.topics == nil {
		s.topics = map[string]*counted{}
	}
	if s.topics[name] == nil {
		s.topics[name] = &counted{}
	}
	return s.topics[name]
}

func (s *shape) setting(kind int8, name, key string) *setting {
	for _, to := range s.settings {
		if to.kind == kind && to.name == name && to.key == key {
			return to
		}
	}
	s.settings = append(s.settings, &setting{kind: kind, name: name, key: key})
	return s.settings[len(s.settings)-1]
}

// replied judges an answer that is about to leave.
func (s *shape) replied(t event.Ticket, request, reply event.Body) finding {
	switch r := reply.(type) {
	case *event.ProduceReply:
		return s.judgeLimit(t, request.(*event.Produce), r)
	case *event.CreatePartitionsReply:
		s.grown(request.(*event.CreatePartitions), r)
	case *event.AlterConfigsReply:
		s.altered(s.asked[t], request.(*event.AlterConfigs), r)
	case *event.MetadataReply:
		return s.told(t.Conn, r)
	case *event.DescribeConfigsReply:
		return s.described(request.(*event.DescribeConfigs), r)
	}
	return finding{}
}

func (s *shape) grown(asked *event.CreatePartitions, r *event.CreatePartitionsReply) {
	for i := range r.Topics {
		if c := s.topic(asked.Topics[i].Name); r.Topics[i].Code == event.CodeNone && !asked.ValidateOnly {
			c.least = max(c.least, asked.Topics[i].Count)
		}
	}
}

func (s *shape) altered(moment uint64, asked *event.AlterConfigs, r *event.AlterConfigsReply) {
	for i := range r.Resources {
		if r.Resources[i].Code == event.CodeRequestTimedOut {
			continue // it may still happen
		}
		for _, op := range asked.Resources[i].Ops {
			to := s.setting(asked.Resources[i].Type, asked.Resources[i].Name, op.Key)
			done := r.Resources[i].Code == event.CodeNone
			kept := to.open[:0]
			for _, c := range to.open {
				if c.moment > moment || c.moment < moment && !done {
					kept = append(kept, c)
				}
			}
			to.open = kept
			if done {
				s.moments++
				to.known, to.value, to.since = true, valueOf(op), s.moments
			}
		}
	}
}

// told judges partition counts. A topic that is told with an error is not told.
func (s *shape) told(to event.ConnID, r *event.MetadataReply) finding {
	for i := range r.Topics {
		t := &r.Topics[i]
		if t.Code != event.CodeNone {
			continue
		}
		if s.batches.names == nil {
			s.batches.names = map[event.UUID]string{}
		}
		s.batches.names[t.ID] = t.Name
		c, n := s.topic(t.Name), int32(len(t.Partitions))
		if least := max(c.least, c.told[to]); n < least || n > c.most {
			return finding{"O30", fmt.Sprintf("%s is told with %d partitions; at least %d were told or acknowledged before, and at most "+
				"%d were asked for", t.Name, n, least, c.most)}
		}
		if c.told == nil {
			c.told = map[event.ConnID]int32{}
		}
		c.told[to] = n
	}
	return finding{}
}

// begins is a node's next life: what anybody was told in the last one is there.
func (s *shape) begins() {
	for _, c := range s.topics {
		for _, n := range c.told {
			c.least = max(c.least, n)
		}
		clear(c.told)
	}
}

// described judges configurations of which a change was asked for.
func (s *shape) described(asked *event.DescribeConfigs, r *event.DescribeConfigsReply) finding {
	for i := range r.Resources {
		from := &r.Resources[i]
		if from.Code != event.CodeNone || !asked.Resources[i].All {
			continue
		}
		for _, to := range s.settings {
			if to.kind != from.Type || to.name != from.Name || !to.known {
				continue
			}
			if is := own(from, to.key); !to.allows(is) {
				return finding{"O31", fmt.Sprintf("%s of %q is told as %s; acknowledged was %s, and %d changes were asked for since",
					to.key, to.name, rendered(is), rendered(to.value), len(to.open))}
			}
		}
	}
	return finding{}
}

// own is what a resource itself has set of a key.
func own(r *event.ConfigResourceReply, key string) event.ConfigEntry {
	source := event.SourceTopic
	if r.Type == event.ResourceBroker {
		source = event.SourceBroker
		if r.Name == "" {
			source = event.SourceAllBrokers
		}
	}
	for i := range r.Configs {
		if c := &r.Configs[i]; c.Key == key && c.Source == source {
			return event.ConfigEntry{Key: key, Value: c.Value}
		}
	}
	return event.ConfigEntry{Key: key, Null: true}
}

func (to *setting) allows(is event.ConfigEntry) bool {
	if is == to.value {
		return true
	}
	for _, c := range to.open {
		if is == c.value {
			return true
		}
	}
	return false
}

func rendered(c event.ConfigEntry) string {
	if c.Null {
		return "not set"
	}
	return fmt.Sprintf("%q", c.Value)
}
