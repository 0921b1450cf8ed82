package replica

import (
	"fmt"
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// rec is one record: its epoch and a value that no other record has.
type rec struct {
	epoch int32
	value int
}

// book is a log kept in the most naive way: a list of records, and the list as it was when it was last flushed.
type book struct {
	start   int64
	recs    []rec
	flushed int64
	disk    []rec
	hwDisk  int64
}

func (b *book) Start() int64   { return b.start }
func (b *book) End() int64     { return b.start + int64(len(b.recs)) }
func (b *book) Flushed() int64 { return b.flushed }

func (b *book) LastEpoch() int32 {
	if len(b.recs) == 0 {
		return -1
	}
	return b.recs[len(b.recs)-1].epoch
}

// EndOffsetFor scans: the last record whose epoch is at most epoch tells both.
func (b *book) EndOffsetFor(epoch int32) (int32, int64) {
	for i, r := range slices.Backward(b.recs) {
		if r.epoch <= epoch {
			return r.epoch, b.start + int64(i) + 1
		}
	}
	return -1, -1
}

func (b *book) cut(to int64) {
	b.recs = b.recs[:to-b.start]
	b.flushed = min(b.flushed, to)
}

func (b *book) flush(hw int64) {
	b.disk, b.flushed, b.hwDisk = slices.Clone(b.recs), b.End(), hw
}

// lose is a power cut: what was not flushed is gone, and what was cut but not flushed is back.
func (b *book) lose() { b.recs, b.flushed = slices.Clone(b.disk), b.start+int64(len(b.disk)) }

func (b *book) String() string {
	var s strings.Builder
	for i := 0; i < len(b.recs); {
		j := i
		for j < len(b.recs) && b.recs[j].epoch == b.recs[i].epoch {
			j++
		}
		fmt.Fprintf(&s, " e%d:[%d,%d)", b.recs[i].epoch, b.start+int64(i), b.start+int64(j))
		i = j
	}
	if s.Len() == 0 {
		return " empty"
	}
	return s.String()
}

// node is one broker with its replica.
type node struct {
	id          event.NodeID
	up          bool
	brokerEpoch int64
	book        *book
	r           *Replica
	stopped     bool // by R-7
}

// packet is a message under way: a fetch, or its answer, or the committed assignment, or an ISR proposal or its answer.
type packet struct {
	from, to event.NodeID // 0 is the controller
	fetch    *FetchState
	answer   *FetchAnswer
	batches  []record.Batch
	values   []int
	assign   *event.Assignment
	proposal *Proposal
	verdict  *ProposalAnswer
}

// world is a few replicas of one partition, a toy controller that commits in one step, and the packets under way.
type world struct {
	now       event.Time
	nodes     []*node
	a         event.Assignment
	packets   []packet
	value     int
	registry  int64
	committed []rec
	floors    map[event.NodeID]int64
}

func newWorld(nodes, minISR int) *world {
	w := &world{now: event.Second, floors: map[event.NodeID]int64{}}
	w.a = event.Assignment{Leader: -1, LeaderEpoch: -1, PartitionEpoch: -1}
	w.a.Limits.MinInsyncReplicas = int32(minISR)
	for i := 1; i <= nodes; i++ {
		id := event.NodeID(i)
		w.a.Replicas, w.a.ISR = append(w.a.Replicas, id), append(w.a.ISR, id)
		w.nodes = append(w.nodes, &node{id: id, book: &book{}})
		w.start(id)
	}
	return w
}

func (w *world) node(id event.NodeID) *node { return w.nodes[id-1] }

// start brings a node up under a new registration, which bumps the epoch of the partition if the node led it (R16).
func (w *world) start(id event.NodeID) {
	n := w.node(id)
	w.registry++
	n.up, n.brokerEpoch, n.stopped = true, w.registry, false
	n.r = New(Config{Self: id, Lag: 2 * event.Second}, n.book, n.book.hwDisk)
	w.floors[id] = 0
	if w.a.Leader == id {
		w.commit(func(a *event.Assignment) { a.Leader, a.LeaderEpoch = id, a.LeaderEpoch+1 })
	} else {
		w.publish(id)
	}
}

// crash cuts the power of a node.
func (w *world) crash(id event.NodeID) {
	n := w.node(id)
	n.up = false
	n.book.lose()
}

// commit changes the assignment and publishes it to everyone.
func (w *world) commit(change func(a *event.Assignment)) {
	w.a = own(w.a)
	w.a.PartitionEpoch++
	change(&w.a)
	if w.a.Leader > 0 {
		if before := w.a.LeaderBrokerEpoch; before != w.node(w.a.Leader).brokerEpoch {
			w.a.LeaderBrokerEpoch = w.node(w.a.Leader).brokerEpoch
		}
	}
	for _, n := range w.nodes {
		w.publish(n.id)
	}
}

func (w *world) publish(id event.NodeID) {
	a := w.a
	w.packets = append(w.packets, packet{to: id, assign: &a})
}

// elect makes a member of the ISR the leader of a new epoch.
func (w *world) elect(id event.NodeID) {
	w.commit(func(a *event.Assignment) { a.Leader, a.LeaderEpoch = id, a.LeaderEpoch+1 })
}

// fence takes a node out of the ISR, if it is not the last one.
func (w *world) fence(id event.NodeID) {
	if !slices.Contains(w.a.ISR, id) || len(w.a.ISR) == 1 {
		return
	}
	w.commit(func(a *event.Assignment) {
		a.ISR = slices.DeleteFunc(a.ISR, func(m event.NodeID) bool { return m == id })
		if a.Leader == id {
			a.Leader, a.LeaderEpoch = -1, a.LeaderEpoch+1
		}
	})
}

// append adds n records at a node that believes it leads.
func (w *world) append(id event.NodeID, n int) {
	nd := w.node(id)
	epoch, start, due := nd.r.EpochStart()
	if due && start != nd.book.End() {
		panic("epoch start is not the log end")
	}
	for range n {
		w.value++
		nd.book.recs = append(nd.book.recs, rec{epoch, w.value})
	}
	nd.r.OnAppended(w.now)
}

func (w *world) flush(id event.NodeID) {
	n := w.node(id)
	n.book.flush(n.r.HighWatermark())
	n.r.OnFlushed()
}

// fetch lets a follower ask its leader.
func (w *world) fetch(id event.NodeID) bool {
	n := w.node(id)
	f, ok := n.r.NextFetch()
	if ok {
		w.packets = append(w.packets, packet{from: id, to: n.r.Assignment().Leader, fetch: &f})
	}
	return ok
}

// round is a follower's whole exchange with its leader, past all packets under way: fetch, answer, flush, and the next
// fetch that reports it.
func (w *world) round(id event.NodeID) {
	under := w.packets
	w.packets = nil
	for range 2 {
		w.fetch(id)
		for len(w.packets) > 0 {
			p := w.packets[0]
			w.packets = w.packets[1:]
			w.deliver(p)
		}
		w.flush(id)
	}
	w.packets = under
}

// propose lets a leader send the ISR change that is due, or the one in flight again.
func (w *world) propose(id event.NodeID) (Proposal, bool) {
	n := w.node(id)
	p, ok := n.r.Proposal()
	if !ok {
		p, ok = n.r.Propose(w.now)
	}
	if ok {
		w.packets = append(w.packets, packet{from: id, proposal: &p})
	}
	return p, ok
}

// deliver hands one packet over and says in a few words what came of it.
func (w *world) deliver(p packet) string {
	if p.proposal != nil {
		return w.onProposal(p)
	}
	n := w.node(p.to)
	if !n.up {
		return "down"
	}
	switch {
	case p.assign != nil:
		if !n.r.Assign(w.now, *p.assign, n.brokerEpoch) {
			return "nothing new"
		}
		return n.r.Role().String()
	case p.fetch != nil:
		ans := n.r.OnFollowerFetch(*p.fetch)
		out := packet{from: p.to, to: p.from, answer: &ans}
		if ans.Code == event.CodeNone && !ans.Diverging {
			for i := p.fetch.Offset; i < n.book.End() && i < p.fetch.Offset+3; i++ {
				r := n.book.recs[i-n.book.start]
				out.batches = append(out.batches, oneRecord(i, r.epoch))
				out.values = append(out.values, r.value)
			}
		}
		w.packets = append(w.packets, out)
		return answerText(ans, len(out.batches))
	case p.answer != nil:
		return w.onAnswer(n, p)
	case p.verdict != nil:
		n.r.OnProposalAnswer(w.now, *p.verdict)
		return fmt.Sprintf("isr %v", n.r.Assignment().ISR)
	}
	return ""
}

func (w *world) onAnswer(n *node, p packet) string {
	o := n.r.OnFetchAnswer(w.now, *p.answer, p.batches)
	switch o.Action {
	case Append:
		for i, b := range p.batches {
			n.book.recs = append(n.book.recs, rec{b.LeaderEpoch(), p.values[i]})
		}
		n.r.Learn(o.HighWatermark)
		return fmt.Sprintf("append %d", len(p.batches))
	case Truncate:
		n.book.cut(o.To)
		return fmt.Sprintf("truncate to %d", o.To)
	case Reset:
		n.book.start, n.book.recs, n.book.flushed = o.To, nil, o.To
		n.r.OnReset()
		return fmt.Sprintf("reset to %d", o.To)
	case Stop:
		n.stopped = true
		return "stop: " + o.Why
	}
	return "drop: " + o.Why
}

// onProposal is the controller: it accepts what is based on the current epochs and names only live registrations.
func (w *world) onProposal(p packet) string {
	v := ProposalAnswer{LeaderEpoch: p.proposal.LeaderEpoch, PartitionEpoch: p.proposal.PartitionEpoch}
	var isr []event.NodeID
	for _, m := range p.proposal.ISR {
		isr = append(isr, m.Node)
		if n := w.node(m.Node); !slices.Contains(w.a.ISR, m.Node) && (!n.up || n.brokerEpoch != m.BrokerEpoch) {
			v.Code = event.CodeIneligibleReplica
		}
	}
	switch {
	case p.proposal.LeaderEpoch != w.a.LeaderEpoch || p.from != w.a.Leader:
		v.Code = event.CodeFencedLeaderEpoch
	case p.proposal.PartitionEpoch != w.a.PartitionEpoch:
		v.Code = event.CodeInvalidUpdateVersion
	}
	if v.Code == event.CodeNone {
		w.commit(func(a *event.Assignment) { a.ISR = isr })
		v.Committed = w.a
	}
	w.packets = append(w.packets, packet{to: p.from, verdict: &v})
	return fmt.Sprintf("proposal %v code %d", isr, v.Code)
}

// oneRecord is a batch of one record at offset.
func oneRecord(offset int64, epoch int32) record.Batch {
	b := record.NewBuilder()
	b.BaseOffset, b.LeaderEpoch = offset, epoch
	b.Add(0, nil, nil)
	return b.Build()
}

func answerText(a FetchAnswer, n int) string {
	switch {
	case a.Code != event.CodeNone:
		return fmt.Sprintf("error %d", a.Code)
	case a.Diverging:
		return fmt.Sprintf("diverging (%d, %d)", a.DivergingEpoch, a.DivergingEnd)
	}
	return fmt.Sprintf("%d records, hw %d", n, a.HighWatermark)
}

// laws judges the whole world; it returns the first broken law.
func (w *world) laws() error {
	for _, n := range w.nodes { // what a leader holds below its high watermark is committed
		for o := int64(len(w.committed)); n.up && n.r.Role() == Leader && o < n.r.HighWatermark(); o++ {
			w.committed = append(w.committed, n.book.recs[o])
		}
	}
	for _, n := range w.nodes {
		if n.stopped {
			return fmt.Errorf("node %d stopped itself: %s", n.id, n.r.Why())
		}
		if hw := n.r.HighWatermark(); n.up {
			if hw < w.floors[n.id] {
				return fmt.Errorf("high watermark of %d fell from %d to %d", n.id, w.floors[n.id], hw)
			}
			w.floors[n.id] = hw
			if hw > int64(len(w.committed)) || !slices.Equal(n.book.recs[:hw], w.committed[:hw]) {
				return fmt.Errorf("node %d shows%s below %d, committed is %v", n.id, n.book, hw, w.committed)
			}
		}
		if n.up && n.r.Role() == Leader && n.r.Epoch() == w.a.LeaderEpoch && !holds(n.book.recs, w.committed) {
			return fmt.Errorf("leader %d of epoch %d lacks committed records", n.id, n.r.Epoch())
		}
		if slices.Contains(w.a.ISR, n.id) && !holds(n.book.disk, w.committed) {
			return fmt.Errorf("in-sync %d lacks committed records on its disk", n.id)
		}
	}
	for i, n := range w.nodes {
		for _, m := range w.nodes[:i] {
			if err := matching(n, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// holds reports whether recs begins with all that is committed.
func holds(recs, committed []rec) bool {
	return len(recs) >= len(committed) && slices.Equal(recs[:len(committed)], committed)
}

// matching is the log matching law: equal (offset, epoch) means equal prefixes.
func matching(n, m *node) error {
	short := min(len(n.book.recs), len(m.book.recs))
	for o := short - 1; o >= 0; o-- {
		if n.book.recs[o].epoch != m.book.recs[o].epoch {
			continue
		}
		if !slices.Equal(n.book.recs[:o+1], m.book.recs[:o+1]) {
			return fmt.Errorf("logs of %d and %d agree on the epoch at %d but not on what is below", n.id, m.id, o)
		}
		return nil
	}
	return nil
}
