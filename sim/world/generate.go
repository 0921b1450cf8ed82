package world

import (
	"fmt"
	"strings"

	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/workload"
)

// expected is how long runs of the default size are: measured, and only used to spread faults.
var expected = fault.Expected{Events: 8000, Writes: 220, Replies: 420, Hands: 1500}

// Generate draws the plan of a seed. The empty profile is the default one: another one for each seed.
func Generate(seed uint64, profile string) (*fault.Plan, error) {
	p, ok := fault.ProfileOf(seed, profile)
	if !ok {
		return nil, fmt.Errorf("no profile %q: there are %s", profile, strings.Join(fault.Profiles(), ", "))
	}
	plan := &fault.Plan{Header: fault.NewHeader(seed, p)}
	plan.Ops = workload.Generate(&plan.Header, workload.DefaultSize)
	if p.On(seed, fault.Boundary) {
		workload.Bound(&plan.Header, plan.Ops)
	}
	plan.Faults = fault.Faults(seed, p, len(plan.Header.Clients), expected)
	plan.Header.Label = fault.Label(plan.Faults)
	return plan, nil
}

// RunSeed generates the plan of a seed and runs it.
func RunSeed(seed uint64, profile string, opt Options) (*Result, error) {
	plan, err := Generate(seed, profile)
	if err != nil {
		return nil, err
	}
	return Run(plan, opt), nil
}
