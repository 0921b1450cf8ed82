package fault

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/disk"
)

// damage is one that a block may take.
func (g *generator) damage() Fault {
	f := Fault{Do: Pick(g.Seq, DoRot, DoZero, DoStale, DoReadError), Seed: g.Next(), Home: g.OneIn(3)}
	if f.Do == DoReadError {
		f.Times = -1
	}
	return f
}

// slots damages one of two slots, or an index, right before they are read: it costs nothing.
func (g *generator) slots() {
	for range g.rate(6) {
		f := g.damage()
		f.Where = Pick(g.Seq, InHardState, InHardState, InSidecar, InSidecar, InIndex)
		f.On = Trigger{Point: AtBoot, Nth: g.Between(2, 4)} // and only there: rot beside a save that a crash tears is two faults
		if f.Where == InIndex {
			f.Home = false
		}
		g.add(f)
	}
}

// spoils damages what there is once, and then makes the node read it: a crash follows at once, before a checkpoint covers it.
func (g *generator) spoils() {
	for range g.rate(3) {
		f := g.damage()
		f.Where = Pick(g.Seq, InJournal, InJournal, InJournal, InSegment, InSegment, InCheckpoint, InHardState, InSidecar)
		if f.Where == InJournal && g.OneIn(4) { // in segments it is an open finding: sim/regress
			f.Do, f.Times = DoMisdirect, 0
		}
		switch f.Where {
		case InHardState, InSidecar:
			f.Copies = 2
		case InCheckpoint:
			f.Copies = g.Between(1, 2)
		}
		f.On = Trigger{
			Point: AtCompleted, Op: DurableWrite, Nth: g.Between(20, max(21, g.want.Writes)), Event: uint64(g.within(g.want.Events, 0, 1)),
		}
		id := g.add(f).ID
		crash := g.crash(Pick(g.Seq, DoKill, DoCut))
		crash.On = Trigger{Point: AtEvent, Nth: g.LogBetween(1, 20), After: id}
	}
}

// syncErrors lets syncs fail that forget what they should have written, and now and then everything for a while.
func (g *generator) syncErrors() {
	for range g.rate(4) {
		f := Fault{Do: DoSyncError, Seed: g.Next(), Data: Pick(g.Seq, disk.KeepNone, disk.KeepNone, disk.KeepSome, disk.KeepAll)}
		f.On = Trigger{Point: AtSubmit, Op: Pick(g.Seq, event.OpSyncFs, event.OpSyncFs, event.OpSyncFile, event.OpSyncDir).String(),
			Nth: g.LogBetween(1, 30)}
		if g.OneIn(4) {
			f.Do, f.Data, f.For = DoDead, 0, event.Time(g.LogBetween(1, 500))*event.Millisecond
			f.On = Trigger{Point: AtEvent, Nth: g.within(g.want.Events/2, 0, 1)}
		}
		g.add(f)
	}
}

// bootCrashes ends the node, and again in one of the saves by which its next start says how far it has come.
func (g *generator) bootCrashes() {
	n := g.rate(3)
	for i := range n {
		first := g.crash(Pick(g.Seq, DoKill, DoCut))
		first.On = g.crashPoint(i, n)
		after := first.ID
		for range g.Between(1, 3) {
			again := g.crash(Pick(g.Seq, DoKill, DoCut, DoCut))
			again.On = Trigger{Point: Pick(g.Seq, AtSubmit, AtSubmitted, AtSubmitted), Op: SmallWrite, Nth: g.LogBetween(1, 24), After: after}
			after = again.ID
		}
	}
}

// stops asks the broker to stop, and ends it while it does.
func (g *generator) stops() {
	n := g.rate(3)
	for i := range n {
		stop := g.add(Fault{Do: DoStop, For: event.Time(g.LogBetween(1, 100)) * event.Millisecond})
		stop.On = Trigger{Point: AtEvent, Nth: g.within(g.want.Events/2, i, n)}
		id := stop.ID
		if g.OneIn(4) {
			continue
		}
		crash := g.crash(Pick(g.Seq, DoKill, DoCut))
		crash.On = Trigger{Point: Pick(g.Seq, AtSubmit, AtSubmitted, AtCompleted), Nth: g.LogBetween(1, 60), After: id}
		if crash.On.Point != AtCompleted && g.OneIn(2) {
			crash.On.Op, crash.On.Nth = SmallWrite, g.LogBetween(1, 16)
		}
	}
}

// noSpace fills the file system for a while.
func (g *generator) noSpace() {
	for range g.rate(3) {
		g.add(Fault{
			Do: DoFull, Room: int64(g.Below(16)) * 4 * event.BlockSize, For: event.Time(g.LogBetween(1, 3000)) * event.Millisecond,
			On: Trigger{Point: Pick(g.Seq, AtEvent, AtEvent, AtBoot), Nth: g.LogBetween(1, 4)},
		})
		f := &g.faults[len(g.faults)-1]
		if f.On.Point == AtEvent {
			f.On.Nth = g.within(g.want.Events/2, 0, 1)
		}
	}
}

// putBacks copies a part of the directory, and puts the copy back before a later start.
func (g *generator) putBacks() {
	for range g.rate(3) {
		where, home := Pick(g.Seq, InJournal, InTopics, InHardState, InCheckpoint), g.OneIn(3)
		seed := g.Next()
		copied := g.add(Fault{Do: DoCopy, Where: where, Home: home, Seed: seed})
		copied.On = Trigger{Point: AtEvent, Nth: g.within(g.want.Events/2, 0, 2)}
		id := copied.ID
		crash := g.crash(Pick(g.Seq, DoKill, DoCut))
		crash.On = Trigger{Point: AtEvent, Nth: g.LogBetween(1, max(2, g.want.Events/4)), After: id}
		g.add(Fault{Do: DoPutBack, Where: where, Home: home, Seed: seed, On: Trigger{Point: AtBoot, Nth: g.Between(1, 2), After: id}})
	}
}
