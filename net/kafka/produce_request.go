package kafka

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
)

// ProduceRequest is a Produce request of version 3 to 13 as the core takes it, and beside it what its answer repeats.
// Nothing in it is a copy of record data: batches are views into the body it was decoded from.
//
// Most requests of a busy broker hold one batch for one partition. Such a one lies wholly in the struct.
type ProduceRequest struct {
	event.Produce
	// Topics are the request's, in its order: Partitions of the core's are theirs, one topic behind the other.
	Topics []ProduceTopic

	onePartition [1]event.ProducePartition
	oneTopic     [1]ProduceTopic
}

// ProduceTopic is one topic of a Produce request: named up to version 12, by its id from 13 on (KIP-516).
type ProduceTopic struct {
	Name       string
	ID         event.UUID
	Partitions int
}

// What decoding takes for each element, in bytes, beside the bytes that it is a view of; Check charges the same.
const (
	produceTopicCost     = 72
	producePartitionCost = 200
)

// idsVersion is the first version of Produce that names topics by id (KIP-516).
const idsVersion = 13

// Decode decodes the body of a Produce request, in one pass where it concerns one partition. It refuses what Check refuses, for the
// same reasons: every count and length is judged against the bytes that remain, and the memory that decoding takes
// against its budget, before any is taken. Where it fails r is not to be used. Check and kmsg, which it stands in for,
// are its oracle in the tests.
//
//	transactional_id acks timeout_ms [topic: name or id [partition: index records]]     tags behind each in v9 and later
func (r *ProduceRequest) Decode(h Header, body []byte, names *Names) error {
	r.Topics, r.Partitions = r.oneTopic[:0], r.onePartition[:0]
	topics, partitions, err := r.walk(h, body, names)
	if err == nil && (topics > cap(r.Topics) || partitions > cap(r.Partitions)) {
		// The first pass has judged all of it, and counted.
		r.oneTopic, r.onePartition = [1]ProduceTopic{}, [1]event.ProducePartition{}
		r.Topics, r.Partitions = make([]ProduceTopic, 0, topics), make([]event.ProducePartition, 0, partitions)
		_, _, err = r.walk(h, body, names)
	}
	if err != nil {
		return fmt.Errorf("request body: %w", err)
	}
	return nil
}

// walk goes over the body once, and appends topics and partitions as far as there is room for them in r.
func (r *ProduceRequest) walk(h Header, body []byte, names *Names) (topics, partitions int, err error) {
	w := newWalk(h, body)
	w.charge(costPointer + len(w.str(true))) // transactional id: transactions are not served
	r.Acks = w.int16()
	r.TimeoutMs = max(w.int32(), 0)
	topics = w.elems(w.leastProduceTopic(), produceTopicCost, false)
	for i := 0; i < topics && w.err == nil; i++ {
		partitions += r.topic(&w, names)
	}
	w.unknownTags()
	return topics, partitions, w.err
}

// topic takes one topic, and returns how many partitions it has.
func (r *ProduceRequest) topic(w *walk, names *Names) int {
	var t ProduceTopic
	if w.version >= idsVersion {
		copy(t.ID[:], w.span(len(t.ID)))
	} else {
		name := w.str(false)
		w.charge(len(name))
		if w.err == nil && len(r.Topics) < cap(r.Topics) {
			t.Name = names.Of(name)
		}
	}
	t.Partitions = w.elems(w.leastProducePartition(), producePartitionCost, false)
	for i := 0; i < t.Partitions && w.err == nil; i++ {
		p := event.ProducePartition{Name: t.Name, ID: t.ID, Partition: w.int32(), Batch: w.nullBytes()}
		w.unknownTags()
		if len(r.Partitions) < cap(r.Partitions) {
			r.Partitions = append(r.Partitions, p)
		}
	}
	w.unknownTags()
	if len(r.Topics) < cap(r.Topics) {
		r.Topics = append(r.Topics, t)
	}
	return t.Partitions
}

// leastProduceTopic is the fewest bytes that a topic takes: a name or an id, a count, and from version 9 on tags.
func (w *walk) leastProduceTopic() int {
	switch {
	case w.version >= idsVersion:
		return 16 + 1 + 1
	case w.flexible:
		return 1 + 1 + 1
	}
	return 2 + 4
}

// leastProducePartition is the fewest bytes that a partition takes: an index, a length, and from version 9 on tags.
func (w *walk) leastProducePartition() int {
	if w.flexible {
		return 4 + 1 + 1
	}
	return 4 + 4
}
