package world

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// judgeReply holds every acknowledgement to O9: its batch is in the durable image before the answer leaves, in one piece or, if it
// went straight to its segment, with its ends in the journal, unless the answer says that the log begins behind it: a repeated
// batch may have been let go, or one that the wait was too long for. An answer that spans partitions waits for the last of them;
// meanwhile a log that may be trimmed or deleted can let go what the answer says of it, and then it counts that the batch was durable.
func (w *World) judgeReply(n *node, t event.Ticket, request, reply event.Body) {
	if w.hooks.OnReply != nil {
		w.hooks.OnReply(w, n.id, t, request, reply)
	}
	asked, ok := request.(*event.Produce)
	answer, isProduce := reply.(*event.ProduceReply)
	if !ok || !isProduce || asked.Acks == 0 || w.Harmed() {
		return
	}
	for i := range answer.Partitions {
		if answer.Partitions[i].Code != event.CodeNone || i >= len(asked.Partitions) {
			continue
		}
		p, a := &asked.Partitions[i], &answer.Partitions[i]
		if a.BaseOffset+int64(record.Batch(p.Batch).Count()) <= a.LogStart {
			continue
		}
		bytes := p.Batch[stamped:]
		if held := n.disk.HoldsInPieces(bytes, event.FileSegment) || w.forgets && n.disk.HeldOnce(bytes); !held {
			w.Fail("O9", fmt.Sprintf("%s acknowledges %s/%d at offset %d, and a power cut may lose it",
				t, p.Name, p.Partition, a.BaseOffset))
		}
	}
}

// stamped is how many bytes at the head of a batch its leader may change: with LogAppendTime, everything up to the largest
// timestamp.
const stamped = 43
