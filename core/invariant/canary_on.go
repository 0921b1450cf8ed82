//go:build canary

package invariant

var planted Canary //pure:ok only in builds that plant bugs on purpose; set once, before any machine exists

// Plant chooses the one bug of this process.
func Plant(c Canary) { planted = c }

// Planted reports whether the bug c is planted in this run.
func Planted(c Canary) bool { return planted == c }
