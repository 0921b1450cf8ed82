package check

import (
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// remembered is how many batches of a producer a broker must know again, with their offsets: as many as a producer may
// have in flight.
const remembered = 5

// window judges the answers to idempotent producers (O11): a batch that is repeated has one offset, and is not
// forgotten as long as it is one of the last five.
type window struct {
	producers map[producerKey]*sent // only looked up
}

// producerKey is one producer on one partition. A producer names its topics in one way: by name or by id.
type producerKey struct {
	pid       int64
	epoch     int16
	topic     string
	partition int32
}

// sent is what a producer sent to a partition.
type sent struct {
	sequences []int32 // of the first records of batches that ever arrived, sorted; runs do not come near the wrap
	told      []told
}

// told is one batch with the offset under which it was acknowledged.
type told struct {
	sequence, count int32
	base            int64
}

// identify tells whose batch p is. ok is false where it has no idempotent producer, or was refused at the edge.
func identify(p *event.ProducePartition) (key producerKey, b record.Batch, ok bool) {
	if p.Refused != event.CodeNone || len(p.Batch) < record.HeaderSize {
		return key, nil, false
	}
	b = record.Batch(p.Batch)
	topic := p.Name
	if !p.ID.IsZero() {
		topic = p.ID.String()
	}
	return producerKey{b.ProducerID(), b.ProducerEpoch(), topic, p.Partition}, b, b.ProducerID() >= 0
}

// arrived notes what a node is asked to append.
func (w *window) arrived(asked *event.Produce) {
	for i := range asked.Partitions {
		key, b, ok := identify(&asked.Partitions[i])
		if !ok {
			continue
		}
		if w.producers == nil {
			w.producers = map[producerKey]*sent{}
		}
		s := w.producers[key]
		if s == nil {
			s = &sent{}
			w.producers[key] = s
		}
		if at, found := slices.BinarySearch(s.sequences, b.BaseSequence()); !found {
			s.sequences = slices.Insert(s.sequences, at, b.BaseSequence())
		}
	}
}

// replied judges the answer to a request that had arrived.
func (w *window) replied(asked *event.Produce, answer *event.ProduceReply) finding {
	for i := range min(len(asked.Partitions), len(answer.Partitions)) {
		key, b, ok := identify(&asked.Partitions[i])
		if s := w.producers[key]; ok && s != nil && asked.Acks != 0 {
			if f := s.judge(b, &answer.Partitions[i]); f != (finding{}) {
				f.text = fmt.Sprintf("%s/%d, producer %d epoch %d: ", key.topic, key.partition, key.pid, key.epoch) + f.text
				return f
			}
		}
	}
	return finding{}
}

func (s *sent) judge(b record.Batch, answer *event.ProducePartitionReply) finding {
	this := told{b.BaseSequence(), b.Count(), answer.BaseOffset}
	switch answer.Code {
	case event.CodeDuplicateSequence:
		at, _ := slices.BinarySearch(s.sequences, this.sequence)
		if later := len(s.sequences) - at - 1; later < remembered {
			return finding{"O11", fmt.Sprintf("the batch of sequence %d is called forgotten, and at most %d came after it",
				this.sequence, later)}
		}
	case event.CodeNone:
		if this.base < 0 {
			return finding{"O11", fmt.Sprintf("the batch of sequence %d is acknowledged without its offset", this.sequence)}
		}
		for _, was := range s.told {
			if was.sequence == this.sequence && was.count == this.count {
				if was.base != this.base {
					return finding{"O11", fmt.Sprintf("the batch of sequence %d is acknowledged at offset %d, and was at %d before",
						this.sequence, this.base, was.base)}
				}
				return finding{}
			}
		}
		s.told = append(s.told, this)
	}
	return finding{}
}
