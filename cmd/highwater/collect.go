package main

import (
	"os"
	"runtime/debug"
)

// How much the heap grows, in percent of what lives, before it is collected. What lives is small where payloads lie outside of it
// (server/memory), and where one world follows the other: collecting as often as usual would cost a small request more than its
// decoding, and a world a third of its time.
const (
	collectServer = 400
	collectWorlds = 800
)

// collectAt sets that percentage, unless the environment says otherwise.
func collectAt(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
