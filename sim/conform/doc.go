// Package conform holds no code but tests: one suite that every disk loop passes. What core/event says of the disk verbs
// is a table here, run against the simulated disk and against the real ones, so that a broker meets the same answers
// in both worlds. Histories drawn at random are run on two loops side by side as well.
//
// What a power cut may leave is the other half:
//
//	story --played on--> sim/disk -------------PowerCut--+
//	  |                                                  +--> what is left --judged by--> oracle
//	  +--played on--> server/posix, ext4 or XFS, device--+                                  ^
//	  +-------------------- what was ordered, what completed -------------------------------+
//
// The oracle knows no disk and no file system. The simulated disk must leave what it allows and reach all of it; real file
// systems must leave what it allows.
//
// Start reading at contract_test.go; for power cuts at oracle_test.go, then story_test.go and cut_test.go.
package conform
