package shard

import (
	"log/slog"
	"sync"
	"time"
)

// complainEvery is how often the same is told of many clients.
const complainEvery = time.Second

// complaints are warnings that clients can cause: one line per kind and second, whatever they do.
type complaints struct {
	log *slog.Logger

	mu   sync.Mutex
	told map[string]*told
}

// told is what was said of one kind.
type told struct {
	at     time.Time
	unsaid int // since then
}

func newComplaints(log *slog.Logger) *complaints {
	return &complaints{log: log, told: make(map[string]*told)}
}

// warn writes a line, unless one of its kind was written just now. The next one says how many were left out. Kinds are the
// program's, never a client's: they are few.
func (c *complaints) warn(kind, text string, args ...any) {
	c.mu.Lock()
	t := c.told[kind]
	if t == nil {
		t = &told{}
		c.told[kind] = t
	}
	if now := time.Now(); now.Sub(t.at) >= complainEvery {
		t.at = now
	} else {
		t.unsaid++
		c.mu.Unlock()
		return
	}
	unsaid := t.unsaid
	t.unsaid = 0
	c.mu.Unlock()
	if unsaid > 0 {
		args = append(args, "not_told_before", unsaid)
	}
	c.log.Warn(text, args...)
}
