package store

// Stats are the numbers of a store at one moment. Filling them walks over nothing, so that a shell may ask often.
type Stats struct {
	Occupied   int64  // bytes of the journal ring that frames keep from being written again
	Capacity   int64  // bytes of the whole ring
	Referred   int64  // bytes of segments that direct entries of the ring refer to: they count like the ring's (J6)
	Flying     int    // frames on their way to the disk
	Unwritten  int64  // bytes of batches that are in memory and not in their segments
	Warm       int64  // bytes of batches that are in their segments, and kept in memory for readers
	Partitions int    // that are held
	BadReads   uint64 // reads that failed, or whose bytes did not verify: every try counts
	Wounds     uint64 // grows whenever Damaged of some partition changes
}

// Stats are the store's numbers now.
func (s *Store) Stats() Stats {
	return Stats{
		Occupied: s.journal.Occupied(), Capacity: s.journal.Capacity(), Referred: s.direct.refers, Flying: s.journal.Flying(),
		Unwritten: s.unwritten, Warm: s.warmth.bytes, Partitions: len(s.Partitions()), BadReads: s.badReads, Wounds: s.wounds,
	}
}
