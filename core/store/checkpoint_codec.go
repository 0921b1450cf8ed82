package store

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/log"
	"github.com/highwater-log/highwater/core/record"
)

// A checkpoint's payload, little-endian: directory id, generation, Seq; number of partitions and each of them; number of
// deleted partitions that frame Seq may speak of or whose removal is not done, and each with its cover. A partition is its TP, cover, known high
// watermark, log (length and bytes, see core/log), derived state (length and bytes), CRC of the partial last block, and
// its kept damage. Frames below Seq are covered for every partition.
type image struct {
	directory  event.UUID
	generation uint64
	seq        uint64
	parts      []imagePartition
	gone       []imageGrave
}

type imagePartition struct {
	tp      event.TP
	count   int32 // entries of frame seq that are covered
	hw      int64
	log     *log.Log
	derived []byte
	headCRC uint32
	damage  []Damage
}

type imageGrave struct {
	tp    event.TP
	count int32
	empty bool // nothing of it is on the disk; only frame seq may still speak of it
}

const (
	imagePartitionSize = 60 // at least, in bytes
	imageGraveSize     = 28
	damageSize         = 20
)

func (m *image) encode() []byte {
	p := append([]byte(nil), m.directory[:]...)
	p = put64(p, int64(m.generation), int64(m.seq))
	p = put32(p, uint32(len(m.parts)))
	for i := range m.parts {
		p = m.parts[i].appendTo(p)
	}
	p = put32(p, uint32(len(m.gone)))
	for _, g := range m.gone {
		p = putBool(put32(putTP(p, g.tp), uint32(g.count)), g.empty)
	}
	return p
}

func (m *imagePartition) appendTo(p []byte) []byte {
	p = put32(putTP(p, m.tp), uint32(m.count))
	p = put64(p, m.hw)
	p = putBytes(p, m.log.AppendTo(nil))
	p = putBytes(p, m.derived)
	p = put32(p, m.headCRC)
	p = put32(p, uint32(len(m.damage)))
	for _, d := range m.damage {
		p = put64(p, d.From, d.To)
		p = putBytes(p, []byte(d.Why))
	}
	return p
}

// decodeImage reads one checkpoint file.
func decodeImage(settings log.Settings, file []byte) (m *image, err error) {
	p, err := unwrap(magicCheckpoint, file)
	if err != nil {
		return nil, err
	}
	f := fields{p: p}
	m = &image{directory: f.uuid(), generation: f.uint64(), seq: f.uint64()}
	for n := f.count(imagePartitionSize); n > 0; n-- {
		part, err := f.imagePartition(settings)
		if err != nil {
			return nil, err
		}
		if k := len(m.parts); k > 0 && m.parts[k-1].tp.Compare(part.tp) >= 0 {
			return nil, fmt.Errorf("partition %s-%d is out of order", part.tp.Topic, part.tp.Partition)
		}
		m.parts = append(m.parts, part)
	}
	for n := f.count(imageGraveSize); n > 0; n-- {
		m.gone = append(m.gone, imageGrave{tp: f.tp(), count: f.int32(), empty: f.bool()})
	}
	return m, f.err
}

func (f *fields) imagePartition(settings log.Settings) (m imagePartition, err error) {
	m = imagePartition{tp: f.tp(), count: f.int32(), hw: f.int64()}
	encoded := f.bytes()
	m.derived, m.headCRC = f.bytes(), f.uint32()
	for n := f.count(damageSize); n > 0; n-- {
		m.damage = append(m.damage, Damage{From: f.int64(), To: f.int64(), Why: string(f.bytes()), Kept: true})
	}
	if f.err != nil {
		return m, f.err
	}
	m.log, encoded, err = log.Decode(settings, encoded)
	if err == nil && len(encoded) > 0 {
		err = fmt.Errorf("%d bytes behind the log state", len(encoded))
	}
	if err != nil {
		return m, fmt.Errorf("partition %s-%d: %w", m.tp.Topic, m.tp.Partition, err)
	}
	return m, nil
}

// booked is the log of p as the records staged so far will leave it.
func (p *Partition) booked() *log.Log {
	start := p.begins()
	if start == p.log.Start() {
		return p.log
	}
	l := p.log.Clone()
	if start > l.End() {
		l.Gap(start)
		l.Flush(start)
	}
	l.Advance(start)
	return l
}

// image is the store as it is now: what a checkpoint begun now will say.
func (s *Store) image(generation, seq uint64) *image {
	m := &image{directory: s.hard.wanted.Directory, generation: generation, seq: seq}
	for _, p := range s.parts {
		part := imagePartition{tp: p.tp, hw: p.hw, log: p.booked()}
		if p.cover.Seq == seq {
			part.count = p.cover.Count
		}
		if p.derived != nil && !p.short {
			part.derived = p.derived.AppendTo(nil)
		}
		if f := p.active(); f.size%event.BlockSize != 0 {
			part.headCRC = record.Checksum(f.bytes(&p.tail, floorBlock(f.size), f.size))
		}
		for _, d := range above(p.damage, p.begins()) {
			if d.Kept {
				part.damage = append(part.damage, d)
			}
		}
		m.parts = append(m.parts, part)
	}
	for _, g := range s.gone {
		count := int32(0)
		if g.cover.Seq == seq {
			count = g.cover.Count
		}
		m.gone = append(m.gone, imageGrave{tp: g.p.tp, count: count, empty: g.step == graveEmpty})
	}
	return m
}
