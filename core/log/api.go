package log

// EpochEntry is one line of the leader-epoch cache: Epoch's first record is, or will be, at Start.
type EpochEntry struct {
	Epoch int32
	Start int64
}

// Segment is one file of a partition: batches [Base, End), Size bytes. A log has at least one; all but the last are
// sealed and never change.
type Segment struct {
	Base         int64
	End          int64
	Size         int64 // bytes of batches
	MaxTimestamp int64 // largest record timestamp, -1 if it has none
	First        int64 // largest timestamp of its first batch, -1 if that has none
	// Idle is the wall clock when retention found that nothing had been appended since it looked before, -1 before that:
	// the age of a segment whose timestamps tell none. idleAt is its end of then.
	Idle   int64
	idleAt int64
	Index  Index
}

// Settings are the numbers a log is kept by.
type Settings struct {
	SegmentBytes  int64 // a segment is rolled before it would grow beyond this
	SegmentMs     int64 // and before its timestamps would span more than this, in milliseconds; 0 for no limit
	IndexInterval int64 // bytes of batches between two index entries
}
