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
	for _, family := range p.Drawn(seed) {
		g.family = family
		switch family {
		case Crash:
			g.Seq = NewRand(seed, StreamCrash, 0).Seq()
			g.crashes()
		case Net:
			g.Seq = NewRand(seed, StreamNetFault, 0).Seq()
			g.network()
		case SlowDisk:
			g.Seq = NewRand(seed, StreamSlowDisk, 0).Seq()
			g.slowDisk()
		case Rot:
			g.Seq = NewRand(seed, StreamRot, 0).Seq()
			g.rot()
		case ReadError:
			g.Seq = NewRand(seed, StreamReadError, 0).Seq()
			g.readError()
		case WriteError:
			g.Seq = NewRand(seed, StreamWriteError, 0).Seq()
			g.writeError()
		case Clock:
			g.Seq = NewRand(seed, StreamClock, 0).Seq()
			g.clock()
		}
	}
	return g.faults
}

// generator draws the faults of one family after the other. Ids are unique across families and do not depend on which
// families are on.
type generator struct {
	*Seq
	family  Family
	clients int
	want    Expected
	faults  []Fault
}

// base keeps the ids of the families apart.
var base = map[Family]int{Crash: 100, Net: 200, SlowDisk: 300, Rot: 400, ReadError: 500, WriteError: 600, Clock: 700}

func (g *generator) add(f Fault) *Fault {
	f.Family = g.family
	f.ID = base[g.family] + 1
	for i := range g.faults {
		if g.faults[i].Family == g.family {
			f.ID++
		}
	}
	g.faults = append(g.faults, f)
	return &g.faults[len(g.faults)-1]
}

// crashes spreads two to five crashes over the run. Behind each there may be another one during its recovery, and
// behind a kill a power cut that comes when what recovery read has been built upon.
func (g *generator) crashes() {
	n := g.Between(2, 5)
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
	for range g.Between(1, 6) {
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
	for range g.Between(1, 3) {
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

func (g *generator) clock() {
	for range g.Between(1, 3) {
		ms := int64(g.LogBetween(1, 86_400_000))
		if g.OneIn(2) {
			ms = -ms
		}
		g.add(Fault{Do: DoWall, StepMs: ms, On: Trigger{Point: AtEvent, Nth: g.within(g.want.Events/2, 0, 1)}})
	}
}

// Label is what the oracles may demand of a run with these faults.
func Label(faults []Fault) string {
	for i := range faults {
		if faults[i].Do == DoRot || faults[i].Do == DoReadError && faults[i].Times < 0 {
			return LabelDetect
		}
	}
	return LabelSurvive
}
