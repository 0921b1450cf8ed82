package fault

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

func generate(seed uint64, name string) *Plan { // the plan of a seed, without operations
	profile, _ := ProfileOf(seed, name)
	p := &Plan{Header: NewHeader(seed, profile)}
	p.Faults = Faults(seed, profile, len(p.Header.Clients), Expected{Events: 4000, Writes: 200, Replies: 400})
	p.Header.Label = Label(p.Faults)
	return p
}

func TestPlan_ReadInvertsWrite(t *testing.T) {
	for seed := range uint64(100) {
		p := generate(seed, "")
		p.Ops = []Op{{Client: 1, Do: "produce", Topic: 2, Acks: -1, Records: 3}, {Do: "fetch", Pause: event.Millisecond}}
		p.Verdict = &Verdict{Verdict: "FAIL", Oracle: "O1", Event: 17, Stale: []int{3}}
		var b bytes.Buffer
		if err := Write(&b, p); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		got, err := Read(&b)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !reflect.DeepEqual(got, p) {
			t.Fatalf("seed %d: got %+v, want %+v", seed, got, p)
		}
	}
}

func TestRead_RefusesWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{
		"", `{"line":"header","format":2}`, `{"line":"header","format":1,"colour":1}`, `{"line":"poem"}`, `{`,
		`{"line":"header","format":1}` + "\n" + `{"line":"fault","flight":"most"}`,
	} {
		if _, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("accepted %q", text)
		}
	}
}

// A family draws from its own stream: its faults are the same whatever other families are on.
func TestFaults_OfOneFamilyDoNotDependOnOthers(t *testing.T) {
	only := func(all []Fault, f Family) (out []Fault) {
		for _, x := range all {
			if x.Family == f {
				out = append(out, x)
			}
		}
		return out
	}
	on := func(families ...Family) (p Profile) {
		for _, f := range families {
			p.Families = append(p.Families, Chance{f, 1, 1})
		}
		return p
	}
	want := Expected{Events: 4000, Writes: 200, Replies: 400}
	var every []Family
	for i := range families {
		if families[i].draw != nil {
			every = append([]Family{families[i].family}, every...)
		}
	}
	for seed := range uint64(50) {
		all := Faults(seed, on(every...), 4, want)
		for _, f := range every {
			alone := Faults(seed, on(f), 4, want)
			if len(alone) == 0 || !reflect.DeepEqual(only(all, f), alone) {
				t.Fatalf("seed %d: %s differs", seed, f)
			}
		}
	}
}

func TestFaults_IdsAreUniqueAndReferToEarlierOnes(t *testing.T) {
	for seed := range uint64(200) {
		seen := map[int]bool{}
		for _, f := range generate(seed, "").Faults {
			if seen[f.ID] || f.On.After != 0 && !seen[f.On.After] || f.On.Nth < 1 {
				t.Fatalf("seed %d: %+v", seed, f)
			}
			seen[f.ID] = true
		}
	}
}

func TestProfiles(t *testing.T) {
	if p := generate(3, "calm"); len(p.Faults) != 0 || p.Header.Label != LabelSurvive {
		t.Errorf("calm has faults: %+v", p.Faults)
	}
	if p := generate(3, "rot"); p.Header.Label != LabelDetect {
		t.Error("rot is to be detected, not survived")
	}
	if _, ok := ProfileOf(1, "weather"); ok {
		t.Error("unknown profile")
	}
	seen := map[string]int{}
	for seed := range uint64(1000) {
		p, _ := ProfileOf(seed, Drawn)
		seen[p.Name]++
	}
	for _, name := range Profiles()[1:] {
		if p, _ := ProfileOf(1, name); p.Weight > 0 && seen[name] < 10 {
			t.Errorf("profile %s is drawn %d times in 1000", name, seen[name])
		}
	}
}

// A switch is a family's own: it is thrown alike whatever else a profile has.
func TestProfile_SwitchesAreIndependent(t *testing.T) {
	few := Profile{Families: []Chance{{Clock, 1, 2}}}
	many := Profile{Families: []Chance{{Crash, 1, 2}, {Net, 1, 3}, {Clock, 1, 2}}}
	on, apart := 0, 0
	for seed := range uint64(1000) {
		if few.On(seed, Clock) != many.On(seed, Clock) {
			t.Fatalf("seed %d", seed)
		}
		if many.On(seed, Clock) {
			on++
		}
		if many.On(seed, Clock) != many.On(seed, Crash) {
			apart++
		}
	}
	if on < 400 || on > 600 || apart < 400 || apart > 600 || few.On(1, Crash) {
		t.Fatal(on, apart)
	}
}

func TestWatch_FiresOnceAtTheNthPassing(t *testing.T) {
	faults := []Fault{
		{ID: 1, Do: DoKill, On: Trigger{Point: AtSubmitted, Op: DurableWrite, Nth: 3}},
		{ID: 2, Do: DoCut, On: Trigger{Point: AtSubmitted, Nth: 2, After: 1}},
		{ID: 3, Do: DoReset, On: Trigger{Point: AtReply, Client: 2, ByClient: true, Nth: 1}},
		{ID: 4, Do: DoCut, On: Trigger{Point: AtBoot, Nth: 9, Event: 100}},
		{ID: 5, Do: DoCut, On: Trigger{Point: AtBoot, Nth: 9}},
	}
	faults = append(faults, Fault{ID: 6, Do: DoCut, On: Trigger{Point: AtSubmitted, Op: DirectWrite, Nth: 1}})
	w := NewWatch(faults)
	write := Passing{Point: AtSubmitted, Op: event.OpWriteFile, Durable: true}
	for i, step := range []struct {
		p    Passing
		want int
	}{
		{write, 0},
		{Passing{Point: AtSubmitted, Op: event.OpWriteFile}, 0},
		{Passing{Point: AtCompleted, Op: event.OpWriteFile, Durable: true}, 0},
		{Passing{Point: AtSubmitted, Op: event.OpWriteFile, Durable: true, Node: 1}, 0},
		{write, 0},
		{write, 1},
		{write, 0},
		{Passing{Point: AtReply, Client: 1}, 0},
		{Passing{Point: AtReply, Client: 2}, 3},
		{Passing{Point: AtReply, Client: 2}, 0},
		{Passing{Point: AtSubmitted, Op: event.OpSyncFs}, 2},
		{Passing{Point: AtReply, Event: 100}, 0},
		{Passing{Point: AtEvent, Event: 101}, 4},
		{Passing{Point: AtEvent, Event: 102}, 0},
		{Passing{Point: AtSubmitted, Op: event.OpWriteFile, Segment: true}, 0},
		{Passing{Point: AtSubmitted, Op: event.OpWriteFile, Segment: true, Durable: true}, 6},
	} {
		got := 0
		if f := w.Pass(step.p); f != nil {
			got = f.ID
		}
		if got != step.want {
			t.Fatalf("step %d: fault %d, want %d", i, got, step.want)
		}
	}
	if stale := w.Stale(); !reflect.DeepEqual(stale, []int{5}) || w.Fired() != 5 {
		t.Fatalf("stale %v, fired %d", stale, w.Fired())
	}
	w.Stop()
	if w.Pass(Passing{Point: AtBoot}) != nil {
		t.Fatal("stopped, and fires")
	}
}

func TestRand_IsKeyed(t *testing.T) {
	a := NewRand(1, StreamCrash, 2)
	if a.At(5) != NewRand(1, StreamCrash, 2).At(5) || a.At(5) == NewRand(1, StreamNetFault, 2).At(5) || a.At(5) == a.At(6) {
		t.Fatal("draws are not a function of their keys")
	}
	s := a.Seq()
	counts := map[int]int{}
	for range 1000 {
		v := s.LogBetween(1, 1000)
		if v < 1 || v > 1000 {
			t.Fatal(v)
		}
		switch {
		case v < 10:
			counts[0]++
		case v < 100:
			counts[1]++
		default:
			counts[2]++
		}
	}
	if counts[0] < 200 || counts[1] < 200 || counts[2] < 200 {
		t.Fatalf("orders of magnitude %v", counts)
	}
}
