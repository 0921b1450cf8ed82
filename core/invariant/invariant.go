// Package invariant is where broken laws end.
//
// A law is a plain if in the code that could break it:
//
//	if r.hw > l.End() {
//		invariant.Violated("R-3: high watermark %d above log end %d", r.hw, l.End())
//	}
//
// The message begins with the number under which docs/INVARIANTS.md lists the law. Violated panics with a Violation: the
// server dumps the last trace lines and dies, the simulator fails the run and names the oracle. Laws are always on;
// those that cost more than O(1) hide behind Expensive, a constant of the build.
package invariant

import "fmt"

// Violation is the panic value of a broken law.
type Violation struct{ Text string }

// Error makes a Violation printable where panics are caught.
func (v Violation) Error() string { return "law broken: " + v.Text }

// Violated reports that a law does not hold. It does not return.
//
//go:noinline
func Violated(format string, args ...any) {
	panic(Violation{Text: fmt.Sprintf(format, args...)}) //pure:ok the one place where the core may stop
}
