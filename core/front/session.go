package front

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

// Dice draw the numbers of fetch sessions: a client of an earlier life must not meet a session under its number.
type Dice interface{ Uint64() uint64 }

// sessionIdle is how long a session must have been idle to make room for a new one, as Kafka has it.
const sessionIdle = 120 * event.Second

// session is a fetch session (KIP-227): what one client wants, and what it was told last, so that it names only changes and is
// answered only news. It belongs to a connection and ends with it: clients begin anew on a new one.
type session struct {
	id    int32
	epoch int32 // that the next request must have
	conn  event.ConnID
	byID  bool
	used  event.Time
	parts []*sessionPart // in the order in which bytes are given out: who got some goes to the end
	byKey map[partKey]*sessionPart
	older *session // by use
	newer *session
	ended bool
}

// partKey is a partition as the client names it.
type partKey struct {
	name      string
	id        event.UUID
	partition int32
}

func keyOf(p *event.FetchPartition) partKey { return partKey{p.Name, p.ID, p.Partition} }

// sessionPart is one partition of a session, with what was told of it last.
type sessionPart struct {
	want          event.FetchPartition
	told          bool
	highWatermark int64
	logStart      int64
	gone          bool
}

// sessions are those of one front, at most so many, with at most so many partitions.
type sessions struct {
	byID   map[int32]*session
	oldest *session // by use
	newest *session
	parts  int // over all
}

// openFetch settles what a request of a session, or of none, is about: the partitions to fetch, and the session that they
// belong to. ok is false where the request has been answered with an error.
func (f *Front) openFetch(now event.Time, t event.Ticket, req *event.Fetch, out *event.Buf) (
	s *session, parts []event.FetchPartition, ok bool,
) {
	s = f.sessions.byID[req.Session.ID]
	if s != nil && s.conn != t.Conn {
		s = nil
	}
	if req.Session.Step != event.SessionNext {
		if s != nil {
			f.sessions.end(s)
		}
		if req.Session.Step == event.SessionNew {
			s = f.newSession(now, t.Conn, req, out)
		} else {
			s = nil
		}
		return s, req.Partitions, true
	}
	code := event.CodeNone
	switch {
	case s == nil:
		code = event.CodeFetchSessionIDNotFound
	case s.epoch != req.Session.Epoch:
		code = event.CodeInvalidFetchSessionEpoch
	case s.byID != req.ByID:
		code = event.CodeFetchSessionTopicID
	case !f.sessions.fits(req, f.cfg.MaxSessionPartitions):
		f.sessions.end(s) // its client comes back with everything, and is served without one
		code = event.CodeFetchSessionIDNotFound
	}
	if code != event.CodeNone {
		out.Hit("front/session-refused")
		out.Reply(t, &event.FetchReply{Code: code, Named: []event.FetchPartition{}})
		return nil, nil, false
	}
	f.sessions.use(s, now)
	if f.sessions.change(s, req); len(s.parts) == 0 {
		f.sessions.end(s)
	}
	parts = make([]event.FetchPartition, len(s.parts))
	for i, p := range s.parts {
		parts[i] = p.want
	}
	return s, parts, true
}

// newSession makes a session of everything that the request names, if there is room: nil if not.
func (f *Front) newSession(now event.Time, c event.ConnID, req *event.Fetch, out *event.Buf) *session {
	ss := &f.sessions
	for len(ss.byID) > 0 && (len(ss.byID) >= f.cfg.MaxSessions || ss.parts+len(req.Partitions) > f.cfg.MaxSessionPartitions) {
		if now < ss.oldest.used+sessionIdle {
			out.Hit("front/session-cache-full")
			return nil
		}
		out.Hit("front/session-evicted")
		ss.end(ss.oldest)
	}
	if len(req.Partitions) == 0 || !ss.fits(req, f.cfg.MaxSessionPartitions) {
		return nil
	}
	if ss.byID == nil {
		ss.byID = map[int32]*session{}
	}
	s := &session{conn: c, byID: req.ByID, epoch: 1, used: now, byKey: map[partKey]*sessionPart{}}
	for s.id == 0 || ss.byID[s.id] != nil {
		s.id = int32(f.cfg.Dice.Uint64() & (1<<31 - 1))
	}
	ss.byID[s.id] = s
	ss.link(s)
	ss.change(s, req)
	return s
}

// nameBytes is the length of the longest topic name that there can be: a session keeps no longer ones.
const nameBytes = 249

// fits reports whether the sessions may keep what a request adds.
func (ss *sessions) fits(req *event.Fetch, most int) bool {
	return ss.parts+len(req.Partitions) <= most &&
		!slices.ContainsFunc(req.Partitions, func(p event.FetchPartition) bool { return len(p.Name) > nameBytes })
}

// change takes in what a request adds, changes and forgets.
func (ss *sessions) change(s *session, req *event.Fetch) {
	for i := range req.Partitions {
		want := &req.Partitions[i]
		if p := s.byKey[keyOf(want)]; p != nil {
			p.want = *want
			continue
		}
		p := &sessionPart{want: *want}
		s.byKey[keyOf(want)] = p
		s.parts = append(s.parts, p)
		ss.parts++
	}
	if len(req.Forgotten) == 0 {
		return
	}
	for i := range req.Forgotten {
		for _, partition := range req.Forgotten[i].Partitions {
			key := partKey{req.Forgotten[i].Name, req.Forgotten[i].ID, partition}
			if p := s.byKey[key]; p != nil {
				p.gone = true
				delete(s.byKey, key)
				ss.parts--
			}
		}
	}
	s.parts = slices.DeleteFunc(s.parts, func(p *sessionPart) bool { return p.gone })
}

// use notes that a session goes on, and makes it the newest.
func (ss *sessions) use(s *session, now event.Time) {
	s.used = now
	if s.epoch++; s.epoch < 0 { // it was the largest number
		s.epoch = 1
	}
	ss.unlink(s)
	ss.link(s)
}

func (ss *sessions) link(s *session) {
	s.older, s.newer = ss.newest, nil
	if ss.newest != nil {
		ss.newest.newer = s
	} else {
		ss.oldest = s
	}
	ss.newest = s
}

func (ss *sessions) unlink(s *session) {
	if s.older != nil {
		s.older.newer = s.newer
	} else {
		ss.oldest = s.newer
	}
	if s.newer != nil {
		s.newer.older = s.older
	} else {
		ss.newest = s.older
	}
}

// end forgets a session. A fetch of it that is under way is still answered.
func (ss *sessions) end(s *session) {
	if s.ended {
		return
	}
	s.ended = true
	ss.unlink(s)
	ss.parts -= len(s.parts)
	delete(ss.byID, s.id)
}

// drop ends the sessions of a connection.
func (ss *sessions) drop(c event.ConnID) {
	for s := ss.oldest; s != nil; {
		next := s.newer
		if s.conn == c {
			ss.end(s)
		}
		s = next
	}
}

// news makes an answer about all parts into what the session has to be told: all of it, where the request that made the
// session is answered, and what is new otherwise.
func (s *session) news(parts []event.FetchPartition, all bool, reply *event.FetchReply) {
	if !s.ended {
		reply.Session = s.id
	}
	var served []*sessionPart
	kept := reply.Partitions[:0]
	named := make([]event.FetchPartition, 0, len(parts))
	for i := range parts {
		r := &reply.Partitions[i]
		p := s.byKey[keyOf(&parts[i])]
		if p == nil { // forgotten meanwhile
			p = &sessionPart{}
		}
		tell := all || len(r.Records) > 0 || r.Code != event.CodeNone || !p.told ||
			r.HighWatermark != p.highWatermark || r.LogStart != p.logStart
		p.told = r.Code == event.CodeNone // an error is told again, and so is its end
		p.highWatermark, p.logStart = r.HighWatermark, r.LogStart
		if len(r.Records) > 0 {
			served = append(served, p)
		}
		if tell {
			kept, named = append(kept, *r), append(named, parts[i])
		}
	}
	reply.Partitions = kept
	if !all {
		reply.Named = named
	}
	s.rotate(served)
}

// rotate puts those that were served behind the others: who has much does not keep bytes from who has little.
func (s *session) rotate(served []*sessionPart) {
	if len(served) == 0 || len(served) == len(s.parts) {
		return
	}
	for _, p := range served {
		p.gone = true
	}
	var last []*sessionPart
	first := s.parts[:0]
	for _, p := range s.parts {
		if p.gone {
			last = append(last, p)
		} else {
			first = append(first, p)
		}
	}
	s.parts = append(first, last...)
	for _, p := range served {
		p.gone = false
	}
}
