package workload

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
)

// spot is one partition of a run.
type spot struct {
	topic     int
	partition int32
}

// spots are the partitions that an operation spans: its own, then the Wide next ones, topic after topic. Of topics that will
// be deleted there is only its own: a request with one of them ends in a way of its own.
func (c *Client) spots(op *fault.Op) []spot {
	found := []spot{{op.Topic, op.Partition}}
	at := found[0]
	for len(found) <= op.Wide {
		at.partition++
		for at.partition >= c.topics[at.topic].held() || c.topics[at.topic].Doomed || !c.topics[at.topic].known {
			at.topic, at.partition = (at.topic+1)%len(c.topics), 0
			if at.topic == op.Topic && c.topics[at.topic].Doomed {
				return found
			}
		}
		if slices.Contains(found, at) {
			return found
		}
		found = append(found, at)
	}
	return found
}

// group puts items into the order of a request: those of one topic together, topics in the order of their first items.
func group[T any](items []T, at func(T) spot, topic func(t int, its []T)) {
	done := make([]bool, len(items))
	for i := range items {
		if done[i] {
			continue
		}
		var its []T
		for j := i; j < len(items); j++ {
			if at(items[j]).topic == at(items[i]).topic {
				done[j] = true
				its = append(its, items[j])
			}
		}
		topic(at(items[i]).topic, its)
	}
}

// names reports whether an answer's topic is t: by name, or by id where the version has no names.
func names(t *topic, name string, id [16]byte) bool {
	if name != "" {
		return t.Name == name
	}
	return event.UUID(t.id) == event.UUID(id)
}
