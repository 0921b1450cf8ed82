package main

import (
	"os"
	"runtime/debug"
)

// collectAt is how much the heap grows, in percent of what lives, before it is collected. What lives is small where payloads lie
// outside of it (server/memory) or where one world follows the other: collecting as often as usual would cost a small request more
// than its decoding, and a world a third of its time.
const collectAt = 400

// collectRarely sets collectAt, unless the environment says otherwise.
func collectRarely() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}
