package load

// Chain is what one producer has appended to one partition.
type Chain struct {
	Producer  uint32
	Partition int32
	Parcels   uint64 // that were sent; once everything is acknowledged: that the log holds
	hash      uint64 // of all of them
	sequence  int32  // the idempotent producer's next
}

// add counts one more parcel, which ended with that link.
func (c *Chain) add(link uint32) {
	c.hash = mix(c.hash, c.Parcels, link)
	c.Parcels++
}

// mix is the hash of a chain with one more parcel: the finalizer of splitmix64 over everything.
func mix(hash, sequence uint64, link uint32) uint64 {
	x := hash ^ sequence*0x9e3779b97f4a7c15 ^ uint64(link)<<32 ^ uint64(link)
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
