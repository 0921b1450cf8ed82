package shrink

import (
	"errors"
	"fmt"
	"testing"

	"github.com/highwater-log/highwater/sim/fault"
)

func plan(ops, faults int) *fault.Plan {
	p := &fault.Plan{Header: fault.Header{Format: fault.Format, Turn: 8, Store: fault.Store{InFlight: 4}}}
	for i := range ops {
		p.Ops = append(p.Ops, fault.Op{Client: i, Do: "produce", Records: 9, Bytes: 100, Pause: 5})
	}
	for i := range faults {
		p.Faults = append(p.Faults, fault.Fault{ID: i, Family: fault.Crash, Do: fault.DoCut})
	}
	return p
}

// failsOn fails with O1 iff the two operations and the fault are there, and with O9 iff only one of them is.
func failsOn(op1, op2, id int) Run {
	return func(p *fault.Plan) fault.Verdict {
		have := 0
		for _, op := range p.Ops {
			if op.Client == op1 || op.Client == op2 {
				have++
			}
		}
		crash := false
		for _, f := range p.Faults {
			crash = crash || f.ID == id
		}
		switch {
		case have == 2 && crash:
			return fault.Verdict{Verdict: "FAIL", Oracle: "O1", Text: fmt.Sprintf("value %d is lost", len(p.Ops))}
		case have == 1 && crash:
			return fault.Verdict{Verdict: "FAIL", Oracle: "O9", Text: "another bug"}
		}
		return fault.Verdict{Verdict: "ok"}
	}
}

func TestShrink_KeepsWhatIsNeeded(t *testing.T) {
	got, stats, err := Shrink(plan(200, 30), failsOn(17, 133, 21), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Ops) != 2 || got.Ops[0].Client != 17 || got.Ops[1].Client != 133 || len(got.Faults) != 1 || got.Faults[0].ID != 21 {
		t.Fatalf("got %d ops %d faults: %+v %+v", len(got.Ops), len(got.Faults), got.Ops, got.Faults)
	}
	if got.Ops[0].Records != 1 || got.Ops[0].Bytes != 1 || got.Ops[0].Pause != 0 || got.Header.Turn != 1 || got.Header.Store.InFlight != 1 {
		t.Errorf("not plain: %+v %+v", got.Ops[0], got.Header)
	}
	if got.Verdict == nil || got.Verdict.Oracle != "O1" {
		t.Errorf("verdict %+v", got.Verdict)
	}
	if stats.Runs > 400 {
		t.Errorf("%d runs", stats.Runs)
	}
}

func TestShrink_RefusesWhatPassesOrWavers(t *testing.T) {
	if _, _, err := Shrink(plan(3, 1), func(*fault.Plan) fault.Verdict { return fault.Verdict{Verdict: "ok"} }, nil); !errors.Is(err, ErrPasses) {
		t.Errorf("passing plan: %v", err)
	}
	n := 0
	wavers := func(*fault.Plan) fault.Verdict {
		n++
		return fault.Verdict{Verdict: "FAIL", Oracle: "O1", Digest: fmt.Sprint(n)}
	}
	if _, _, err := Shrink(plan(3, 1), wavers, nil); !errors.Is(err, ErrUnstable) {
		t.Errorf("wavering plan: %v", err)
	}
}

func TestShrink_StopsWhenTold(t *testing.T) {
	left := 20
	got, _, err := Shrink(plan(500, 5), failsOn(1, 2, 3), func() bool { left--; return left > 0 })
	if err != nil || len(got.Ops) >= 500 || len(got.Ops) < 2 {
		t.Fatalf("%d ops, %v", len(got.Ops), err)
	}
}
