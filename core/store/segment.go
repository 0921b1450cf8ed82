package store

import (
	"github.com/highwater-log/highwater/core/event"
)

// segfile is the file of one segment: how far its bytes have come on their way to the disk. One operation of it is under
// way at a time, so no two writes can touch one block (S-2).
//
//	0             floor(written)   written        durable        size
//	|---------------------|-----------|--------------|-------------|
//	  full blocks, done     head        in memory,     in memory,
//	                        (done,      journal has    journal has
//	                        partial)    it durably     it in flight
type segfile struct {
	base      int64
	size      int64 // bytes of batches: what the log says
	durable   int64 // below it, the journal has every byte durably: these may be written
	written   int64 // below it, every byte was written (durable only after the next SyncFs)
	submitted int64 // below it, bytes were handed to a write, done or under way
	target    int64 // to be written up to here, a partial last block included
	length    int64 // size of the file as it is known
	// head are the bytes [floor(written), written): the part of a partial block that is in the file already.
	head []byte
	// headCRC is what the checkpoint says of head, while vouched; used in recovery only.
	headCRC uint32
	vouched bool
	// suspect: a crash may have torn the block of head in the file, so it is written again from memory.
	suspect bool
	// prefixSeq is the frame that holds the bytes of the last block up to where an append went on (J4).
	prefixSeq uint64
	// cutSeq is the frame that must be durable before the file is cut or removed: the truncation, or 0.
	cutSeq uint64
	// direct are the ranges behind written that do not take the way of write-behind, in order.
	direct []*extent
	// laps counts reuses of the file from byte 0. A completion of an earlier lap says nothing about this one.
	laps int

	madeSeq    uint64 // the frame that must be durable before the file is made: its creation or roll
	wanted     bool   // large batches come: it is to exist before write-behind needs it
	rooted     bool   // its entry in the directory is durable
	unreserved bool   // there was no space to reserve
	exists     bool   // on the disk, as far as this store ordered it
	busy       bool   // an operation is under way
	sealed     bool   // takes no appends any more
	exact      bool   // is to be cut to size: sealed, or the store stops
	unresolved bool   // size is a floor: the exact one is being looked up
	adopted    bool   // a checkpoint has it; used in recovery only
	indexed    bool   // an index file of its bytes is there
	covers     int64  // bytes that it speaks of, while indexed; 0 where nobody has looked yet
	due        bool   // not sealed, and the index file is to be written all the same
	saving     bool   // the index file is being written
	unindexed  bool   // its index is not wholly known: there is nothing to write
	staleIndex bool   // an index file from before a truncation may be there, and has to go
	counted    bool   // the checkpoint under way waits for it
	indexing   bool   // its index is being looked up
	readers    int    // reads under way
	waiting    []func(why string, out *event.Buf)
	parked     []*walk // wait for the end of the operation under way
}

// settled reports whether the file needs nothing any more, until the log changes.
func (f *segfile) settled() bool {
	return !f.busy && !f.saving && !f.unresolved && f.reached() && (!f.sealed || !f.wantsIndex())
}

// reached reports whether everything that was asked of the file's bytes is done.
func (f *segfile) reached() bool {
	return f.written >= f.target && !f.suspect && !f.staleIndex && (!f.exact || !f.exists || f.length == f.size)
}

// readable is the byte below which the file may be read: full blocks, and the last one too where it will never be written
// again and is not being cut now. What is behind is in memory, or will be readable when the operation under way ends.
func (f *segfile) readable() int64 {
	if f.written == f.size && !f.busy && !f.suspect && (f.sealed || f.exact && f.length == f.size) {
		return f.size
	}
	return floorBlock(f.written)
}

// hold keeps the file from being cut, emptied or removed while it is read.
func (f *segfile) hold() { f.readers++ }

// letGo ends a hold.
func (s *Store) letGo(p *Partition, f *segfile) {
	if f.readers--; f.readers == 0 {
		s.enqueue(p)
	}
}

// restart empties the file for another use: its bytes on the disk are no truth any more.
func (f *segfile) restart() {
	f.laps++
	f.direct = nil
	f.size, f.durable, f.written, f.submitted, f.target = 0, 0, 0, 0, 0
	f.head, f.prefixSeq, f.vouched, f.suspect = nil, 0, false, false
	f.outdate()
	f.sealed, f.exact, f.unresolved = false, false, false
}

// nextWrite is the range of bytes to be written now: whole blocks if there are enough of them, and the partial last one
// if the target wants it, up to where a direct write went. from is a block boundary.
func (f *segfile) nextWrite(threshold int64) (from, to int64, ok bool) {
	from = floorBlock(f.written)
	full := floorBlock(f.durable)
	switch {
	case f.written < f.target && f.durable >= f.target:
		to = f.durable
		if full >= f.target {
			to = full
		}
	case f.written < f.target, full-from >= threshold:
		to = full
	}
	if f.suspect {
		to = max(to, f.written)
	}
	if at, ok := f.barrier(); ok && full >= at {
		to = at // no more comes before it
	} else if ok {
		to = min(to, at)
	}
	to = min(to, from+maxWrite)
	return from, to, to > f.written || f.suspect
}

// maxWrite is the size of one write-behind write, in bytes.
const maxWrite = 1 << 20
