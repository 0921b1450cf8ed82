package front

import "github.com/highwater-log/highwater/core/event"

// alterTime is how long an AlterConfigs request waits for home: the request itself has no time, and this is how long
// Kafka's clients wait by default.
const alterTime = 30 * event.Second

// growWait is a CreatePartitions request at home.
type growWait struct {
	ticket event.Ticket
	req    *event.CreatePartitions
}

// createPartitions hands the request to home, which answers when the partitions are committed and known to every
// machine.
func (f *Front) createPartitions(now event.Time, t event.Ticket, req *event.CreatePartitions, out *event.Buf) {
	f.room.Park(t, now+event.Time(max(req.TimeoutMs, 0))*event.Millisecond, &growWait{ticket: t, req: req})
	out.SendMachine(event.Home, t, req)
}

func (w *growWait) onReply(f *Front, _ *event.Event, m *event.CreatePartitionsReply, out *event.Buf) {
	f.finish(w.ticket, m, out)
}

// expire says that the outcome is not known: the partitions may still be made.
func (w *growWait) expire(_ *Front, out *event.Buf) {
	reply := &event.CreatePartitionsReply{}
	for _, t := range w.req.Topics {
		reply.Topics = append(reply.Topics, event.GrowTopicReply{
			Code: event.CodeRequestTimedOut, Why: "The partitions may still be created.", Name: t.Name,
		})
	}
	out.Reply(w.ticket, reply)
}

func (w *growWait) cancel(*Front, *event.Buf) {}

// alterWait is an AlterConfigs request at home.
type alterWait struct {
	ticket event.Ticket
	req    *event.AlterConfigs
}

// alterConfigs hands the request to home, which answers when the change is committed and every machine was told: a batch
// that is sent after the answer is judged by it.
func (f *Front) alterConfigs(now event.Time, t event.Ticket, req *event.AlterConfigs, out *event.Buf) {
	f.room.Park(t, now+alterTime, &alterWait{ticket: t, req: req})
	out.SendMachine(event.Home, t, req)
}

func (w *alterWait) onReply(f *Front, _ *event.Event, m *event.AlterConfigsReply, out *event.Buf) {
	f.finish(w.ticket, m, out)
}

// expire says that the outcome is not known: the change may still be made.
func (w *alterWait) expire(_ *Front, out *event.Buf) {
	reply := &event.AlterConfigsReply{}
	for _, r := range w.req.Resources {
		reply.Resources = append(reply.Resources, event.ConfigAlterationReply{
			Code: event.CodeRequestTimedOut, Why: "The configuration may still be changed.", Type: r.Type, Name: r.Name,
		})
	}
	out.Reply(w.ticket, reply)
}

func (w *alterWait) cancel(*Front, *event.Buf) {}
