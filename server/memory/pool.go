package memory

import (
	"fmt"
	"os"
	"sync"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"golang.org/x/sys/unix"
)

// Pool hands out buffers. Safe for concurrent use.
type Pool struct {
	limit int64 // bytes that may be mapped and free

	mu    sync.Mutex
	free  [classes][][]byte
	stats Stats
	want  [classes]int // blocks of a class that the grower is to have ready

	wake chan struct{}
	done chan struct{}
}

// Stats are the pool's counters, in bytes but for Cold.
type Stats struct {
	Used int64 // handed out
	Free int64 // mapped and not handed out
	Peak int64 // most that was ever mapped
	Cold int64 // how often a buffer had to be mapped while somebody waited for it
}

// New makes a pool that keeps up to limit bytes for reuse, of which warm are touched at once: in the sizes that a broker under
// load asks for.
func New(limit, warm int64) *Pool {
	p := &Pool{limit: limit, wake: make(chan struct{}, 1), done: make(chan struct{})}
	for left, size := warm, int64(largestWarm); size >= smallestWarm; size /= 2 {
		for share := left / 2; share >= size; share -= size {
			p.keep(mapped(int(size), true))
			left -= size
		}
	}
	go p.grow()
	return p
}

// The blocks that New touches have these sizes, and those that lie a power of two apart between them. A full journal frame
// fits into the largest.
const (
	largestWarm  = 5 << 20
	smallestWarm = 20 << 10
)

// Alloc hands out a buffer of at least size bytes, whatever is in them, with one user.
func (p *Pool) Alloc(size int) *event.Buffer {
	return event.NewBuffer(p.take(size), event.Machine{})
}

// Release takes b back. Nobody looks at its bytes any more.
func (p *Pool) Release(b *event.Buffer) {
	bytes := b.Bytes
	if bytes == nil {
		invariant.Violated("ME-1: a buffer is released twice")
	}
	b.Bytes = nil
	if invariant.Expensive {
		for i := range bytes {
			bytes[i] = 0xdb
		}
	}
	p.mu.Lock()
	p.stats.Used -= int64(len(bytes))
	p.mu.Unlock()
	p.keep(bytes)
}

// Stats are the counters now.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Close ends the grower. What is handed out stays usable, and what is free stays mapped until the process ends.
func (p *Pool) Close() { close(p.done) }

// stretch is how many classes a block may come from when its own is empty: to less than double the size that was asked for. Frames
// of a steady load differ in size from turn to turn; fresh memory costs a fault for each of its pages.
const stretch = 4

func (p *Pool) take(size int) []byte {
	c, size := classOf(size)
	p.mu.Lock()
	p.stats.Used += int64(size)
	for up := c; up < min(c+stretch, classes); up++ {
		if len(p.free[up]) > 0 {
			b := p.pop(up)
			p.stats.Used += int64(len(b) - size)
			p.mu.Unlock()
			return b
		}
	}
	if c < classes {
		p.want[c] = min(p.want[c]+1, ahead)
	}
	p.stats.Cold++
	p.stats.Peak = max(p.stats.Peak, p.stats.Used+p.stats.Free)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return mapped(size, false)
}

// keep puts a block into its list. Where that is more than may be kept, blocks of the class that has most go: those that a burst of
// another kind has left, and not those that come and go now.
func (p *Pool) keep(b []byte) {
	c, size := classOf(len(b))
	if size != len(b) {
		invariant.Violated("ME-1: %d bytes are no block of this pool", len(b))
	}
	if c >= classes {
		unmap(b)
		return
	}
	p.mu.Lock()
	p.free[c] = append(p.free[c], b)
	p.stats.Free += int64(size)
	p.stats.Peak = max(p.stats.Peak, p.stats.Used+p.stats.Free)
	var gone [][]byte
	for p.stats.Free > p.limit {
		gone = append(gone, p.evict())
	}
	p.mu.Unlock()
	for _, b := range gone {
		unmap(b)
	}
}

// evict takes a block from the class that has most bytes. mu is held.
func (p *Pool) evict() (b []byte) {
	most, class := 0, 0
	for c := range p.free {
		if bytes := len(p.free[c]) * sizeOf(c); bytes > most {
			most, class = bytes, c
		}
	}
	return p.pop(class)
}

// pop takes a free block of a class that has one. mu is held.
func (p *Pool) pop(class int) (b []byte) {
	list := p.free[class]
	b, list[len(list)-1] = list[len(list)-1], nil
	p.free[class] = list[:len(list)-1]
	p.stats.Free -= int64(len(b))
	return b
}

func unmap(b []byte) {
	if err := unix.Munmap(b); err != nil {
		invariant.Violated("ME-1: unmap %d bytes: %v", len(b), err)
	}
}

// ahead is how many blocks of a class that ran dry the grower makes at most: each costs a touch of all its pages, which no
// loop should pay for.
const ahead = 4

// grow makes blocks of the classes that ran dry.
func (p *Pool) grow() {
	for {
		select {
		case <-p.done:
			return
		case <-p.wake:
		}
		for c := range classes {
			p.mu.Lock()
			n := p.want[c]
			p.want[c] = 0
			p.mu.Unlock()
			for range n {
				p.keep(mapped(sizeOf(c), true))
			}
		}
	}
}

// mapped is fresh memory; touched: all its pages are there.
func mapped(size int, touched bool) []byte {
	flags := unix.MAP_ANON | unix.MAP_PRIVATE
	if touched {
		flags |= unix.MAP_POPULATE
	}
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		panic(fmt.Errorf("map %d bytes of memory: %w", size, os.NewSyscallError("mmap", err)))
	}
	return b
}
