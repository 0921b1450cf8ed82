package shard

import (
	"sync"
	"time"
)

// budget bounds the bytes of requests that are in the broker's hands, over all connections. A request that finds it
// empty is always let in, so that none is too large for ever.
type budget struct {
	mu   sync.Mutex
	room sync.Cond
	held int64
	most int64
}

func newBudget(most int64) *budget {
	b := &budget{most: most}
	b.room.L = &b.mu
	return b
}

// acquire waits until n bytes fit.
func (b *budget) acquire(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.held > 0 && b.held+n > b.most {
		b.room.Wait()
	}
	b.held += n
}

// acquireMore is acquire for somebody who holds own bytes already, and who gives up: it reports false where n more do not fit for so
// long. Whoever is the only holder is let in.
func (b *budget) acquireMore(own, n int64, patience time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	full := func() bool { return b.held > own && b.held+n > b.most }
	if full() {
		until := time.Now().Add(patience)
		over := time.AfterFunc(patience, b.room.Broadcast)
		defer over.Stop()
		for full() {
			if !time.Now().Before(until) {
				return false
			}
			b.room.Wait()
		}
	}
	b.held += n
	return true
}

// release gives n bytes back.
func (b *budget) release(n int64) {
	b.mu.Lock()
	b.held -= n
	b.mu.Unlock()
	b.room.Broadcast()
}

// inUse is how many bytes are held.
func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}
