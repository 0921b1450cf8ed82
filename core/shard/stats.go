package shard

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/store"
)

// Stats are the numbers of a shard at one moment. Filling them walks over nothing.
type Stats struct {
	Store store.Stats
	Held  int // produce requests that wait for room in the journal, or for producers that are being rebuilt
	// Since the start: requests that were ever held, and what was appended.
	EverHeld       uint64
	Batches        uint64
	Records, Bytes uint64
}

// counters are what a shard counts for its Stats.
type counters struct{ held, batches, records, bytes uint64 }

// Stats are the shard's numbers now.
func (s *Shard) Stats() Stats {
	return Stats{
		Store: s.store.Stats(), Held: len(s.held), EverHeld: s.count.held, Batches: s.count.batches, Records: s.count.records,
		Bytes: s.count.bytes,
	}
}

// Wounded is one range of offsets of a partition that is lost or rotten.
type Wounded struct {
	Name   string // of the topic; "" where no assignment has named it yet
	TP     event.TP
	Damage store.Damage
}

// Wounded lists everything that is damaged, by partition. It walks over all partitions: ask when Stats.Store.Wounds has grown.
func (s *Shard) Wounded() (list []Wounded) {
	for _, sp := range s.store.Partitions() {
		for _, d := range sp.Damaged() {
			w := Wounded{TP: sp.TP(), Damage: d}
			if p := s.partitions[sp.TP()]; p != nil {
				w.Name = p.name
			}
			list = append(list, w)
		}
	}
	return list
}
