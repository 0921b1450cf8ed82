package front

import (
	"fmt"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// counter is dice that count.
type counter uint64

func (c *counter) Uint64() uint64 { *c++; return uint64(*c) }

// sessionStage is a ready stage with one shard, which answers every fetch from a table of logs.
type sessionStage struct {
	*stage
	logs map[int32]*struct{ hw, bytes int64 }
}

func newSessionStage(t *testing.T, most, parts int) *sessionStage {
	s := &sessionStage{stage: newStageOf(t, 1), logs: map[int32]*struct{ hw, bytes int64 }{}}
	s.front.cfg.MaxSessions, s.front.cfg.MaxSessionPartitions, s.front.cfg.Dice = most, parts, new(counter)
	s.from(event.Home, event.Ticket{}, &event.ImageUpdate{Image: s.im})
	for p := range int32(8) {
		s.logs[p] = &struct{ hw, bytes int64 }{}
	}
	return s
}

// want are partitions of "a" from offset 0.
func want(partitions ...int32) (out []event.FetchPartition) {
	for _, p := range partitions {
		out = append(out, event.FetchPartition{Name: "a", Partition: p, CurrentEpoch: -1, MaxBytes: 1000})
	}
	return out
}

// fetch asks on a connection, lets the shard answer, and tells the reply: session, code, and partition:watermark/bytes.
func (s *sessionStage) fetch(conn event.ConnID, step event.FetchSession, parts []event.FetchPartition, forget ...int32) string {
	s.t.Helper()
	req := &event.Fetch{ReplicaID: -1, MaxBytes: 1000, Partitions: parts, Session: step}
	if len(forget) > 0 {
		req.Forgotten = []event.FetchForgotten{{Name: "a", Partitions: forget}}
	}
	s.seq++
	ticket := event.Ticket{Conn: conn, Seq: s.seq}
	s.step(event.Event{Kind: event.KindRequest, Ticket: ticket, Body: req})
	for len(s.sent) > 0 {
		e := s.sent[0]
		s.sent = s.sent[1:]
		s.serve(e)
	}
	r, ok := s.reply[ticket].(*event.FetchReply)
	if !ok {
		s.t.Fatalf("no answer to %+v", req)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d", r.Session)
	if r.Code != event.CodeNone {
		fmt.Fprintf(&b, " code %d", r.Code)
	}
	names := r.Named
	if names == nil {
		names = parts
	}
	if len(names) != len(r.Partitions) {
		s.t.Fatalf("F-3: %d answers for %d partitions", len(r.Partitions), len(names))
	}
	for i, p := range r.Partitions {
		fmt.Fprintf(&b, " %d:%d/%d", names[i].Partition, p.HighWatermark, p.Bytes())
		if p.Code != event.CodeNone {
			fmt.Fprintf(&b, "!%d", p.Code)
		}
	}
	return b.String()
}

// serve is the shard.
func (s *sessionStage) serve(e event.Message) {
	switch m := e.Body.(type) {
	case *event.ShardWatch:
		said := &event.ShardState{}
		for _, item := range m.Items {
			log := s.logs[item.TP.Partition]
			said.Items = append(said.Items, event.ShardFetchState{Index: item.Index, Bytes: log.bytes, HighWatermark: log.hw, Leader: nobody()})
		}
		s.from(e.To, e.Ticket, said)
	case *event.ShardRead:
		data := &event.ShardData{}
		for _, g := range m.Items {
			log := s.logs[g.Item.TP.Partition]
			data.Index = append(data.Index, g.Item.Index)
			data.Results = append(data.Results, event.FetchPartitionReply{
				HighWatermark: log.hw, Records: [][]byte{make([]byte, min(log.bytes, g.Bytes))},
			})
		}
		s.from(e.To, e.Ticket, data)
	}
}

func next(id, epoch int32) event.FetchSession {
	return event.FetchSession{Step: event.SessionNext, ID: id, Epoch: epoch}
}

var fresh = event.FetchSession{Step: event.SessionNew}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// F-5: a session is told everything once, and news from then on.
func TestSession_TellsWhatIsNew(t *testing.T) {
	s := newSessionStage(t, 10, 100)
	expect(t, s.fetch(3, fresh, want(0, 1, 2)), "1 0:0/0 1:0/0 2:0/0")
	expect(t, s.fetch(3, next(1, 1), nil), "1")
	s.logs[1].hw = 5 // a watermark that moves is news without records
	expect(t, s.fetch(3, next(1, 2), nil), "1 1:5/0")
	expect(t, s.fetch(3, next(1, 3), nil), "1")
	s.logs[0].bytes, s.logs[0].hw = 40, 9
	expect(t, s.fetch(3, next(1, 4), nil), "1 0:9/40")
	expect(t, s.fetch(3, next(1, 5), nil), "1 0:9/40") // still there: the client has not moved on
	s.logs[0].bytes = 0
	expect(t, s.fetch(3, next(1, 6), want(4)), "1 4:0/0") // added
	s.logs[2].hw, s.logs[4].hw = 7, 8
	expect(t, s.fetch(3, next(1, 7), nil, 2), "1 4:8/0") // forgotten: no news of it
	expect(t, s.fetch(3, next(1, 8), append(want(6), event.FetchPartition{Name: "none", Partition: 3})), "1 6:0/0 3:-1/0!3")
	expect(t, s.fetch(3, next(1, 9), nil), "1 3:-1/0!3") // an error is told as long as it lasts
	expect(t, s.fetch(3, next(1, 10), nil, 0, 1, 4, 6), "1 3:-1/0!3")
}

// What had bytes goes behind what had none, so that a small budget comes round.
func TestSession_GivesBytesInTurn(t *testing.T) {
	s := newSessionStage(t, 10, 100)
	for p := range int32(3) {
		s.logs[p].bytes, s.logs[p].hw = 600, 1
	}
	expect(t, s.fetch(3, fresh, want(0, 1, 2)), "1 0:1/600 1:1/400 2:1/0")
	expect(t, s.fetch(3, next(1, 1), nil), "1 2:1/600 0:1/400")
	expect(t, s.fetch(3, next(1, 2), nil), "1 1:1/600 2:1/400")
}

func TestSession_RefusesWhatItDoesNotKnow(t *testing.T) {
	s := newSessionStage(t, 10, 100)
	expect(t, s.fetch(3, next(1, 1), nil), "0 code 70")
	expect(t, s.fetch(3, fresh, want(0)), "1 0:0/0")
	expect(t, s.fetch(3, next(1, 2), nil), "0 code 71")                  // an epoch was left out
	expect(t, s.fetch(4, next(1, 1), nil), "0 code 70")                  // another connection
	expect(t, s.fetch(3, next(1, 1), nil), "1")                          // and the session is as it was
	expect(t, s.fetch(3, next(1, 1), nil), "0 code 71")                  // repeated
	expect(t, s.fetch(3, event.FetchSession{ID: 1}, want(5)), "0 5:0/0") // ended by its client
	expect(t, s.fetch(3, next(1, 2), nil), "0 code 70")
	expect(t, s.fetch(3, fresh, want(0)), "2 0:0/0")
	expect(t, s.fetch(3, event.FetchSession{Step: event.SessionNew, ID: 2}, want(1)), "3 1:0/0")
	expect(t, s.fetch(3, next(2, 1), nil), "0 code 70")
	s.step(event.Event{Kind: event.KindConnClosed, Ticket: event.Ticket{Conn: 3}})
	expect(t, s.fetch(3, next(3, 1), nil), "0 code 70")
	expect(t, s.fetch(3, fresh, want(0)), "4 0:0/0")
	expect(t, s.fetch(3, next(4, 1), nil, 0), "0") // nothing is left: it ends
	expect(t, s.fetch(3, next(4, 2), want(0)), "0 code 70")
	if s.front.sessions.parts != 0 || len(s.front.sessions.byID) != 0 || s.front.sessions.oldest != nil {
		t.Errorf("something is left: %+v", s.front.sessions)
	}
}

// The number of sessions and of their partitions is bounded; only who has been idle for long makes room.
func TestSession_Bounds(t *testing.T) {
	s := newSessionStage(t, 2, 6)
	expect(t, s.fetch(1, fresh, want(0)), "1 0:0/0")
	s.now += event.Second
	expect(t, s.fetch(2, fresh, want(1)), "2 1:0/0")
	expect(t, s.fetch(3, fresh, want(2)), "0 2:0/0") // full: served without one
	s.now += 60 * event.Second
	expect(t, s.fetch(1, next(1, 1), nil), "1")
	s.now += 60 * event.Second
	expect(t, s.fetch(3, fresh, want(2, 3)), "3 2:0/0 3:0/0") // session 2 was the one that was idle
	expect(t, s.fetch(2, next(2, 1), nil), "0 code 70")
	expect(t, s.fetch(1, next(1, 2), nil), "1")
	expect(t, s.fetch(1, next(1, 3), want(1, 2, 3, 4)), "0 code 70") // too many: its client begins anew
	expect(t, s.fetch(1, fresh, want(0, 1, 2, 3, 4)), "0 0:0/0 1:0/0 2:0/0 3:0/0 4:0/0")
	long := []event.FetchPartition{{Name: strings.Repeat("x", 250), Partition: 9}}
	expect(t, s.fetch(1, fresh, long), "0 9:-1/0!3")
}

// Names and ids do not mix in one session: the partitions would be looked up under keys that they do not have.
func TestSession_NamesOrIDs(t *testing.T) {
	s := newSessionStage(t, 2, 6)
	expect(t, s.fetch(1, fresh, want(0)), "1 0:0/0")
	s.seq++
	ticket := event.Ticket{Conn: 1, Seq: s.seq}
	s.step(event.Event{Kind: event.KindRequest, Ticket: ticket, Body: &event.Fetch{Session: next(1, 1), ByID: true}})
	if r := s.reply[ticket].(*event.FetchReply); r.Code != event.CodeFetchSessionTopicID {
		t.Errorf("%+v", r)
	}
}
