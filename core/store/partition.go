package store

import (
	"fmt"
	"slices"
	"sort"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/log"
)

// Partition is one partition's log as its store keeps it.
type Partition struct {
	tp      event.TP
	log     *log.Log
	files   []*segfile // one for each of the log's segments, in their order
	doomed  []*segfile // cut away or trimmed: to be removed
	busy    []*segfile // of files, those that are not settled
	tail    tail
	run     run
	pace    pace
	warmEnd int64 // below it, batches in memory are in their segments and may be given up
	derived Derived
	stale   bool  // derived does not speak for the log: it has to be built anew
	short   bool  // it ends where it met damage
	rebuild *walk // builds it
	hw      int64 // the largest known high watermark
	hwSaid  int64 // the largest that the journal or the checkpoint has
	damage  []Damage
	wounds  *uint64 // the store's: how often the damage of any of its partitions has changed
	cover   cover
	trims   []trim // log starts on their way, lowest first
	// needPrefix: the journal may lose the bytes of the active segment's partial block, so the next append to it
	// journals them again (J4).
	needPrefix bool
	queued     bool // in the work queue
	listed     bool // in the list of flushed partitions
	hwQueued   bool // in the list of partitions whose high watermark is not journalled
	dead       bool // deleted
	folder     bool // its directory may exist
	// replayed counts the entries of one frame while it is replayed.
	replayed cover
}

// cover says how far a partition's state goes in the journal: everything of frames below Seq, and the first Count of its
// entries in frame Seq.
type cover struct {
	Seq   uint64
	Count int32
}

// take counts an entry of frame seq.
func (c *cover) take(seq uint64) {
	if c.Seq != seq {
		c.Seq, c.Count = seq, 0
	}
	c.Count++
}

// Damage is a range of offsets whose bytes are lost or rotten. What lies below From is served.
type Damage struct {
	From, To int64
	Why      string
	// Kept damage is part of every checkpoint. The other kind was met by a reader and is found again by the next.
	Kept bool
}

// TP names the partition.
func (p *Partition) TP() event.TP { return p.tp }

// Log is the log's bookkeeping: to be read, not to be changed.
func (p *Partition) Log() *log.Log { return p.log }

// HighWater is the largest high watermark that this store was told of, this time or before (R7).
func (p *Partition) HighWater() int64 { return p.hw }

// Derived is the state that is kept along with the log, nil if the configuration has none.
func (p *Partition) Derived() Derived { return p.derived }

// Rebuilding reports whether Derived is being built anew after a truncation, and so does not speak for the whole log.
func (p *Partition) Rebuilding() bool { return p.stale }

// SetSegments changes the size in bytes and the age in milliseconds at which the partition's segments are rolled.
func (p *Partition) SetSegments(size, age int64) { p.log.SetSegments(size, age) }

// Offline says why the partition takes no appends: CodeKafkaStorageError and the damaged range, or CodeNone.
func (p *Partition) Offline() (event.Code, string) {
	if len(p.damage) == 0 {
		return event.CodeNone, ""
	}
	d := p.damage[0]
	return event.CodeKafkaStorageError, fmt.Sprintf("partition %s-%d: offsets [%d, %d) %s",
		p.tp.Topic, p.tp.Partition, d.From, d.To, d.Why)
}

// Damaged lists the damaged ranges, lowest first.
func (p *Partition) Damaged() []Damage { return p.damage }

// intact is the offset below which the log is served.
func (p *Partition) intact() int64 {
	if len(p.damage) == 0 {
		return p.log.End()
	}
	return min(p.damage[0].From, p.log.End())
}

// hurt marks a range as damaged, as far as it is not below the log start.
func (p *Partition) hurt(d Damage) {
	if d.From = max(d.From, p.log.Start()); d.To <= d.From {
		return
	}
	for i := range p.damage {
		if p.damage[i].From == d.From && p.damage[i].To == d.To {
			p.damage[i].Kept = p.damage[i].Kept || d.Kept
			p.changed()
			return
		}
	}
	p.damage = append(p.damage, d)
	p.changed()
	slices.SortFunc(p.damage, func(a, b Damage) int { return int(max(min(a.From-b.From, 1), -1)) })
}

// changed counts a change of the damage.
func (p *Partition) changed() {
	if p.wounds != nil {
		*p.wounds++
	}
}

// active is the file of the active segment.
func (p *Partition) active() *segfile { return p.files[len(p.files)-1] }

// file is the file of the segment base, or nil.
func (p *Partition) file(base int64) *segfile {
	i := sort.Search(len(p.files), func(i int) bool { return p.files[i].base >= base })
	if i == len(p.files) || p.files[i].base != base {
		return nil
	}
	return p.files[i]
}

// segment is the log's segment whose file is f.
func (p *Partition) segment(f *segfile) *log.Segment { return &p.log.Segments()[p.log.Find(f.base)] }

// open begins the file of the segment base behind the others: a new one, or one of that name that was to be removed.
func (p *Partition) open(base int64) *segfile {
	f := &segfile{base: base}
	for i, d := range p.doomed {
		if d.base == base {
			f = d
			f.restart()
			p.doomed = slices.Delete(p.doomed, i, i+1)
			break
		}
	}
	if n := len(p.files); n > 0 {
		last := p.files[n-1]
		last.sealed, last.exact, last.target = true, true, last.size
	}
	p.files = append(p.files, f)
	p.keepBusy(f)
	p.needPrefix = false
	return f
}

// keepBusy has f visited until it is settled.
func (p *Partition) keepBusy(f *segfile) {
	if !slices.Contains(p.busy, f) {
		p.busy = append(p.busy, f)
	}
}

// doom takes the file of the segment base out of the log, to be removed once frame seq is durable.
func (p *Partition) doom(base int64, seq uint64) {
	for i, f := range p.files {
		if f.base == base {
			f.cutSeq, f.direct = seq, nil
			p.files = slices.Delete(p.files, i, i+1)
			p.busy = slices.DeleteFunc(p.busy, func(b *segfile) bool { return b == f })
			p.doomed = append(p.doomed, f)
			return
		}
	}
}

// path names a file of p.
func (s *Store) path(p *Partition, kind event.FileKind, base int64) event.File {
	return event.File{Kind: kind, Store: s.cfg.Machine, Topic: p.tp.Topic, Partition: p.tp.Partition, Base: base}
}

// newPartition is an empty partition whose first offset is base.
func (s *Store) newPartition(tp event.TP, base int64) *Partition {
	p := &Partition{tp: tp, hw: -1, hwSaid: -1, wounds: &s.wounds}
	p.log = log.New(s.settings(), base)
	p.open(base)
	if s.cfg.NewDerived != nil {
		p.derived = s.cfg.NewDerived(tp)
	}
	return p
}

func (s *Store) settings() log.Settings {
	return log.Settings{SegmentBytes: s.cfg.SegmentBytes, IndexInterval: s.cfg.IndexInterval}
}

// insert puts p among the partitions.
func (s *Store) insert(p *Partition) {
	i, found := s.search(p.tp)
	if found {
		s.parts[i] = p
		return
	}
	s.parts = slices.Insert(s.parts, i, p)
}

func (s *Store) search(tp event.TP) (int, bool) {
	return slices.BinarySearchFunc(s.parts, tp, func(p *Partition, tp event.TP) int { return p.tp.Compare(tp) })
}

// Partitions are the store's partitions, sorted by TP. The slice is the store's own, valid until the next change.
func (s *Store) Partitions() []*Partition {
	if s.state == Opening {
		return nil
	}
	return s.parts
}

// Get is the partition tp, or nil.
func (s *Store) Get(tp event.TP) *Partition {
	i, found := s.search(tp)
	if !found || s.state == Opening {
		return nil
	}
	return s.parts[i]
}

// Create makes the partition tp, whose first offset is base. The record of it is in the turn's flush group; its files
// come into being when there is something to write.
func (s *Store) Create(tp event.TP, base int64, out *event.Buf) *Partition {
	p := s.newPartition(tp, base)
	s.insert(p)
	seq, _, _ := s.stage(p, journal.Entry{Kind: journal.EntryCreate, Base: base})
	p.active().madeSeq = seq
	if s.replaces(tp) {
		s.journal.Demand(seq, s.now, out)
	}
	return p
}
