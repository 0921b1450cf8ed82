package broker

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/highwater-log/highwater/core/controller"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/front"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/rand"
	"github.com/highwater-log/highwater/core/store"
)

// Config is what a broker is told about its world. Production and Tiny fill everything but Node, Endpoints and Configs.
type Config struct {
	Node event.NodeID
	// Cluster is the cluster's id for a directory that is formatted now; a found one keeps its own.
	Cluster event.UUID
	// Incarnation is drawn anew at each start.
	Incarnation event.UUID
	// Endpoints are the listeners as clients reach them; the first one is told to them.
	Endpoints []metadata.Endpoint
	Rack      string
	// Configs are the configurations that the operator set, by Kafka's names.
	Configs []event.ConfigEntry
	// Dice draw topic ids and placements.
	Dice controller.Dice
	// Home and Shards are the stores; their Machine is set by New. The number of shards is theirs.
	Home   store.Config
	Shards []store.Config
	// Lag is how far a follower may be behind and still be in sync (replica.Config).
	Lag event.Time
	// StartWait, MaxParked, CreateWait and IDWait are the fronts' (front.Config).
	StartWait, CreateWait, IDWait event.Time
	MaxParked                     int
	// MaxPartitions and MaxTopics bound one request to create topics.
	MaxPartitions, MaxTopics int
	// MaxSessions bounds the fetch sessions over all fronts, MaxSessionPartitions their partitions for each of them.
	MaxSessions, MaxSessionPartitions int
}

// productionSegment is the size of a segment in bytes: Kafka's default for log.segment.bytes.
const productionSegment = 1 << 30

// Production is a broker of one shard with good numbers for real disks: a journal ring of 256 MiB and a metadata
// journal of 32 MiB. Identities and secrets are drawn from dice; a directory that is not empty keeps its own.
func Production(dice controller.Dice) Config {
	shard := productionShard()
	home := shard
	home.ChunkSize, home.MaxChunks, home.Reserve, home.TailBytes = 4<<20, 8, 2<<20, 4<<20
	home.SegmentBytes = 64 << 20
	home.DirectBytes = 0
	c := Config{
		Dice: dice, Home: home, Shards: []store.Config{shard},
		Lag: 2 * event.Second, StartWait: 10 * event.Second, CreateWait: event.Second, IDWait: 5 * event.Second,
		MaxParked: 4096, MaxPartitions: 10_000, MaxTopics: 1000, MaxSessions: 1000, MaxSessionPartitions: 100_000,
	}
	c.draw(dice)
	return c
}

func productionShard() store.Config {
	return store.Config{
		ChunkSize: 16 << 20, MaxChunks: 16, MaxFrame: 4 << 20, InFlight: 4, Writing: 1, Reserve: 8 << 20,
		SealAfter: event.Millisecond, DirectBytes: 64 << 10, DirectWrites: 16, WriteBehind: 1 << 20, CheckpointAge: 10 * event.Second, CheckpointAt: 50,
		TailBytes: 64 << 20, SegmentBytes: productionSegment, IndexInterval: 4096, MaxReadBytes: 1 << 20, Alloc: alloc,
	}
}

// LargestBatch is the largest record batch that a broker of Production takes, in bytes.
func LargestBatch() int64 {
	s := productionShard()
	return maxBatch(&s)
}

// Tiny is a broker of small, drawn sizes for simulations: rings go round, segments roll and checkpoints follow each
// other within a few hundred batches.
func Tiny(source *rand.Source) Config {
	one := func(s *rand.Source) store.Config {
		return store.Config{
			ChunkSize:     64 << 10 << s.IntN(2),
			MaxChunks:     4 + s.IntN(4),
			MaxFrame:      32 << 10 << s.IntN(2),
			InFlight:      1 + s.IntN(4),
			Writing:       1,
			Reserve:       16 << 10,
			SealAfter:     event.Time(1+s.IntN(5)) * event.Millisecond,
			WriteBehind:   4 << 10 << s.IntN(4),
			CheckpointAge: event.Time(20+s.IntN(480)) * event.Millisecond,
			CheckpointAt:  25 + s.IntN(50),
			TailBytes:     16 << 10 << s.IntN(4),
			SegmentBytes:  16 << 10 << s.IntN(5),
			IndexInterval: 256 << s.IntN(5),
			MaxReadBytes:  16 << 10 << s.IntN(3),
			Alloc:         alloc,
		}
	}
	shard := one(source.Split("shard"))
	c := Config{
		Dice: source.Split("dice"), Home: one(source.Split("home")), Shards: []store.Config{shard},
		Lag: 2 * event.Second, StartWait: 10 * event.Second, CreateWait: event.Second, IDWait: 5 * event.Second,
		MaxParked: 64, MaxPartitions: 100, MaxTopics: 20, MaxSessions: 1 + source.Split("sessions").IntN(8),
		MaxSessionPartitions: 50,
	}
	c.draw(source.Split("identity"))
	return c
}

// alloc is memory of the collector, for who has no better.
func alloc(size int) *event.Buffer { return event.NewBuffer(make([]byte, size), event.Machine{}) }

// draw gives the broker its identities and the stores their secrets.
func (c *Config) draw(dice controller.Dice) {
	c.Cluster, c.Incarnation = uuid(dice), uuid(dice)
	c.Home.Directory, c.Home.Secret = uuid(dice), uuid(dice)
	for i := range c.Shards {
		c.Shards[i].Directory, c.Shards[i].Secret = uuid(dice), uuid(dice)
	}
}

// uuid draws 122 random bits in the form of RFC 9562, version 4.
func uuid(dice controller.Dice) (id event.UUID) {
	for half := range 2 {
		bits := dice.Uint64()
		for i := range 8 {
			id[half*8+i] = byte(bits >> (8 * i))
		}
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// SetJournalBytes makes the ring of every shard as large as n bytes allow, rounded down to whole chunks.
func (c *Config) SetJournalBytes(n int64) {
	for i := range c.Shards {
		c.Shards[i].MaxChunks = int(n / c.Shards[i].ChunkSize)
	}
}

// MaxShards is the largest number of shards of a broker: machines are numbered by a byte.
const MaxShards = 255

// SetShards makes it a broker of n shards, and so of n cells, all like the first one. The others draw their identities and
// secrets from dice.
func (c *Config) SetShards(n int, dice controller.Dice) {
	for len(c.Shards) < n {
		s := c.Shards[0]
		s.Directory, s.Secret = uuid(dice), uuid(dice)
		c.Shards = append(c.Shards, s)
	}
	c.Shards = c.Shards[:n]
}

// check says what cannot work.
func (c *Config) check() error {
	if c.Node < 0 {
		return fmt.Errorf("node id %d: it must be at least 0", c.Node)
	}
	if len(c.Shards) < 1 || len(c.Shards) > MaxShards {
		return fmt.Errorf("%d shards: there must be 1 to %d", len(c.Shards), MaxShards)
	}
	if len(c.Endpoints) == 0 {
		return fmt.Errorf("no listener that clients could reach")
	}
	if err := checkStore(&c.Home); err != nil {
		return fmt.Errorf("metadata store: %w", err)
	}
	for i := range c.Shards {
		if err := checkStore(&c.Shards[i]); err != nil {
			return fmt.Errorf("shard %d: %w", i, err)
		}
	}
	return nil
}

func checkStore(s *store.Config) error {
	j := ring(s)
	return j.Check()
}

func ring(s *store.Config) journal.Config {
	return journal.Config{
		ChunkSize: s.ChunkSize, MaxChunks: s.MaxChunks, MaxFrame: s.MaxFrame, InFlight: s.InFlight, Writing: s.Writing, Reserve: s.Reserve,
		SealAfter: s.SealAfter,
	}
}

// maxBatch is the largest record batch that a store takes, in bytes: a frame's largest payload, less what may have to
// ride along with it.
func maxBatch(s *store.Config) int64 {
	j := ring(s)
	return int64(j.MaxPayload()) - 2*event.BlockSize
}

// settings are the broker's configurations, with defaults. Topics roll where the store would, unless the operator says
// otherwise.
func (c *Config) settings() (*metadata.Settings, error) {
	limit, set := maxBatch(&c.Shards[0]), slices.Clone(c.Configs)
	for i := range c.Shards {
		limit = min(limit, maxBatch(&c.Shards[i]))
	}
	const key = "log.segment.bytes"
	given := slices.ContainsFunc(set, func(e event.ConfigEntry) bool { return e.Key == key })
	if size := c.Shards[0].SegmentBytes; !given && size != productionSegment {
		set = append(set, event.ConfigEntry{Key: key, Value: strconv.FormatInt(size, 10)})
	}
	return metadata.NewSettings(set, limit)
}

// retentionCheck is how often shards look for what may go; 0 for never, which is what periods beyond a hundred years mean.
func retentionCheck(s *metadata.Settings) event.Time {
	const longest = int64(event.Never / event.Millisecond / 2)
	ms := s.Int64("log.retention.check.interval.ms")
	if ms > longest {
		return 0
	}
	return event.Time(ms) * event.Millisecond
}

func (c *Config) front(i int, s *metadata.Settings) front.Config {
	return front.Config{
		Machine: event.Machine{Role: event.RoleFront, Index: uint8(i)}, Node: c.Node, Shards: len(c.Shards), Settings: s,
		StartWait: c.StartWait, MaxParked: c.MaxParked, CreateWait: c.CreateWait, IDWait: c.IDWait,
		MaxSessions: max(1, c.MaxSessions/len(c.Shards)), MaxSessionPartitions: c.MaxSessionPartitions,
		Dice: rand.New(rand.Mix3(binary.LittleEndian.Uint64(c.Incarnation[:8]), binary.LittleEndian.Uint64(c.Incarnation[8:]), uint64(i))),
	}
}
