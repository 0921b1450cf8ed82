package check

import (
	"fmt"
	"strconv"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// sentBatches is what the judge of limits remembers of produce requests.
type sentBatches struct {
	names map[event.UUID]string   // of topics, as metadata told them; looked up only
	first map[arrival]uint64      // batch -> the moment of its first arrival; looked up only
	sent  map[event.Ticket]uint64 // request -> the moment of its arrival; looked up only
}

// produced notes the arrival of batches.
func (s *shape) produced(t event.Ticket, asked *event.Produce) {
	s.moments++
	if s.batches.first == nil {
		s.batches.first, s.batches.sent = map[arrival]uint64{}, map[event.Ticket]uint64{}
	}
	s.batches.sent[t] = s.moments
	for i := range asked.Partitions {
		b := asked.Partitions[i].Batch
		if len(b) < record.HeaderSize {
			continue
		}
		if key := arrivalOf(b); s.batches.first[key] == 0 {
			s.batches.first[key] = s.moments
		}
	}
}

// judgeLimit holds an answer to the size that its topic allowed (O32), where there is only one that can have: acknowledged
// before the request arrived, and no change asked for since. Batches that arrived before may have been appended then.
func (s *shape) judgeLimit(t event.Ticket, asked *event.Produce, r *event.ProduceReply) finding {
	for i := range min(len(asked.Partitions), len(r.Partitions)) {
		p := &asked.Partitions[i]
		name := p.Name
		if !p.ID.IsZero() {
			name = s.batches.names[p.ID]
		}
		limit, at, ok := s.limit(name)
		if !ok || len(p.Batch) < record.HeaderSize || at >= s.batches.sent[t] ||
			s.batches.first[arrivalOf(p.Batch)] != s.batches.sent[t] {
			continue
		}
		switch size := len(p.Batch); {
		case r.Partitions[i].Code == event.CodeNone && size > limit:
			return finding{"O32", fmt.Sprintf("a batch of %d bytes is taken by %s, whose max.message.bytes was %d before it was sent",
				size, name, limit)}
		case r.Partitions[i].Code == event.CodeMessageTooLarge && size <= limit:
			return finding{"O32", fmt.Sprintf("a batch of %d bytes is too large for %s, whose max.message.bytes was %d before it was sent",
				size, name, limit)}
		}
	}
	return finding{}
}

// limit is the size that a topic of its own allows, and since when that is acknowledged; ok is false where another one may
// be in force.
func (s *shape) limit(name string) (bytes int, since uint64, ok bool) {
	for _, to := range s.settings {
		if to.kind != event.ResourceTopic || to.name != name || to.key != "max.message.bytes" {
			continue
		}
		bytes, err := strconv.Atoi(to.value.Value)
		return bytes, to.since, to.known && len(to.open) == 0 && err == nil
	}
	return 0, 0, false
}
