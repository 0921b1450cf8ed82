package fault

import "github.com/highwater-log/highwater/core/event"

// bound moves every other size of a header to one of its bounds: the smallest that works, one, or more than is ever needed. What
// is off by one shows there.
func bound(h *Header, s *Seq) {
	for _, move := range []func(){
		func() { h.Turn = Pick(s, 1, 1000) },
		func() { h.WallMs = Pick[int64](s, 0, 1, 4_102_444_800_000, 253_402_300_799_000) },
		func() { h.HandOver = Pick(s, 1, 20*event.Millisecond) },
		func() { h.Net.Min, h.Net.Tail, h.Net.Room = 1, 0, Pick(s, 256, 1<<20) }, // little room on a slow wire carries no batch in time
		func() { h.Net.Min, h.Net.Tail, h.Net.Room = 1, 10*event.Millisecond, 1<<20 },
		func() { h.Net.Split = Pick(s, 0, 2) },
		func() { h.Disk.Read, h.Disk.Write, h.Disk.Flush = 1, 1, 1 },
		func() { h.Disk.TailRatio = 1000 },
		func() { h.Store.InFlight = Pick(s, 1, 4) },
		func() { h.Store.MaxChunks = Pick(s, 2, 12) },
		func() { h.Store.SealAfter = Pick(s, 1, event.Second) },
		func() { h.Store.WriteBehind = Pick(s, 1, 1<<20) },
		func() { h.Store.CheckpointAge = Pick(s, event.Microsecond, 20*event.Second) },
		func() { h.Store.CheckpointAt = Pick(s, 1, 99) },
		func() { h.Store.TailBytes = Pick[int64](s, 0, 1<<20) },
		func() { h.Store.SegmentBytes = Pick[int64](s, event.BlockSize, 1<<20) },
		func() { h.Store.IndexInterval = Pick[int64](s, 1, 1<<20) },
		func() { h.Store.MaxReadBytes = Pick[int64](s, event.BlockSize, 1<<20) },
		func() { h.Store.DirectBytes, h.Store.DirectWrites = event.BlockSize, Pick(s, 1, 100) },
	} {
		if s.OneIn(3) {
			move()
		}
	}
	if h.Store.MaxChunks == 2 { // a ring of two chunks holds a frame and the reserve in one of them
		h.Store.ChunkSize, h.Store.MaxFrame = max(h.Store.ChunkSize, 64<<10), 32<<10
	}
	for i := range h.Topics {
		if t := &h.Topics[i]; s.OneIn(3) {
			t.Segment = Pick(s, event.BlockSize, 1<<30)
		}
	}
	for i := range h.Clients {
		c := &h.Clients[i]
		if s.OneIn(4) {
			c.InFlight = min(c.InFlight, Pick(s, 1, 5))
		}
		if c.Role == Consumer && s.OneIn(3) {
			c.MaxWait = Pick[int32](s, 0, 300)
		}
	}
}
