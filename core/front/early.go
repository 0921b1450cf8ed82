package front

import "github.com/highwater-log/highwater/core/event"

// earlyQueue holds the requests that came before the broker was ready (F-4), in the order of arrival.
type earlyQueue struct{ parked []earlyRequest }

type earlyRequest struct {
	ticket   event.Ticket
	body     event.Body
	deadline event.Time
}

// next is when the longest parked request has waited enough.
func (q *earlyQueue) next() event.Time {
	if len(q.parked) == 0 {
		return event.Never
	}
	return q.parked[0].deadline
}

// park keeps a request until the broker is ready, or turns it away if there are too many.
func (q *earlyQueue) park(f *Front, now event.Time, t event.Ticket, body event.Body, out *event.Buf) {
	if len(q.parked) >= f.cfg.MaxParked {
		out.Hit("front/too-early-full")
		turnAway(t, body, out)
		return
	}
	out.Hit("front/too-early")
	q.parked = append(q.parked, earlyRequest{t, body, now + f.cfg.StartWait})
}

// serve serves everything that was parked.
func (q *earlyQueue) serve(f *Front, now event.Time, out *event.Buf) {
	parked := q.parked
	q.parked = nil
	for _, r := range parked {
		f.serve(now, r.ticket, r.body, out)
	}
}

// expire turns away what has waited long enough.
func (q *earlyQueue) expire(now event.Time, out *event.Buf) {
	for len(q.parked) > 0 && q.parked[0].deadline <= now {
		r := q.parked[0]
		q.parked = q.parked[1:]
		out.Hit("front/start-too-long")
		turnAway(r.ticket, r.body, out)
	}
}

// drop forgets the requests of a connection.
func (q *earlyQueue) drop(c event.ConnID) {
	kept := q.parked[:0]
	for _, r := range q.parked {
		if r.ticket.Conn != c {
			kept = append(kept, r)
		}
	}
	clear(q.parked[len(kept):])
	q.parked = kept
}

// turnAway answers a request that cannot be served yet with an error that its client retries. Where a reply has no
// place for one, the connection is closed: clients connect again, after a pause.
func turnAway(t event.Ticket, body event.Body, out *event.Buf) {
	switch req := body.(type) {
	case *event.Produce:
		reply := newProduceReply(len(req.Partitions))
		for i := range reply.Partitions {
			reply.Partitions[i].Code = event.CodeNotLeaderOrFollower
		}
		out.Reply(t, reply)
	case *event.Fetch:
		if req.Session.Step == event.SessionNext {
			out.Reply(t, &event.FetchReply{Code: event.CodeFetchSessionIDNotFound, Named: []event.FetchPartition{}})
			return
		}
		reply := newFetchReply(len(req.Partitions))
		for i := range reply.Partitions {
			reply.Partitions[i].Code = event.CodeNotLeaderOrFollower
		}
		out.Reply(t, reply)
	case *event.ListOffsets:
		reply := newListOffsetsReply(len(req.Partitions))
		for i := range reply.Partitions {
			reply.Partitions[i].Code = event.CodeNotLeaderOrFollower
		}
		out.Reply(t, reply)
	case *event.DeleteRecords:
		reply := newDeleteRecordsReply(len(req.Partitions))
		for i := range reply.Partitions {
			reply.Partitions[i].Code = event.CodeNotLeaderOrFollower
		}
		out.Reply(t, reply)
	case *event.FindCoordinator:
		out.Reply(t, findCoordinator(req))
	case *event.InitProducerID:
		out.Reply(t, noProducerID(event.CodeCoordinatorLoadInProgress))
	default:
		out.CloseConn(t.Conn, "the broker is still starting")
	}
}
