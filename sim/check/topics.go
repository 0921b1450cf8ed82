package check

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
)

// topics judges what a broker says of topics (O26, by K-3): what CreateTopics acknowledged exists for every request that comes later,
// through any connection; what Metadata showed exists for every later request of the same cell.
type topics struct {
	known   map[topicKey]uint64     // the moment at which it was told; only looked up
	arrived map[event.Ticket]uint64 // when each request came; only looked up
	cells   int                     // of the broker that runs now
}

// topicKey is a topic, by name or by id, as the connections of a cell know it.
type topicKey struct {
	cell int
	name string
	id   event.UUID
}

// booted forgets: a restart ends every connection, and what was not acknowledged may be gone.
func (t *topics) booted(cells int) {
	t.cells = cells
	t.known, t.arrived = map[topicKey]uint64{}, map[event.Ticket]uint64{}
}

func (t *topics) cellOf(ticket event.Ticket) int { return int(ticket.Conn) % t.cells }

// asked notes when a request came.
func (t *topics) asked(moment uint64, ticket event.Ticket) { t.arrived[ticket] = moment }

// learn notes that a topic was told of. Doomed topics are deleted some time: of them nothing is promised.
func (t *topics) learn(h *fault.Header, moment uint64, cell int, name string, id event.UUID) {
	for i := range h.Topics {
		if h.Topics[i].Doomed && h.Topics[i].Name == name {
			return
		}
	}
	for _, key := range []topicKey{{cell: cell, name: name}, {cell: cell, id: id}} {
		if _, ok := t.known[key]; !ok {
			t.known[key] = moment
		}
	}
}

// answered learns from an answer, and judges it.
func (t *topics) answered(h *fault.Header, moment uint64, ticket event.Ticket, request, reply event.Body) finding {
	came, cell := t.arrived[ticket], t.cellOf(ticket)
	delete(t.arrived, ticket)
	switch answer := reply.(type) {
	case *event.CreateTopicsReply:
		for i := range answer.Topics {
			if r := &answer.Topics[i]; r.Code == event.CodeNone {
				for c := range t.cells {
					t.learn(h, moment, c, r.Name, r.ID)
				}
			}
		}
	case *event.MetadataReply:
		for i := range answer.Topics {
			if r := &answer.Topics[i]; r.Code == event.CodeNone {
				t.learn(h, moment, cell, r.Name, r.ID)
			} else if f := t.judge(came, cell, r.Name, r.ID, r.Code); f != (finding{}) {
				return f
			}
		}
	case *event.ProduceReply:
		asked := request.(*event.Produce)
		for i := range answer.Partitions {
			p := &asked.Partitions[i]
			if f := t.judge(came, cell, p.Name, p.ID, answer.Partitions[i].Code); f != (finding{}) {
				return f
			}
		}
	case *event.FetchReply:
		about := answer.Named
		if about == nil {
			about = request.(*event.Fetch).Partitions
		}
		for i := range answer.Partitions {
			p := &about[i]
			if f := t.judge(came, cell, p.Name, p.ID, answer.Partitions[i].Code); f != (finding{}) {
				return f
			}
		}
	}
	return finding{}
}

// judge holds one item of an answer to what was told before its request came.
func (t *topics) judge(came uint64, cell int, name string, id event.UUID, code event.Code) finding {
	if code != event.CodeUnknownTopicOrPartition && code != event.CodeUnknownTopicID {
		return finding{}
	}
	key := topicKey{cell: cell, name: name}
	if !id.IsZero() {
		key = topicKey{cell: cell, id: id}
	}
	at, ok := t.known[key]
	if !ok || came <= at {
		return finding{}
	}
	return finding{"O26", fmt.Sprintf("a request that came at moment %d is told that topic %s%s does not exist (code %d): "+
		"moment %d told that it does", came, name, idText(id), code, at)}
}

func idText(id event.UUID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}
