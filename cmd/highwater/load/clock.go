package load

import "time"

var started = time.Now()

// Now is the monotonic clock of the load, in nanoseconds. It is one clock for producers and consumers of a process.
func Now() int64 { return int64(time.Since(started)) }

// sleepUntil waits until Now is at.
func sleepUntil(at int64) {
	if d := at - Now(); d > 0 {
		time.Sleep(time.Duration(d))
	}
}

// Window is the part of a run that is measured: what was acknowledged in [Begin, End). Before Begin is warm-up.
type Window struct{ Begin, End int64 }

// Holds reports whether at lies in the window.
func (w Window) Holds(at int64) bool { return at >= w.Begin && at < w.End }

// Seconds is the length of the window.
func (w Window) Seconds() float64 { return float64(w.End-w.Begin) / 1e9 }
