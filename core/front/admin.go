package front

import "github.com/highwater-log/highwater/core/event"

// createWait is a CreateTopics request at home.
type createWait struct {
	ticket event.Ticket
	req    *event.CreateTopics
}

// createTopics hands the request to home, which answers when the topics are committed and known to every machine.
func (f *Front) createTopics(now event.Time, t event.Ticket, req *event.CreateTopics, out *event.Buf) {
	f.room.Park(t, now+event.Time(max(req.TimeoutMs, 0))*event.Millisecond, &createWait{ticket: t, req: req})
	out.SendMachine(event.Home, t, req)
}

func (w *createWait) onReply(f *Front, _ *event.Event, m *event.CreateTopicsReply, out *event.Buf) {
	f.finish(w.ticket, m, out)
}

// expire says that the outcome is not known: the topics may still be made.
func (w *createWait) expire(f *Front, out *event.Buf) {
	reply := &event.CreateTopicsReply{}
	for _, t := range w.req.Topics {
		reply.Topics = append(reply.Topics, event.CreateTopicReply{
			Code: event.CodeRequestTimedOut, Why: "The topic may still be created.", Name: t.Name, Partitions: -1,
			Replicas: -1,
		})
	}
	out.Reply(w.ticket, reply)
}

func (w *createWait) cancel(*Front, *event.Buf) {}

// deleteWait is a DeleteTopics request at home.
type deleteWait struct {
	ticket event.Ticket
	req    *event.DeleteTopics
}

// deleteTopics hands the request to home, which answers when the deletion is committed and known to every machine.
func (f *Front) deleteTopics(now event.Time, t event.Ticket, req *event.DeleteTopics, out *event.Buf) {
	f.room.Park(t, now+event.Time(max(req.TimeoutMs, 0))*event.Millisecond, &deleteWait{ticket: t, req: req})
	out.SendMachine(event.Home, t, req)
}

func (w *deleteWait) onReply(f *Front, _ *event.Event, m *event.DeleteTopicsReply, out *event.Buf) {
	f.finish(w.ticket, m, out)
}

// expire says that the outcome is not known: the topics may still be deleted.
func (w *deleteWait) expire(f *Front, out *event.Buf) {
	reply := &event.DeleteTopicsReply{}
	for _, t := range w.req.Topics {
		reply.Topics = append(reply.Topics, event.DeleteTopicReply{
			Code: event.CodeRequestTimedOut, Why: "The topic may still be deleted.", Name: t.Name, ID: t.ID,
		})
	}
	out.Reply(w.ticket, reply)
}

func (w *deleteWait) cancel(*Front, *event.Buf) {}
