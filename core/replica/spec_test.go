package replica

import (
	"slices"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// lone is a replica of the partition {1, 2, 3} at node 1 with the records' epochs as given, all of them flushed.
func lone(epochs ...int32) (*Replica, *book) {
	b := &book{}
	for i, e := range epochs {
		b.recs = append(b.recs, rec{e, i})
	}
	b.flush(0)
	return New(Config{Self: 1, Lag: event.Second}, b, 0), b
}

// under is an assignment of {1, 2, 3}, all in sync, to the incarnation 7 of the leader.
func under(leader event.NodeID, leaderEpoch, partitionEpoch int32) event.Assignment {
	nodes := []event.NodeID{1, 2, 3}
	return event.Assignment{
		Leader: leader, LeaderEpoch: leaderEpoch, PartitionEpoch: partitionEpoch, LeaderBrokerEpoch: 7,
		Replicas: nodes, ISR: nodes, Limits: event.TopicLimits{MinInsyncReplicas: 2},
	}
}

// report is what node n says after it flushed everything below end, whose last record is of epoch last.
func report(n event.NodeID, current, last int32, end int64) FetchState {
	return FetchState{
		Node: n, BrokerEpoch: 10 + int64(n), LeaderEpoch: current, Offset: end, LastEpoch: last, Flushed: end,
	}
}

// grow appends n records as the leader and flushes them.
func grow(r *Replica, b *book, now event.Time, n int) {
	for range n {
		b.recs = append(b.recs, rec{r.Epoch(), len(b.recs)})
	}
	r.OnAppended(now)
	b.flush(0)
	r.OnFlushed()
}

// KIP-320: a request with an older leader epoch is fenced, one with a newer epoch meets a broker that lags behind.
func TestReplica_FencesByLeaderEpoch(t *testing.T) {
	r, _ := lone(0, 0)
	r.Assign(0, under(1, 5, 1), 7)
	for current, want := range map[int32]event.Code{
		-1: event.CodeNone, 4: event.CodeFencedLeaderEpoch, 5: event.CodeNone, 6: event.CodeUnknownLeaderEpoch,
	} {
		if got := r.CheckEpoch(current); got != want {
			t.Errorf("current epoch %d: code %d, want %d", current, got, want)
		}
	}
	if ans := r.OnFollowerFetch(report(2, 4, 0, 2)); ans.Code != event.CodeFencedLeaderEpoch {
		t.Errorf("fetch of epoch 4: code %d", ans.Code)
	}
	r.Assign(0, under(2, 6, 2), 7)
	if got := r.CheckEpoch(6); got != event.CodeNotLeaderOrFollower {
		t.Errorf("follower: code %d", got)
	}
}

// KIP-320: an assignment that is older in either epoch changes nothing.
func TestReplica_IgnoresStaleAssignments(t *testing.T) {
	r, _ := lone()
	r.Assign(0, under(1, 5, 9), 7)
	for _, a := range []event.Assignment{under(2, 4, 10), under(2, 6, 8), under(1, 5, 9)} {
		if r.Assign(0, a, 7) || r.Role() != Leader || r.Epoch() != 5 {
			t.Errorf("obeyed leader epoch %d, partition epoch %d", a.LeaderEpoch, a.PartitionEpoch)
		}
	}
}

// The leader's epoch counts from the election on, before its first record: else a follower of the epoch before cannot
// learn where that one ended.
func TestReplica_EpochStartIsKnownBeforeTheFirstAppend(t *testing.T) {
	r, b := lone(0, 0, 1)
	r.Assign(0, under(1, 4, 1), 7)
	epoch, start, due := r.EpochStart()
	if epoch != 4 || start != 3 || !due {
		t.Fatalf("epoch start (%d, %d) due %v", epoch, start, due)
	}
	for asked, want := range map[int32][2]int64{0: {0, 2}, 1: {1, 3}, 3: {1, 3}, 4: {4, 3}} {
		if e, end := r.EndOffsetFor(asked); int64(e) != want[0] || end != want[1] {
			t.Errorf("end of epoch %d: (%d, %d), want %v", asked, e, end, want)
		}
	}
	grow(r, b, 0, 1)
	if _, _, due := r.EpochStart(); due {
		t.Error("epoch start is still due after the first append")
	}
}

// KIP-207: after an election the latest offset is not available until all from before the epoch is known as committed.
func TestReplica_LatestWaitsForTheEpochStart(t *testing.T) {
	r, _ := lone(0, 0, 0)
	r.Assign(0, under(1, 1, 1), 7)
	if _, code := r.Latest(); code != event.CodeOffsetNotAvailable {
		t.Fatalf("code %d", code)
	}
	r.OnFollowerFetch(report(2, 1, 0, 3))
	r.OnFollowerFetch(report(3, 1, 0, 3))
	if at, code := r.Latest(); at != 3 || code != event.CodeNone {
		t.Fatalf("latest %d, code %d", at, code)
	}
}

// A follower whose log diverges makes no progress, whatever it claims to have flushed; and it is told no high watermark
// that it could believe.
func TestReplica_DivergingFetchIsNoProgress(t *testing.T) {
	r, b := lone(0, 0)
	r.Assign(0, under(1, 2, 1), 7)
	grow(r, b, 0, 2)
	r.OnFollowerFetch(report(3, 2, 2, 4))
	ans := r.OnFollowerFetch(report(2, 2, 1, 4)) // epoch 1 is unknown here
	if !ans.Diverging || ans.DivergingEpoch != 0 || ans.DivergingEnd != 2 {
		t.Fatalf("answer %+v", ans)
	}
	if r.HighWatermark() != 0 {
		t.Fatalf("high watermark %d", r.HighWatermark())
	}
	f, _ := lone(0, 0, 1, 1)
	f.Assign(0, under(2, 2, 1), 7)
	o := f.OnFetchAnswer(0, FetchAnswer{
		LeaderEpoch: 2, LeaderBrokerEpoch: 9, Offset: 4, LastEpoch: 1, Diverging: true, DivergingEnd: 2, HighWatermark: 4,
	}, nil)
	if o.Action != Truncate || o.To != 2 || f.HighWatermark() != 0 {
		t.Fatalf("order %+v, high watermark %d", o, f.HighWatermark())
	}
}

// An answer of an earlier epoch, or to a fetch from another log end, is dropped: also one that asks for a cut.
func TestReplica_DropsLateAnswers(t *testing.T) {
	f, b := lone(0, 0, 1, 1)
	f.Assign(0, under(2, 2, 1), 7)
	cut := FetchAnswer{LeaderEpoch: 2, LeaderBrokerEpoch: 9, Offset: 4, LastEpoch: 1, Diverging: true, DivergingEnd: 2}
	b.recs = append(b.recs, rec{2, 9})
	if o := f.OnFetchAnswer(0, cut, nil); o.Action != Drop {
		t.Errorf("log end moved: %v", o.Action)
	}
	b.cut(3)
	b.recs = append(b.recs, rec{2, 9})
	if o := f.OnFetchAnswer(0, cut, nil); o.Action != Drop {
		t.Errorf("log as long, and another: %v", o.Action)
	}
	b.cut(3)
	b.recs = append(b.recs, rec{1, 9})
	f.Assign(0, under(3, 3, 2), 7)
	if o := f.OnFetchAnswer(0, cut, nil); o.Action != Drop {
		t.Errorf("epoch moved: %v", o.Action)
	}
	f.Assign(0, under(1, 4, 3), 7)
	if o := f.OnFetchAnswer(0, cut, nil); o.Action != Drop {
		t.Errorf("leads now: %v", o.Action)
	}
}

// R7: nobody cuts below the high watermark that it knows. It stops, for good, and names both logs.
func TestReplica_RefusesToCutCommitted(t *testing.T) {
	f, _ := lone(0, 0, 0)
	f.Assign(0, under(2, 1, 1), 7)
	f.Learn(3)
	o := f.OnFetchAnswer(0, FetchAnswer{
		LeaderEpoch: 1, LeaderBrokerEpoch: 9, Offset: 3, Diverging: true, DivergingEnd: 2,
	}, nil)
	if o.Action != Stop || f.Role() != Offline {
		t.Fatalf("order %+v as %s", o, f.Role())
	}
	for _, what := range []string{"high watermark 3", "[0, 3)", "leader 2", "epoch 0 end at 2"} {
		if !strings.Contains(o.Why, what) {
			t.Errorf("%q does not name %q", o.Why, what)
		}
	}
	if f.Assign(0, under(1, 2, 2), 7) {
		t.Error("obeys after it stopped")
	}
}

// R16: an incarnation leads only under epochs granted after its registration.
func TestReplica_DoesNotLeadUnderAnEpochFromBefore(t *testing.T) {
	r, _ := lone(0, 5)
	if r.Assign(0, under(1, 5, 1), 7); r.Role() != Offline {
		t.Errorf("leads epoch 5, which its log holds already")
	}
	r, _ = lone(0, 0)
	if r.Assign(0, under(1, 5, 1), 8); r.Role() != Offline {
		t.Errorf("leads epoch 5, which was granted to its predecessor: the log may have lost all of it")
	}
	if r.Assign(0, event.Assignment{
		Leader: 1, LeaderEpoch: 6, PartitionEpoch: 2, LeaderBrokerEpoch: 8,
		Replicas: []event.NodeID{1}, ISR: []event.NodeID{1},
	}, 8); r.Role() != Leader {
		t.Errorf("does not lead the epoch that was granted to it: %s", r.Why())
	}
}

// R16, the follower's half: a leader that restarted inside its epoch is dropped until the next epoch.
func TestReplica_DropsALeaderThatRestartedInsideItsEpoch(t *testing.T) {
	f, _ := lone()
	f.Assign(0, under(2, 1, 1), 7)
	ans := FetchAnswer{LeaderEpoch: 1, LeaderBrokerEpoch: 20, LastEpoch: -1}
	if o := f.OnFetchAnswer(0, ans, nil); o.Action != Append {
		t.Fatalf("first answer: %v", o)
	}
	ans.LeaderBrokerEpoch = 21
	if o := f.OnFetchAnswer(0, ans, nil); o.Action != Drop {
		t.Fatalf("restarted leader: %v", o)
	}
	if _, ok := f.NextFetch(); ok {
		t.Error("still fetches from it")
	}
	f.Assign(0, under(2, 1, 2), 7)
	if _, ok := f.NextFetch(); ok {
		t.Error("a change of the ISR is not a new epoch")
	}
	f.Assign(0, under(2, 2, 3), 7)
	if _, ok := f.NextFetch(); !ok {
		t.Error("does not fetch in the next epoch")
	}
}

// KIP-903: a fetch from before a follower's restart counts no more; and what it reported before the restart is not what
// its log holds now.
func TestReplica_CountsOnlyTheNewestIncarnationOfAFollower(t *testing.T) {
	r, b := lone()
	r.Assign(0, under(1, 1, 1), 7)
	grow(r, b, 0, 3)
	r.OnFollowerFetch(report(2, 1, 1, 3))
	after := report(3, 1, 1, 1)
	after.BrokerEpoch = 99
	r.OnFollowerFetch(after)
	if ans := r.OnFollowerFetch(report(3, 1, 1, 3)); ans.Code != event.CodeStaleBrokerEpoch {
		t.Fatalf("code %d", ans.Code)
	}
	if r.HighWatermark() != 1 {
		t.Fatalf("high watermark %d", r.HighWatermark())
	}
}

// A rejoining follower must hold everything from before the leader's epoch, not only what the leader, fresh in office,
// knows as committed.
func TestReplica_JoinsOnlyBehindTheEpochStart(t *testing.T) {
	r, _ := lone(0, 0, 0)
	a := under(1, 1, 1)
	a.ISR = []event.NodeID{1, 2}
	r.Assign(0, a, 7)
	r.OnFollowerFetch(report(3, 1, 0, 2))
	if p, ok := r.Propose(1); ok {
		t.Fatalf("proposes %v", p.ISR)
	}
	r.OnFollowerFetch(report(3, 1, 0, 3))
	p, ok := r.Propose(2)
	if !ok || !slices.Equal(p.ISR, []Member{{1, 7}, {2, -1}, {3, 13}}) {
		t.Fatalf("proposes %v %v", p.ISR, ok)
	}
	if _, ok := r.Propose(3); ok {
		t.Fatal("two changes in flight")
	}
}

// Only the answer to the change in flight settles it: a verdict over an earlier one, or one that merely says that the
// epochs are stale, leaves the maximal set in force.
func TestReplica_HoldsTheMaximalSetUntilTheAnswer(t *testing.T) {
	r, b := lone()
	a := under(1, 1, 1)
	a.ISR = []event.NodeID{1, 2}
	r.Assign(0, a, 7)
	r.OnFollowerFetch(report(3, 1, -1, 0))
	p, ok := r.Propose(1)
	if !ok {
		t.Fatal("no proposal")
	}
	grow(r, b, 1, 2)
	r.OnFollowerFetch(report(2, 1, 1, 2))
	for _, ans := range []ProposalAnswer{
		{LeaderEpoch: 1, PartitionEpoch: 0, Code: event.CodeIneligibleReplica},
		{LeaderEpoch: 0, PartitionEpoch: 1, Code: event.CodeIneligibleReplica},
		{LeaderEpoch: 1, PartitionEpoch: 1, Code: event.CodeInvalidUpdateVersion},
		{LeaderEpoch: 1, PartitionEpoch: 1, Code: event.CodeRequestTimedOut},
	} {
		r.OnProposalAnswer(2, ans)
		if again, ok := r.Proposal(); r.HighWatermark() != 0 || !ok || !slices.Equal(again.ISR, p.ISR) {
			t.Fatalf("after %+v: high watermark %d, proposal %v", ans, r.HighWatermark(), ok)
		}
	}
	r.OnProposalAnswer(3, ProposalAnswer{LeaderEpoch: 1, PartitionEpoch: 1, Code: event.CodeIneligibleReplica})
	if r.HighWatermark() != 2 {
		t.Fatalf("refused, and still waits: high watermark %d", r.HighWatermark())
	}
	r.OnFollowerFetch(report(3, 1, 1, 2))
	if _, ok := r.Propose(4); ok {
		t.Fatal("proposes again at once what was refused")
	}
	if _, ok := r.Propose(3 + event.Second); !ok {
		t.Fatal("never proposes again what was refused")
	}
}

// A follower whose whole log lies below the leader's begins anew at the leader's start, and so does its high watermark.
func TestReplica_BeginsAnewBehindTheLeadersStart(t *testing.T) {
	_, lb := lone()
	lb.start, lb.recs, lb.flushed = 10, []rec{{3, 1}}, 11
	l := New(Config{Self: 2, Lag: event.Second}, lb, 11)
	a := under(2, 4, 1)
	l.Assign(0, a, 7)
	f, fb := lone(0, 0, 0)
	f.Assign(0, a, 1)
	for _, length := range []int{3, 10} {
		for len(fb.recs) < length {
			fb.recs = append(fb.recs, rec{0, 0})
		}
		state, _ := f.NextFetch()
		ans := l.OnFollowerFetch(state)
		if o := f.OnFetchAnswer(0, ans, nil); o.Action != Reset || o.To != 10 {
			t.Fatalf("log end %d: answer %+v, order %+v", length, ans, o)
		}
	}
	fb.start, fb.recs, fb.flushed = 10, nil, 10
	f.OnReset()
	if f.HighWatermark() != 10 {
		t.Fatalf("high watermark %d", f.HighWatermark())
	}
	state, _ := f.NextFetch()
	if ans := l.OnFollowerFetch(state); ans.Code != event.CodeNone || ans.Diverging {
		t.Fatalf("answer %+v", ans)
	}
}

// Batches that do not follow the log end are not appended: they were damaged on the way, and are fetched again.
func TestReplica_DropsBatchesThatDoNotFollow(t *testing.T) {
	f, _ := lone(2, 2)
	f.Assign(0, under(2, 3, 1), 7)
	for name, batches := range map[string][]record.Batch{
		"gap":         {oneRecord(3, 3)},
		"overlap":     {oneRecord(1, 3)},
		"epoch falls": {oneRecord(2, 3), oneRecord(3, 2)},
		"epoch ahead": {oneRecord(2, 4)},
	} {
		ans := FetchAnswer{LeaderEpoch: 3, LeaderBrokerEpoch: 9, Offset: 2, LastEpoch: 2}
		if o := f.OnFetchAnswer(0, ans, batches); o.Action != Drop {
			t.Errorf("%s: %v", name, o.Action)
		}
	}
}

// What a peer says can be refused, but can break no law.
func TestReplica_RefusesImpossibleReports(t *testing.T) {
	r, b := lone()
	r.Assign(0, under(1, 1, 1), 7)
	grow(r, b, 0, 2)
	for name, f := range map[string]FetchState{
		"flushed beyond its end": {Node: 2, LeaderEpoch: 1, LastEpoch: 1, Offset: 1, Flushed: 2},
		"records of no epoch":    {Node: 2, LeaderEpoch: 1, LastEpoch: -1, Offset: 2},
		"not a replica":          {Node: 4, LeaderEpoch: 1, LastEpoch: -1},
		"beyond the end":         {Node: 2, LeaderEpoch: 1, LastEpoch: -1, Offset: 9, LogStart: 9},
	} {
		if ans := r.OnFollowerFetch(f); ans.Code == event.CodeNone {
			t.Errorf("%s: accepted", name)
		}
	}
}

// A follower is in sync at t if it has flushed what the leader's log held at t - lag: also after the leader was idle.
func TestReplica_JudgesLagByTheLogEndOfAWindowAgo(t *testing.T) {
	r, b := lone()
	r.Assign(0, under(1, 1, 1), 7)
	r.OnFollowerFetch(report(2, 1, -1, 0))
	r.OnFollowerFetch(report(3, 1, -1, 0))
	if at := r.NextDeadline(); at != event.Never {
		t.Fatalf("idle: deadline %d", at)
	}
	const start = 100 * event.Second
	for i := range 10 { // appends every 250 ms; 3 flushes each after 500 ms, 2 none
		now := start + event.Time(i)*250*event.Millisecond
		grow(r, b, now, 1)
		if i >= 2 {
			r.OnFollowerFetch(report(3, 1, 1, int64(i-1)))
		}
		p, ok := r.Propose(now)
		if late := now >= start+event.Second; ok != late {
			t.Fatalf("at %d ms: proposal %v %v", (now-start)/event.Millisecond, p, ok)
		}
		if ok {
			if !slices.Equal(p.ISR, []Member{{1, 7}, {3, 13}}) {
				t.Fatalf("proposes %v", p.ISR)
			}
			return
		}
		if at := r.NextDeadline(); at != start+event.Second {
			t.Fatalf("deadline %d ms", (at-start)/event.Millisecond)
		}
	}
}
