package workload

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// session is a fetch session (KIP-227) as its client knows it. The zero value is none: the next fetch asks for a new one.
type session struct {
	id    int32
	epoch int32
	parts []sessionPart
}

// sessionPart is one partition of a session: where it was asked from last, and what was told of it last.
type sessionPart struct {
	spot
	offset        int64
	told          bool
	highWatermark int64
	logStart      int64
}

func (s *session) find(at spot) *sessionPart {
	for i := range s.parts {
		if s.parts[i].spot == at {
			return &s.parts[i]
		}
	}
	return nil
}

// wants are the partitions that a request must name: all of them in a new session, else those that are new or have moved.
func (s *session) wants(parts []reading) []reading {
	if s.id == 0 {
		return parts
	}
	var out []reading
	for _, x := range parts {
		if p := s.find(x.spot); p == nil || p.offset != x.op.Offset {
			out = append(out, x)
		}
	}
	return out
}

// ask puts the session's part into a request about parts, which becomes what the session is about.
func (s *session) ask(c *Client, req *kmsg.FetchRequest, parts []reading) {
	req.SessionID, req.SessionEpoch = s.id, s.epoch
	var kept []sessionPart
	for _, x := range parts {
		p := sessionPart{spot: x.spot}
		if old := s.find(x.spot); old != nil {
			p = *old
		}
		p.offset = x.op.Offset
		kept = append(kept, p)
	}
	if s.id != 0 {
		for _, p := range s.parts {
			gone := true
			for i := range kept {
				gone = gone && kept[i].spot != p.spot
			}
			if t := &c.topics[p.topic]; gone {
				req.ForgottenTopics = append(req.ForgottenTopics, kmsg.FetchRequestForgottenTopic{
					Topic: t.Name, TopicID: t.id, Partitions: []int32{p.partition},
				})
			}
		}
	}
	s.parts = kept
}

// answered takes the head of an answer. It reports whether the answer leaves out what has no news.
func (s *session) answered(resp *kmsg.FetchResponse) (news bool) {
	news = s.id != 0
	s.id, s.epoch = resp.SessionID, s.epoch+1
	if s.id == 0 {
		s.epoch = 0
	}
	return news
}

// silent is the answer about a partition that the session did not mention: nothing is new.
func (r *consumer) silent(c *Client, m Moment, x reading) {
	p := r.session.find(x.spot)
	if p == nil || !p.told {
		c.fail(fmt.Sprintf("a session does not tell of %s/%d, of which it has told nothing yet", c.topics[x.topic].Name, x.partition))
		return
	}
	x.op.Return, x.op.Outcome = m.Event, history.OK
	x.op.HighWatermark, x.op.LogStart = p.highWatermark, p.logStart
}

// remember notes what was told of a partition.
func (s *session) remember(at spot, part *kmsg.FetchResponseTopicPartition) {
	if p := s.find(at); p != nil {
		p.told = event.Code(part.ErrorCode) == event.CodeNone
		p.highWatermark, p.logStart = part.HighWatermark, part.LogStartOffset
	}
}
