package rand

import "math/bits"

// Source is one stream of draws. It must be made by New or Split.
type Source struct {
	seed  uint64 // what Split derives children from; never changes
	state uint64
}

// New makes the stream of seed.
func New(seed uint64) *Source { return &Source{seed: seed, state: seed} }

// Uint64 is the next draw, uniform over 64 bits.
func (s *Source) Uint64() uint64 {
	s.state += gamma
	return scramble(s.state)
}

// Uint64N is the next draw scaled to [0, n). 0 where n is 0.
func (s *Source) Uint64N(n uint64) uint64 { return Scale(s.Uint64(), n) }

// IntN is the next draw scaled to [0, n). 0 where n is not positive.
func (s *Source) IntN(n int) int { return int(s.Uint64N(uint64(max(n, 0)))) }

// Chance is true with probability num/den: never where num is 0, always where num >= den > 0.
func (s *Source) Chance(num, den uint64) bool { return s.Uint64N(den) < num }

// Split makes the child stream that label names: the same for every call, however far s has been drawn.
func (s *Source) Split(label string) *Source { return New(Mix2(s.seed, Label(label))) }

// Scale maps the draw to [0, n) by its upper bits; 0 where n is 0. The bias, below n/2^64, is accepted so that one draw
// is always enough.
func Scale(draw, n uint64) uint64 {
	hi, _ := bits.Mul64(draw, n)
	return hi
}
