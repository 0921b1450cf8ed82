//go:build !canary

package invariant

// Planted reports whether the bug c is planted in this run: never, in this build.
func Planted(Canary) bool { return false }
