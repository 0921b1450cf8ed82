package device

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Sector is the unit in which a power cut keeps or loses what was not flushed: what drives promise to write whole.
const Sector = 512

// wholeBelow is where the part of a device ends in which the sectors of one write share their fate. ext4 checks the checksum of
// its superblock, two sectors at byte 1,024, before it replays its journal: torn between them, it is not mounted again.
// That is between the file system and the device; whoever stores on it can do nothing about it.
const wholeBelow = 4096

// cacheAtMost bounds the writes that wait for a flush, in bytes. A cache that is full writes its oldest half down, as a
// drive does.
const cacheAtMost = 256 << 20

// Loss says what a power cut takes of the writes that no flush covered.
type Loss struct {
	Seed uint64
	// Kept of 16 sectors stay, drawn one by one: 0 loses all, 16 keeps all.
	Kept int
	// Whole writes share one draw, as far as they reach. Otherwise each sector has its own.
	Whole bool
}

// String is how a test names a loss.
func (l Loss) String() string {
	unit := "sectors"
	if l.Whole {
		unit = "writes"
	}
	return fmt.Sprintf("%d/16 of the %s that were not flushed stay, seed %d", l.Kept, unit, l.Seed)
}

// DrawLoss is a loss: everything, nothing, or some.
func DrawLoss(r *rand.Rand) Loss {
	return Loss{Seed: r.Uint64(), Kept: []int{0, 0, 1, 4, 8, 12, 15, 16}[r.IntN(8)], Whole: r.IntN(3) == 0}
}

// Counts is what a device was asked for.
type Counts struct {
	Writes, Flushes int
	Bytes           int64 // written
}

// image is the medium with a volatile write cache before it.
//
//	write --> cached: what reads see      log: the writes since the last flush, in order
//	flush --> medium: what every power cut leaves <-- the log, applied
//	cut   --> medium <-- some of the log; cached <-- medium
type image struct {
	size int64

	mu     sync.Mutex
	cached *os.File
	medium *os.File
	log    []write
	held   int64 // bytes in log
	count  Counts
	lies   bool

	life   int           // which power-on this is; requests of an earlier one fail
	dark   chan struct{} // closed at the cut of this life
	resume chan struct{} // closed when what waits in the dark is let go
	off    bool
	left   int // requests until the armed cut; 0 for none
	loss   Loss
}

// write is one write in the cache.
type write struct {
	offset int64
	data   []byte
}

// newImage is an empty image in memory: only what is written takes room.
func newImage(size int64) (*image, error) {
	m := &image{size: size, dark: make(chan struct{}), resume: make(chan struct{})}
	for _, f := range []**os.File{&m.cached, &m.medium} {
		fd, err := unix.MemfdCreate(Prefix, unix.MFD_CLOEXEC)
		if err != nil {
			return nil, fmt.Errorf("memory for an image: %w", err)
		}
		*f = os.NewFile(uintptr(fd), Prefix)
		if err := (*f).Truncate(size); err != nil {
			return nil, fmt.Errorf("an image of %d bytes: %w", size, err)
		}
	}
	return m, nil
}

func (m *image) close() error {
	if err := m.cached.Close(); err != nil {
		return err
	}
	return m.medium.Close()
}

// powerOn begins a life and returns its number.
func (m *image) powerOn() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.life++
	m.off, m.left = false, 0
	m.dark, m.resume = make(chan struct{}), make(chan struct{})
	return m.life
}

// enter admits a request of a life, or reports false once the power is gone: then it waits until release, since nothing
// is answered in the dark. mu is held if and only if it reports true.
func (m *image) enter(life int) bool {
	m.mu.Lock()
	if life == m.life && !m.off {
		return true
	}
	resume := m.resume
	stale := life != m.life
	m.mu.Unlock()
	if !stale {
		<-resume
	}
	return false
}

// strikes counts a request and cuts the power if it is the one. mu is held.
func (m *image) strikes() bool {
	if m.left == 0 {
		return false
	}
	m.left--
	if m.left > 0 {
		return false
	}
	m.cut(m.loss)
	return true
}

// read fills p.
func (m *image) read(life int, p []byte, offset int64) bool {
	if !m.enter(life) {
		return false
	}
	defer m.mu.Unlock()
	_, err := m.cached.ReadAt(p, offset)
	return err == nil
}

// write takes a write into the cache. It reports false if the power goes before it is acknowledged.
func (m *image) write(life int, p []byte, offset int64) bool {
	if !m.enter(life) {
		return false
	}
	_, err := m.cached.WriteAt(p, offset)
	m.log = append(m.log, write{offset: offset, data: append([]byte(nil), p...)})
	m.held += int64(len(p))
	m.count.Writes++
	m.count.Bytes += int64(len(p))
	if m.held > cacheAtMost {
		m.spill()
	}
	return m.leave(m.strikes()) && err == nil
}

// flush makes every write that was taken durable. A flush that the cut strikes does nothing.
func (m *image) flush(life int) bool {
	if !m.enter(life) {
		return false
	}
	m.count.Flushes++
	if m.strikes() {
		return m.leave(true)
	}
	ok := true
	if !m.lies {
		ok = m.settle(len(m.log)) == nil
	}
	return m.leave(false) && ok
}

// leave ends a request: one that was struck waits for release and fails.
func (m *image) leave(struck bool) bool {
	resume := m.resume
	m.mu.Unlock()
	if struck {
		<-resume
	}
	return !struck
}

// spill writes down the older half of the cache. mu is held.
func (m *image) spill() {
	n := 0
	for left := m.held / 2; left > 0; n++ {
		left -= int64(len(m.log[n].data))
	}
	_ = m.settle(n) // memory does not fail
}

// settle applies the first n writes to the medium. mu is held.
func (m *image) settle(n int) error {
	for _, w := range m.log[:n] {
		if _, err := m.medium.WriteAt(w.data, w.offset); err != nil {
			return err
		}
		m.held -= int64(len(w.data))
	}
	left := copy(m.log, m.log[n:])
	clear(m.log[left:])
	m.log = m.log[:left]
	return nil
}

// cut takes the power away: what was flushed stays, and of the rest what the loss says. mu is held.
func (m *image) cut(loss Loss) {
	r := rand.New(rand.NewPCG(loss.Seed, 0))
	for _, w := range m.log {
		stays := r.IntN(16) < loss.Kept
		for at := 0; at < len(w.data); at += Sector {
			if !loss.Whole && (at == 0 || w.offset+int64(at) >= wholeBelow) {
				stays = r.IntN(16) < loss.Kept
			}
			if stays {
				m.must(m.medium.WriteAt(w.data[at:min(at+Sector, len(w.data))], w.offset+int64(at)))
			}
		}
	}
	buffer := make([]byte, 0, 1<<20)
	for _, w := range m.log {
		buffer = append(buffer[:0], w.data...)
		m.must(m.medium.ReadAt(buffer, w.offset))
		m.must(m.cached.WriteAt(buffer, w.offset))
	}
	clear(m.log)
	m.log, m.held, m.off = m.log[:0], 0, true
	close(m.dark)
}

// release lets go what waits in the dark. mu is held.
func (m *image) release() {
	select {
	case <-m.resume:
	default:
		close(m.resume)
	}
}

// abandon takes the power for good.
func (m *image) abandon() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.off {
		m.cut(Loss{})
	}
	m.release()
}

// must ends the test process if memory fails: nothing that it could say afterwards would be true.
func (m *image) must(_ int, err error) {
	if err != nil {
		panic(fmt.Errorf("image of the device: %w", err))
	}
}
