package fault

import "github.com/highwater-log/highwater/core/rand"

// Stream separates the draws of one subject from those of every other: a family that is switched off draws nothing, and
// a draw added to one shifts no other.
type Stream uint64

// The streams. The order is part of what a seed means: append, never insert.
const (
	StreamShape Stream = iota + 1
	StreamKnobs
	StreamWorkload
	StreamCrash
	StreamNetFault
	StreamSlowDisk
	StreamRot
	StreamReadError
	StreamWriteError
	StreamClock
	StreamDelay
	StreamSplit
	StreamDiskTime
	StreamTieBreak
	StreamTurn
	StreamIdentity
	StreamRetention
	StreamHand   // messages between cells
	StreamWide   // requests that span partitions
	StreamShards // their number, from life to life
	StreamProfile
	StreamPause
	StreamBoundary
	StreamSyncError
	StreamBootCrash
	StreamStop
	StreamSlot
	StreamSpoil
	StreamNoSpace
	StreamPutBack
)

// Rand is counter-based randomness: the n-th number of (seed, stream, entity) is a hash of all four. It has no state, so
// that it never matters who draws first.
type Rand struct{ key uint64 }

// NewRand is the randomness of one entity (a client, a connection, a node) in a stream.
func NewRand(seed uint64, s Stream, entity uint64) Rand {
	return Rand{key: rand.Mix3(seed, uint64(s), entity)}
}

// At is the n-th number.
func (r Rand) At(n uint64) uint64 { return rand.Mix2(r.key, n) }

// Below is the n-th number, at least 0 and less than limit.
func (r Rand) Below(n uint64, limit int) int { return int(r.At(n) % uint64(limit)) }

// Seq draws the numbers of r one after the other, for generators whose draws belong together.
func (r Rand) Seq() *Seq { return &Seq{r: r} }

// Seq is a cursor over a Rand.
type Seq struct {
	r Rand
	n uint64
}

// Next is the next number.
func (s *Seq) Next() uint64 {
	s.n++
	return s.r.At(s.n)
}

// Below is the next number, at least 0 and less than limit.
func (s *Seq) Below(limit int) int { return int(s.Next() % uint64(limit)) }

// Between is the next number, from lo to hi, both included.
func (s *Seq) Between(lo, hi int) int { return lo + s.Below(hi-lo+1) }

// OneIn is true once in n times.
func (s *Seq) OneIn(n int) bool { return s.Next()%uint64(n) == 0 }

// Pick is one of the choices.
func Pick[T any](s *Seq, choices ...T) T { return choices[s.Below(len(choices))] }

// LogBetween is from lo to hi with every order of magnitude as likely as every other. lo is at least 1.
func (s *Seq) LogBetween(lo, hi int) int {
	span := 0
	for v := lo; v < hi; v *= 2 {
		span++
	}
	top := lo << s.Below(span+1)
	return min(hi, s.Between(max(lo, top/2), top))
}
