package world

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
)

// judgeReply holds every acknowledgement to O9: its batch is in the durable image before the answer leaves, in one piece or, if it
// went straight to its segment, with its ends in the journal.
func (w *World) judgeReply(n *node, t event.Ticket, request, reply event.Body) {
	if w.hooks.OnReply != nil {
		w.hooks.OnReply(w, n.id, t, request, reply)
	}
	asked, ok := request.(*event.Produce)
	answer, isProduce := reply.(*event.ProduceReply)
	if !ok || !isProduce || asked.Acks == 0 || w.plan.Header.Label == fault.LabelDetect {
		return
	}
	for i := range answer.Partitions {
		if answer.Partitions[i].Code != event.CodeNone || i >= len(asked.Partitions) {
			continue
		}
		p := &asked.Partitions[i]
		if !n.disk.HoldsInPieces(p.Batch[stamped:], event.FileSegment) {
			w.Fail("O9", fmt.Sprintf("%s acknowledges %s/%d at offset %d, and a power cut may lose it",
				t, p.Name, p.Partition, answer.Partitions[i].BaseOffset))
		}
	}
}

// stamped is how many bytes at the head of a batch its leader may change.
const stamped = 17
