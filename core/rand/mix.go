package rand

const (
	gamma = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, odd

	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
)

// scramble is the finalizer of splitmix64: a bijection in which every input bit moves every output bit.
func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// absorb takes one key into a state.
func absorb(h, key uint64) uint64 { return scramble((h ^ key) + gamma) }

// Mix is the draw that the keys name, uniform over 64 bits: order and number of keys matter.
func Mix(keys ...uint64) uint64 {
	h := uint64(len(keys))
	for _, k := range keys {
		h = absorb(h, k)
	}
	return h
}

// Mix2 is Mix(a, b), for hot paths.
func Mix2(a, b uint64) uint64 { return absorb(absorb(2, a), b) }

// Mix3 is Mix(a, b, c), for hot paths.
func Mix3(a, b, c uint64) uint64 { return absorb(absorb(absorb(3, a), b), c) }

// Mix4 is Mix(a, b, c, d), for hot paths.
func Mix4(a, b, c, d uint64) uint64 { return absorb(absorb(absorb(absorb(4, a), b), c), d) }

// Label turns a name into a key: FNV-1a over its bytes.
func Label(name string) uint64 {
	h := uint64(fnvOffset)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * fnvPrime
	}
	return h
}
