package fault

import "github.com/highwater-log/highwater/core/event"

// NewHeader draws the shape of a run: topics, clients, sizes and delays.
func NewHeader(seed uint64, p Profile) Header {
	s := NewRand(seed, StreamKnobs, 0).Seq()
	h := Header{
		Format: Format, Seed: seed, Profile: p.Name, Label: LabelSurvive,
		Turn:   Pick(s, 1, 2, 4, 16),
		WallMs: 1_700_000_000_000 + int64(s.Below(1_000_000_000)),
		Disk:   drawDisk(s),
		Net:    drawNet(s),
		Store:  drawStore(s),
	}
	cells := NewRand(seed, StreamHand, 0).Seq()
	h.Shards = Pick(cells, 1, 1, 2, 3, 4)
	if h.Shards > 1 {
		h.HandOver = event.Time(cells.LogBetween(1, 2000)) * event.Microsecond
		h.Store.spread(cells)
	}
	h.Store.DirectBytes, h.Store.DirectWrites = drawDirect(NewRand(seed, StreamKnobs, 1).Seq())
	if direct := NewRand(seed, StreamKnobs, 2).Seq(); h.Store.DirectBytes > 0 {
		h.Store.Writing = direct.Between(1, h.Store.InFlight)
	}
	for _, name := range []string{"alpha", "beta", "gamma"}[:s.Between(1, 3)] {
		h.Topics = append(h.Topics, Topic{Name: name, Partitions: int32(s.Between(1, 3)), Segment: Pick(s, 4096, 8192, 16384, 65536, 1<<20)})
	}
	if s.OneIn(4) || h.Store.DirectBytes > 0 && s.OneIn(3) {
		h.Topics = append(h.Topics, Topic{Name: "doomed", Partitions: 1, Segment: 8192, Doomed: true})
	}
	for range s.Between(2, 4) {
		h.Clients = append(h.Clients, Client{
			Role: Producer, Idempotent: !s.OneIn(4), InFlight: Pick(s, 1, 2, 3, 4, 5, 5, 5), ByID: s.OneIn(2), Timeout: timeout(s),
		})
	}
	for range s.Between(1, 3) {
		h.Clients = append(h.Clients, Client{
			Role: Consumer, ByID: s.OneIn(2), Timeout: timeout(s), MaxWait: int32(s.LogBetween(1, 100)),
			Sessions: cells.OneIn(2),
		})
	}
	h.Clients = append(h.Clients, Client{Role: Admin, Timeout: timeout(s)})
	for i := range h.Topics { // the last draws, so that topics that grow shift nothing else
		if t := &h.Topics[i]; !t.Doomed && s.OneIn(3) {
			t.GrowsTo = t.Partitions + int32(s.Between(1, 3))
		}
	}
	retain(&h, NewRand(seed, StreamRetention, 0).Seq())
	change(&h, NewRand(seed, StreamShards, 0).Seq())
	if p.On(seed, Boundary) {
		bound(&h, NewRand(seed, StreamBoundary, 0).Seq())
	}
	return h
}

// change gives one run in four brokers that come back with another number of shards, most of the time.
func change(h *Header, s *Seq) {
	if !s.OneIn(4) {
		return
	}
	h.ShardCounts = []int{h.CellCount()}
	for range s.Between(1, 5) {
		h.ShardCounts = append(h.ShardCounts, s.Between(1, 4))
	}
	if h.HandOver == 0 {
		h.HandOver = event.Time(s.LogBetween(1, 2000)) * event.Microsecond
	}
}

// retain gives every other run topics that forget: by size, by age, or both, a few segments at a time.
func retain(h *Header, s *Seq) {
	if s.OneIn(2) {
		return
	}
	h.RetentionCheckMs = Pick[int64](s, 2, 20, 200)
	for i := range h.Topics {
		t := &h.Topics[i]
		if s.OneIn(3) {
			t.RetentionBytes = int64(s.LogBetween(1, 64)) << 10
		}
		if s.OneIn(5) {
			t.RetentionMs = int64(s.LogBetween(1, 4000))
		}
		if s.OneIn(5) {
			t.SegmentMs = int64(s.LogBetween(1, 2000))
		}
	}
}

// Roles of clients.
const (
	Producer = "producer"
	Consumer = "consumer"
	Admin    = "admin"
)

func timeout(s *Seq) event.Time { return event.Time(s.LogBetween(200, 3000)) * event.Millisecond }

func drawDisk(s *Seq) DiskTime {
	return DiskTime{
		Read:      event.Time(s.LogBetween(20, 200)) * event.Microsecond,
		Write:     event.Time(s.LogBetween(20, 400)) * event.Microsecond,
		Flush:     event.Time(s.LogBetween(50, 2000)) * event.Microsecond,
		TailRatio: Pick(s, 0, 50, 100, 400),
	}
}

func drawNet(s *Seq) NetTime {
	return NetTime{
		Min:   event.Time(s.LogBetween(20, 500)) * event.Microsecond,
		Tail:  event.Time(s.LogBetween(1, 1000)) * event.Microsecond,
		Room:  s.LogBetween(512, 65536),
		Split: Pick(s, 0, 2, 8, 32),
	}
}

// drawDirect lets large batches go straight to their segments in three of four runs, from sizes on that a batch has now and then, or a few
// batches have together.
func drawDirect(s *Seq) (bytes, writes int) {
	return Pick(s, 0, 1024, 4096, 6000), s.Between(1, 8)
}

// drawStore is small in every direction: a ring that laps in a run, segments of a few batches.
func drawStore(s *Seq) Store {
	chunk := Pick(s, 32, 64, 64, 128) << 10
	return Store{
		InFlight:      s.Between(1, 4),
		ChunkSize:     int64(chunk),
		MaxChunks:     Pick(s, 3, 3, 4, 6),
		MaxFrame:      min(chunk, Pick(s, 32, 64)<<10),
		Reserve:       16 << 10,
		SealAfter:     event.Time(Pick(s, 100, 1000, 5000)) * event.Microsecond,
		WriteBehind:   Pick(s, 4, 8, 16, 64) << 10,
		CheckpointAge: event.Time(Pick(s, 2, 20, 200, 1000)) * event.Millisecond,
		CheckpointAt:  Pick(s, 20, 33, 50),
		TailBytes:     int64(Pick(s, 1, 8, 64)) << 10,
		SegmentBytes:  int64(Pick(s, 4, 16, 64)) << 10,
		IndexInterval: int64(Pick(s, 128, 1024, 4096)),
		MaxReadBytes:  int64(Pick(s, 8, 16, 64)) << 10,
	}
}

// spread makes the sizes of several shards fit for the part of the load that each gets: in most runs the rings are the smallest
// and checkpoints wait until they are full, or few would ever lap.
func (k *Store) spread(s *Seq) {
	if s.OneIn(3) {
		return
	}
	k.ChunkSize, k.MaxChunks, k.MaxFrame = 32<<10, 3, 32<<10
	k.CheckpointAge = event.Second
}
