package shard

import "sync"

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
