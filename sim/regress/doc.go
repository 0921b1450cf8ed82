// Package regress keeps the plans that once failed, shrunk, and the plans that kill each canary.
//
//	testdata/bugs/NAME.plan       a bug that was found and mended: every fault fires, and the run is sound
//	testdata/open/NAME.plan       a finding that is not mended: it fails as its verdict says. Mended, it moves to bugs
//	testdata/canaries/NAME.plan   kills the planted bug NAME in builds with the tag canary; sound in every other build
//
// A plan whose faults no longer fire proves nothing. Such a plan is reported as stale, not as green: make it anew, or take it
// away and say why.
package regress
