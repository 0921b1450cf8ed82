package front

// shardSet is a set of shards, by number.
type shardSet [4]uint64

func (s *shardSet) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *shardSet) remove(i int)   { s[i/64] &^= 1 << (i % 64) }
func (s *shardSet) has(i int) bool { return s[i/64]>>(i%64)&1 == 1 }
func (s *shardSet) empty() bool    { return *s == shardSet{} }
