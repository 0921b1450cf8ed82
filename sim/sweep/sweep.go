package sweep

import (
	"sync"
	"sync/atomic"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/sim/fault"
	"github.com/highwater-log/highwater/sim/world"
)

// Run executes one plan under its judges.
type Run func(*fault.Plan) *world.Result

// Config is one sweep.
type Config struct {
	From, To uint64 // seeds, both included
	Jobs     int    // worlds at a time
	Profile  string
	Run      Run
	// GoOn is asked before each seed; nil for always.
	GoOn func() bool
	// OnResult is told every result, in the order of seeds, one at a time.
	OnResult func(*fault.Plan, *world.Result)
}

// Stats is what a sweep came to.
type Stats struct {
	Seeds     int
	Failed    int
	Acked     int
	Crashes   int
	Faults    int
	Stale     int
	Detect    int // runs whose label was detect
	Ended     int // of them, those that a refusal or a halt ended
	Events    uint64
	Simulated event.Time
	Costs     []int          // of the costliest step, by kind of event
	Probes    map[string]int // runs that reached each rare branch
	Labels    map[string]int // runs by label
	Struck    map[string]int // faults that fired, by verb
	Excused   map[string]int // what judges let pass, by kind
}

// Seeds sweeps over a range.
func Seeds(c Config) (Stats, error) {
	if _, err := world.Generate(c.From, c.Profile); err != nil {
		return Stats{}, err
	}
	stats := Stats{Probes: map[string]int{}, Labels: map[string]int{}, Struck: map[string]int{}, Excused: map[string]int{}}
	var (
		next  atomic.Uint64
		order = newSequencer(c.From, func(d done) {
			stats.add(d.result)
			if c.OnResult != nil {
				c.OnResult(d.plan, d.result)
			}
		})
		workers sync.WaitGroup
	)
	for range max(1, c.Jobs) {
		workers.Go(func() {
			for c.GoOn == nil || c.GoOn() {
				seed := c.From + next.Add(1) - 1
				if seed > c.To || seed < c.From {
					return
				}
				plan, err := world.Generate(seed, c.Profile)
				if err != nil {
					return // the profile was found good before
				}
				order.put(seed, done{plan, c.Run(plan)})
			}
		})
	}
	workers.Wait()
	return stats, nil
}

func (s *Stats) add(r *world.Result) {
	s.Seeds++
	if r.Verdict != world.VerdictOK {
		s.Failed++
	}
	s.Acked += r.Acked
	s.Crashes += r.Crashes
	s.Faults += r.Faults
	s.Stale += len(r.Stale)
	s.Events += r.Events
	s.Simulated += r.Simulated
	if r.Label == fault.LabelDetect {
		s.Detect++
		if r.Ended != "" {
			s.Ended++
		}
	}
	for kind, cost := range r.Costs {
		if kind == len(s.Costs) {
			s.Costs = append(s.Costs, 0)
		}
		s.Costs[kind] = max(s.Costs[kind], cost)
	}
	for _, p := range r.Probes {
		s.Probes[p]++
	}
	s.Labels[r.Label]++
	merge(s.Struck, r.Struck)
	merge(s.Excused, r.Excused)
}

func merge(sum, more map[string]int) {
	for name, n := range more {
		sum[name] += n
	}
}

// done is one finished run.
type done struct {
	plan   *fault.Plan
	result *world.Result
}

// sequencer hands results on in the order of their seeds, whatever the order in which they come.
type sequencer struct {
	mu   sync.Mutex
	next uint64
	wait map[uint64]done
	to   func(done)
}

func newSequencer(first uint64, to func(done)) *sequencer {
	return &sequencer{next: first, wait: make(map[uint64]done), to: to}
}

func (s *sequencer) put(seed uint64, d done) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait[seed] = d
	for {
		d, ok := s.wait[s.next]
		if !ok {
			return
		}
		delete(s.wait, s.next)
		s.next++
		s.to(d)
	}
}
