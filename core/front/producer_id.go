package front

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

// producerIDs are the ids that this front may still give out, from a block that home granted durably: an id is never
// given twice, not even across restarts, because a block that was begun is never used again.
type producerIDs struct {
	next    int64
	left    int32
	asked   bool // home was asked for a block and has not answered
	waiting []event.Ticket
}

// idWait is a producer that waits for its id.
type idWait struct {
	ticket event.Ticket
}

func noProducerID(code event.Code) *event.InitProducerIDReply {
	return &event.InitProducerIDReply{Code: code, ProducerID: -1, ProducerEpoch: -1}
}

// initProducerID gives an idempotent producer an id of its own. A transactional one is refused with an error that no
// client retries: transactions are not served, and waiting would not change that.
func (f *Front) initProducerID(now event.Time, t event.Ticket, req *event.InitProducerID, out *event.Buf) {
	if req.Transactional {
		out.Reply(t, noProducerID(event.CodeUnsupportedVersion))
		return
	}
	if len(f.ids.waiting) == 0 && f.ids.left > 0 {
		out.Reply(t, f.ids.take())
		return
	}
	f.room.Park(t, now+f.cfg.IDWait, &idWait{ticket: t})
	f.ids.waiting = append(f.ids.waiting, t)
	f.askForIDs(out)
}

func (ids *producerIDs) take() *event.InitProducerIDReply {
	id := ids.next
	ids.next++
	ids.left--
	return &event.InitProducerIDReply{ProducerID: id}
}

// askForIDs asks home for a block, unless that is under way.
func (f *Front) askForIDs(out *event.Buf) {
	if f.ids.asked {
		return
	}
	f.ids.asked = true
	out.SendMachine(event.Home, event.Ticket{Seq: 1 << 63}, &event.PIDRequest{})
}

func (f *Front) onPIDBlock(m *event.PIDBlock, out *event.Buf) {
	f.ids.asked = false
	if m.Count > 0 {
		f.ids.next, f.ids.left = m.First, m.Count
	}
	served := 0
	for _, t := range f.ids.waiting {
		reply := noProducerID(event.CodeCoordinatorLoadInProgress)
		switch {
		case f.ids.left > 0:
			reply = f.ids.take()
		case m.Count > 0: // the block is used up: the rest waits for the next
			f.ids.waiting = slices.Delete(f.ids.waiting, 0, served)
			f.askForIDs(out)
			return
		}
		served++
		f.finish(t, reply, out)
	}
	f.ids.waiting = f.ids.waiting[:0]
}

func (w *idWait) expire(f *Front, out *event.Buf) {
	w.cancel(f, out)
	out.Reply(w.ticket, noProducerID(event.CodeCoordinatorLoadInProgress))
}

func (w *idWait) cancel(f *Front, _ *event.Buf) {
	if i := slices.Index(f.ids.waiting, w.ticket); i >= 0 {
		f.ids.waiting = slices.Delete(f.ids.waiting, i, i+1)
	}
}
