package fault

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/disk"
)

// Expected is how often the points of a run are passed, roughly: what triggers are spread over. Being wrong costs
// nothing but stale faults.
type Expected struct {
	Events  int // of the world until the clients are done
	Writes  int // durable writes
	Replies int
	Hands   int // messages between cells, on each side
}

// Faults draws the faults of a run. clients is how many there are.
func Faults(seed uint64, p Profile, clients int, want Expected) []Fault {
	g := &generator{clients: clients, want: want}
	for i := range families {
		k := &families[i]
		if k.draw == nil || !p.On(seed, k.family) {
			continue
		}
		g.kin, g.drawn = k, 0
		g.Seq = NewRand(seed, k.stream, 0).Seq()
		k.draw(g)
	}
	return g.faults
}

// generator draws the faults of one family after the other. Ids are unique across families and do not depend on which
// families are on.
type generator struct {
	*Seq
	kin     *kin
	drawn   int // of this family
	clients int
	want    Expected
	faults  []Fault
}

func (g *generator) add(f Fault) *Fault {
	g.drawn++
	f.Family, f.ID = g.kin.family, g.kin.base+g.drawn
	g.faults = append(g.faults, f)
	return &g.faults[len(g.faults)-1]
}

// rate is how often something happens in a run: every order of magnitude up to most is as likely as every other.
func (g *generator) rate(most int) int { return g.LogBetween(1, most) }

// crashes spreads two to six crashes over the run. Behind each there may be another one during its recovery, and
// behind a kill a power cut that comes when what recovery read has been built upon.
func (g *generator) crashes() {
	n := g.LogBetween(2, 6)
	for i := range n {
		first := g.crash(Pick(g.Seq, DoKill, DoCut))
		first.On = g.crashPoint(i, n)
		if first.On.Op == DirectWrite && g.OneIn(2) {
			first.Do, first.Shorn, first.Data, first.Meta = DoCut, true, g.keep(), g.keep()
		}
		id, kill := first.ID, first.Do == DoKill
		if g.OneIn(3) {
			again := g.crash(Pick(g.Seq, DoKill, DoCut))
			again.On = Trigger{Point: g.diskPoint(), Nth: g.LogBetween(1, 40), After: id}
		}
		if g.OneIn(6) { // when the next life has said a few things upon what the last one left
			soon := g.crash(Pick(g.Seq, DoKill, DoCut))
			soon.On = Trigger{Point: Pick(g.Seq, AtReplied, AtReply), Nth: g.LogBetween(1, 8), After: id}
		}
		if kill && g.OneIn(3) {
			cut := g.crash(DoCut)
			cut.Data, cut.Meta = disk.KeepNone, disk.KeepNone
			cut.On = Trigger{Point: Pick(g.Seq, AtReplied, AtReply, AtDelivered), Nth: g.LogBetween(1, 30), After: id}
		}
	}
}

func (g *generator) crash(do string) *Fault {
	f := Fault{Do: do, Seed: g.Next(), Flight: g.keep(), For: event.Time(g.LogBetween(100, 1_000_000)) * event.Microsecond}
	if do == DoCut {
		f.Data, f.Meta, f.Shorn = g.keep(), g.keep(), g.OneIn(2)
	}
	return g.add(f)
}

func (g *generator) keep() disk.Keep {
	return Pick(g.Seq, disk.KeepNone, disk.KeepSome, disk.KeepSome, disk.KeepAll)
}

func (g *generator) diskPoint() Point {
	return Pick(g.Seq, AtSubmit, AtSubmitted, AtSubmitted, AtCompleted)
}

// crashPoint is a moment in the i-th of n stretches of the run.
func (g *generator) crashPoint(i, n int) Trigger {
	t := Trigger{Event: uint64(g.within(g.want.Events, i, n))}
	switch g.Below(10) {
	case 0:
		t.Point, t.Op, t.Nth = Pick(g.Seq, AtSubmit, AtSubmitted, AtSubmitted), DirectWrite, g.LogBetween(1, 40)
	case 1, 2, 9:
		t.Point, t.Op, t.Nth = g.diskPoint(), DurableWrite, g.within(g.want.Writes, i, n)
	case 3:
		t.Point, t.Nth = g.diskPoint(), g.within(2*g.want.Writes, i, n)
	case 4:
		t.Point, t.Op, t.Nth = g.diskPoint(), Pick(g.Seq, event.OpSyncFs, event.OpSyncFile, event.OpCreateFile,
			event.OpTruncateFile, event.OpRenameFile, event.OpRemoveFile).String(), g.LogBetween(1, 40)
	case 5:
		t.Point, t.Nth = Pick(g.Seq, AtReply, AtReplied), g.within(g.want.Replies, i, n)
	case 6:
		t.Point, t.Nth = AtDelivered, g.within(g.want.Events/2, i, n)
	case 7:
		t.Point, t.Nth = AtEvent, g.within(g.want.Events/2, i, n)
	case 8:
		t.Point, t.Nth = AtHand, g.within(g.want.Hands, i, n)
	}
	return t
}

// within is a number in the i-th of n equal parts of 1..total.
func (g *generator) within(total, i, n int) int {
	return 1 + max(0, total*i/n) + g.Below(max(1, total/n))
}

func (g *generator) network() {
	for range g.rate(12) {
		client := g.Below(g.clients)
		f := g.add(Fault{Do: Pick(g.Seq, DoReset, DoReset, DoReset, DoSilence, DoClog), Client: client})
		f.On = Trigger{
			Point: Pick(g.Seq, AtRequest, AtReply, AtReplied), Client: client, ByClient: true,
			Nth: g.LogBetween(1, 1+g.want.Replies/g.clients), Event: uint64(g.within(g.want.Events, 0, 1)),
		}
		if f.Do == DoClog {
			f.For = event.Time(g.LogBetween(1, 3000)) * event.Millisecond
		}
	}
}

func (g *generator) slowDisk() {
	for range g.rate(6) {
		g.add(Fault{
			Do: DoSlow, Factor: g.LogBetween(2, 1000), For: event.Time(g.LogBetween(1, 500)) * event.Millisecond,
			On: Trigger{Point: AtEvent, Nth: g.within(g.want.Events/2, 0, 1)},
		})
	}
}

// rot damages a file and then makes the node read it: a crash follows.
func (g *generator) rot() {
	f := Fault{Do: DoRot, Seed: g.Next(), Where: Pick(g.Seq, InJournal, InJournal, InSegment)}
	f.On = Trigger{
		Point: AtCompleted, Op: DurableWrite, Nth: g.Between(20, max(21, g.want.Writes)), Event: uint64(g.within(g.want.Events, 0, 1)),
	}
	id := g.add(f).ID
	crash := g.crash(Pick(g.Seq, DoKill, DoCut))
	crash.On = Trigger{Point: AtEvent, Nth: g.LogBetween(1, 100), After: id}
}

// readError hits recovery, which reads the journal, or the reads of consumers: blocks cannot be read once or twice, and
// now and then never again.
func (g *generator) readError() {
	for range g.Between(1, 3) {
		f := Fault{Do: DoReadError, Seed: g.Next(), Times: g.Between(1, 2), Where: Pick(g.Seq, InJournal, InSegment)}
		if g.OneIn(8) {
			f.Times = -1
		}
		f.On = Trigger{Point: AtBoot, Nth: g.Between(2, 4)}
		if f.Where == InSegment {
			f.On = Trigger{Point: AtEvent, Nth: g.within(g.want.Events/2, 0, 1)}
		}
		g.add(f)
	}
}

func (g *generator) writeError() {
	g.add(Fault{Do: DoWriteError, Seed: g.Next(), For: event.Time(g.LogBetween(1, 1000)) * event.Millisecond, On: Trigger{
		Point: AtSubmit, Op: Pick(g.Seq, DurableWrite, DurableWrite, event.OpWriteFile.String(), event.OpSyncFs.String()),
		Nth: g.LogBetween(1, g.want.Writes),
	}})
}

// clock lets wall clocks jump and stand still, by up to days, and the monotonic clock go too fast, too slowly or not at all.
func (g *generator) clock() {
	for range g.rate(6) {
		f := Fault{Do: Pick(g.Seq, DoWall, DoWall, DoFreeze, DoDrift, DoDrift)}
		f.On = Trigger{Point: AtEvent, Nth: g.within(g.want.Events/2, 0, 1)}
		switch f.Do {
		case DoWall:
			f.StepMs = g.signed(86_400_000)
		case DoFreeze:
			f.For = event.Time(g.LogBetween(1, 10_000)) * event.Millisecond
		case DoDrift:
			f.For = event.Time(g.LogBetween(1, 3000)) * event.Millisecond
			f.PPM = max(-1_000_000, g.signed(10_000_000))
		}
		g.add(f)
	}
}

// signed is up to most, every order of magnitude as likely as every other, in either direction.
func (g *generator) signed(most int) int64 {
	n := int64(g.LogBetween(1, most))
	if g.OneIn(2) {
		n = -n
	}
	return n
}

// pauses stops processes, or single cells, for up to half a minute.
func (g *generator) pauses() {
	for range g.rate(8) {
		f := Fault{Do: DoPause, For: event.Time(g.LogBetween(1, 30_000_000)) * event.Microsecond}
		if g.OneIn(2) {
			f.Cell = g.Between(1, 4)
		}
		f.On = Trigger{Point: Pick(g.Seq, AtEvent, AtRequest, AtReplied), Nth: g.within(g.want.Replies, 0, 1)}
		if f.On.Point == AtEvent {
			f.On.Nth = g.within(g.want.Events/2, 0, 1)
		}
		g.add(f)
	}
}
