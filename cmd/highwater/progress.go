package main

import (
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// progress tells people how far a long command is: on a terminal by a line that is rewritten a few times a second,
// elsewhere by a line per tenth.
type progress struct {
	w        io.Writer
	terminal bool
	total    uint64
	done     uint64
	shown    uint64    // tenths, or
	at       time.Time // when the line was last rewritten
	began    time.Time
}

func newProgress(w io.Writer, total uint64) *progress {
	p := &progress{w: w, total: total, began: time.Now()}
	if f, ok := w.(*os.File); ok {
		_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
		p.terminal = err == nil
	}
	return p
}

// step counts one more.
func (p *progress) step() {
	p.done++
	now := time.Now()
	if p.terminal {
		if now.Sub(p.at) > 200*time.Millisecond {
			p.at = now
			say(p.w, "\r\x1b[K%d of %d (%d%%), %.0f/s\x1b[1A", p.done, p.total, 100*p.done/p.total, float64(p.done)/now.Sub(p.began).Seconds())
		}
		return
	}
	if tenth := 10 * p.done / p.total; tenth > p.shown && p.total >= 100 {
		p.shown = tenth
		say(p.w, "%d of %d (%d%%), %.0f/s", p.done, p.total, 100*p.done/p.total, float64(p.done)/now.Sub(p.began).Seconds())
	}
}

// clear takes the rewritten line away, so that other lines can follow.
func (p *progress) clear() {
	if p.terminal {
		_, _ = io.WriteString(p.w, "\r\x1b[K") // as say, without a new line
	}
}
