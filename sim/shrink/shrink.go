package shrink

import (
	"errors"
	"slices"
	"strings"

	"github.com/highwater-log/highwater/sim/fault"
)

// Run executes a plan and tells how it ended. It must not change the plan.
type Run func(*fault.Plan) fault.Verdict

// Stats says what shrinking cost and brought.
type Stats struct {
	Runs         int
	OpsBefore    int
	OpsAfter     int
	FaultsBefore int
	FaultsAfter  int
}

// ErrPasses says that the plan to shrink does not fail, ErrUnstable that two runs of it differ.
var (
	ErrPasses   = errors.New("the plan passes: there is nothing to shrink")
	ErrUnstable = errors.New("two runs of the plan differ: mend determinism first")
)

// Shrink returns a smaller plan that fails as p does, with its verdict. Go on is asked before every run; when it says no,
// the smallest plan so far is returned.
func Shrink(p *fault.Plan, run Run, goOn func() bool) (*fault.Plan, Stats, error) {
	s := &shrinker{run: run, goOn: goOn, best: clone(p)}
	s.stats = Stats{OpsBefore: len(p.Ops), FaultsBefore: len(p.Faults)}
	first, second := s.try(p), s.try(p)
	switch {
	case first.Oracle == "":
		return nil, s.stats, ErrPasses
	case !equal(first, second):
		return nil, s.stats, ErrUnstable
	}
	s.want, s.verdict = signature(first), first
	for again := true; again && s.more(); {
		before := s.size()
		s.faults()
		s.ops()
		s.sizes()
		s.shape()
		again = s.size() < before
	}
	s.best.Verdict = &s.verdict
	s.stats.OpsAfter, s.stats.FaultsAfter = len(s.best.Ops), len(s.best.Faults)
	return s.best, s.stats, nil
}

type shrinker struct {
	run     Run
	goOn    func() bool
	best    *fault.Plan
	want    string
	verdict fault.Verdict
	stats   Stats
}

func (s *shrinker) more() bool { return s.goOn == nil || s.goOn() }

func (s *shrinker) try(p *fault.Plan) fault.Verdict {
	s.stats.Runs++
	return s.run(p)
}

// keep runs candidate and makes it the best plan if it fails the same way.
func (s *shrinker) keep(candidate *fault.Plan) bool {
	if !s.more() {
		return false
	}
	v := s.try(candidate)
	if v.Oracle == "" || signature(v) != s.want {
		return false
	}
	s.best, s.verdict = candidate, v
	return true
}

// size is what shrinking lowers: lines first, then the numbers in them.
func (s *shrinker) size() int {
	n := 1000 * (len(s.best.Ops) + len(s.best.Faults))
	for i := range s.best.Ops {
		n += s.best.Ops[i].Records
	}
	return n
}

func (s *shrinker) faults() {
	for _, family := range families(s.best.Faults) {
		c := clone(s.best)
		c.Faults = slices.DeleteFunc(c.Faults, func(f fault.Fault) bool { return f.Family == family })
		s.keep(c)
	}
	reduce(s, func(p *fault.Plan) *[]fault.Fault { return &p.Faults })
}

func (s *shrinker) ops() { reduce(s, func(p *fault.Plan) *[]fault.Op { return &p.Ops }) }

// reduce deletes parts of one list of the plan: halves, quarters, and so on to single lines.
func reduce[T any](s *shrinker, list func(*fault.Plan) *[]T) {
	for part := max(1, len(*list(s.best))/2); ; part /= 2 {
		for at := 0; at < len(*list(s.best)); {
			c := clone(s.best)
			l := list(c)
			*l = slices.Delete(*l, at, min(at+part, len(*l)))
			if !s.keep(c) {
				at += part
			}
			if !s.more() {
				return
			}
		}
		if part <= 1 {
			return
		}
	}
}

// sizes makes operations small: one record, one byte, no pause.
func (s *shrinker) sizes() {
	s.edit(func(op *fault.Op) { op.Records, op.Bytes, op.Pause = min(op.Records, 1), min(op.Bytes, 1), 0 }, -1)
	for i := range s.best.Ops {
		s.edit(func(op *fault.Op) { op.Records = min(op.Records, 1) }, i)
		s.edit(func(op *fault.Op) { op.Bytes = min(op.Bytes, 1) }, i)
		s.edit(func(op *fault.Op) { op.Pause = 0 }, i)
	}
}

// edit applies change to operation i, or to all for -1, and keeps it if the plan still fails the same way.
func (s *shrinker) edit(change func(*fault.Op), i int) {
	c := clone(s.best)
	for j := range c.Ops {
		if i < 0 || i == j {
			change(&c.Ops[j])
		}
	}
	if !slices.Equal(c.Ops, s.best.Ops) {
		s.keep(c)
	}
}

// shape makes the world plain: no grouping of turns, one frame in flight, frames that arrive in one piece, disks and
// links without a tail.
func (s *shrinker) shape() {
	for _, change := range []func(*fault.Header){
		func(h *fault.Header) { h.Turn = 1 },
		func(h *fault.Header) { h.Store.InFlight = 1 },
		func(h *fault.Header) { h.Net.Split = 0 },
		func(h *fault.Header) { h.Net.Tail = 0 },
		func(h *fault.Header) { h.Disk.TailRatio = 0 },
	} {
		c := clone(s.best)
		change(&c.Header)
		s.keep(c)
	}
}

func families(faults []fault.Fault) []fault.Family {
	var out []fault.Family
	for i := range faults {
		if !slices.Contains(out, faults[i].Family) {
			out = append(out, faults[i].Family)
		}
	}
	return out
}

func clone(p *fault.Plan) *fault.Plan {
	c := *p
	c.Header.Topics, c.Header.Clients = slices.Clone(p.Header.Topics), slices.Clone(p.Header.Clients)
	c.Ops, c.Faults, c.Verdict = slices.Clone(p.Ops), slices.Clone(p.Faults), nil
	return &c
}

func equal(a, b fault.Verdict) bool {
	return a.Verdict == b.Verdict && a.Oracle == b.Oracle && a.Text == b.Text && a.Event == b.Event && a.Digest == b.Digest
}

// signature is a verdict without its numbers.
func signature(v fault.Verdict) string {
	var b strings.Builder
	b.WriteString(v.Oracle)
	b.WriteByte(' ')
	for i := range len(v.Text) {
		switch c := v.Text[i]; {
		case c >= '0' && c <= '9':
			if n := b.Len(); b.String()[n-1] != '#' {
				b.WriteByte('#')
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
