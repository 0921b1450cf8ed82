package world

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/linearizability/history"
	"github.com/highwater-log/highwater/sim/fault"
)

func plan(t testing.TB, seed uint64, profile string) *fault.Plan {
	p, err := Generate(seed, profile)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seeds is how many seeds a test runs; HIGHWATER_SEEDS makes it more.
func seeds(n uint64) uint64 {
	if more, err := strconv.ParseUint(os.Getenv("HIGHWATER_SEEDS"), 10, 64); err == nil {
		return more
	}
	return n
}

func TestRun_SeedsOfEveryProfileAreSound(t *testing.T) {
	for _, profile := range fault.Profiles() {
		t.Run(profile, func(t *testing.T) {
			acked, crashes, fired, stale := 0, 0, 0, 0
			n := seeds(8)
			for seed := range n {
				p := plan(t, seed, profile)
				r := Run(p, Options{})
				acked, crashes, fired, stale = acked+r.Acked, crashes+r.Crashes, fired+r.Faults, stale+len(r.Stale)
				if r.Verdict != VerdictOK {
					t.Errorf("%s: %s", r.Line(), r.Text)
				} else if err := judge(p, r); err != nil {
					t.Errorf("%s: %v", r.Line(), err)
				}
			}
			t.Logf("a seed: %d acked, %.1f crashes, %.1f faults, %.1f stale", acked/int(n), float64(crashes)/float64(n), float64(fired)/float64(n), float64(stale)/float64(n))
		})
	}
}

// The same plan gives the same digest: again, with another collector, with somebody watching, and from its text.
func TestRun_IsDeterministic(t *testing.T) {
	for seed := range seeds(4) {
		p := plan(t, seed, "")
		want := Run(p, Options{}).Digest
		if got := Run(p, Options{}).Digest; got != want {
			t.Fatalf("seed %d: again: %016x, first %016x", seed, got, want)
		}
		old := debug.SetGCPercent(1)
		got := Run(p, Options{}).Digest
		debug.SetGCPercent(old)
		if got != want {
			t.Fatalf("seed %d: under GOGC=1: %016x, first %016x", seed, got, want)
		}
		var lines bytes.Buffer
		if got := Run(p, Options{Trace: &lines, Probes: true, Hooks: Hooks{OnEvent: func(*World, int, *event.Event) {}}}).Digest; got != want {
			t.Fatalf("seed %d: watched: %016x, first %016x", seed, got, want)
		}
		var text bytes.Buffer
		if err := fault.Write(&text, p); err != nil {
			t.Fatal(err)
		}
		again, err := fault.Read(&text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Run(again, Options{}).Digest; got != want {
			t.Fatalf("seed %d: from text: %016x, first %016x", seed, got, want)
		}
	}
}

// A plan still runs when any of its lines is taken away, which is all that a shrinker does to it.
func TestRun_GoesOnWithoutAnyLine(t *testing.T) {
	p := plan(t, 3, "crash")
	for i := range p.Faults {
		q := *p
		q.Faults = append(append([]fault.Fault(nil), p.Faults[:i]...), p.Faults[i+1:]...)
		if r := Run(&q, Options{}); r.Verdict != VerdictOK {
			t.Errorf("without fault %d: %s: %s", p.Faults[i].ID, r.Line(), r.Text)
		}
	}
	q := *p
	q.Ops = p.Ops[:len(p.Ops)/3]
	if r := Run(&q, Options{}); r.Verdict != VerdictOK || r.Acked == 0 {
		t.Errorf("a third of the operations: %s: %s", r.Line(), r.Text)
	}
}

func TestHooks_SeeTheRun(t *testing.T) {
	var events, effects, completions, replies, crashes, boots, recovered, ends int
	h := Hooks{
		OnEvent:     func(*World, int, *event.Event) { events++ },
		OnEffect:    func(*World, int, *event.Effect) { effects++ },
		OnComplete:  func(*World, int, *event.Event) { completions++ },
		OnReply:     func(*World, int, event.Ticket, event.Body, event.Body) { replies++ },
		OnCrash:     func(*World, int, bool) { crashes++ },
		OnBoot:      func(*World, int) { boots++ },
		OnRecovered: func(*World, int) { recovered++ },
		OnEnd:       func(*World, *Result) { ends++ },
	}
	r := Run(plan(t, 3, "crash"), Options{Hooks: h})
	if events == 0 || effects == 0 || completions == 0 || replies < r.Acked || crashes != r.Crashes || boots < crashes+2 ||
		recovered == 0 || recovered > boots || ends != 1 {
		t.Fatal(events, effects, completions, replies, crashes, boots, recovered, ends)
	}
	r = Run(plan(t, 3, "crash"), Options{Hooks: Hooks{OnCrash: func(w *World, _ int, _ bool) { w.Fail("mine", "seen enough") }}})
	if r.Verdict != VerdictFail || r.Oracle != "mine" {
		t.Fatal(r.Line())
	}
}

// A hook that panics stands for a broken law of the core: the run ends with that verdict.
func TestRun_APanicIsAVerdict(t *testing.T) {
	var m map[string]int
	r := Run(plan(t, 1, "calm"), Options{Hooks: Hooks{OnEvent: func(*World, int, *event.Event) {
		m["x"] = 1
	}}})
	if r.Verdict != VerdictFail || r.Oracle != "panic" {
		t.Fatal(r.Line())
	}
}

func TestHistories_AreWellFormed(t *testing.T) {
	r := Run(plan(t, 5, ""), Options{})
	Histories(r.History)
	finals := 0
	for i, op := range r.History {
		if i > 0 && op.Invoke < r.History[i-1].Invoke || op.Return != 0 && op.Return <= op.Invoke ||
			op.Outcome == history.OK && op.Return == 0 || op.Return == 0 && op.Outcome != history.Unknown {
			t.Fatalf("%+v", op)
		}
		if op.Final {
			finals++
		}
	}
	if finals == 0 {
		t.Fatal("nothing was read back")
	}
}

func BenchmarkSeed(b *testing.B) {
	acked, crashes, events := 0, 0, uint64(0)
	b.ReportAllocs()
	for i := range b.N {
		r := Run(plan(b, uint64(i), "crash"), Options{})
		acked, crashes, events = acked+r.Acked, crashes+r.Crashes, events+r.Events
	}
	b.ReportMetric(float64(acked)/float64(b.N), "acked/seed")
	b.ReportMetric(float64(crashes)/float64(b.N), "crashes/seed")
	b.ReportMetric(float64(events)/float64(b.N), "events/seed")
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
