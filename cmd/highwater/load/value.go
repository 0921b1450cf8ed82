package load

import (
	"encoding/binary"

	"github.com/highwater-log/highwater/core/record"
)

// A value of a record, all numbers little-endian:
//
//	 0  link      u32  CRC-32C of the link before it in the parcel (0 for the head), then of the bytes from place on
//	                   without the stamp
//	 4  place     u32  0 is the head of its parcel; the highest bits are flags
//	 8  producer  u32
//	12  size      u32  records in the parcel
//	16  sequence  u64  }                 number of the parcel in its chain, from 0
//	24  chain     u64  } stamp: heads    hash of all parcels before; the period, if the flag cyclic is set
//	32  sent      u64  } only            when it was to be sent, by Now
//	40  filler         (16 in a record that is no head)
const (
	atPlace    = 4
	atProducer = 8
	atSize     = 12
	atStamp    = 16
	atSent     = 32
	stampSize  = 24
	followSize = atStamp

	// MinRecord is the smallest value that can carry the chain, in bytes.
	MinRecord = atStamp + stampSize
)

// Flags of place.
const (
	flagEnd    = 1 << 31 // the last of its chain: sequence is how many parcels there are
	flagCyclic = 1 << 30 // sequence counts modulo chain
	placeMask  = flagCyclic - 1
)

// value is the value of one record.
type value []byte

func (v value) link() uint32     { return binary.LittleEndian.Uint32(v) }
func (v value) flags() uint32    { return binary.LittleEndian.Uint32(v[atPlace:]) &^ placeMask }
func (v value) place() uint32    { return binary.LittleEndian.Uint32(v[atPlace:]) & placeMask }
func (v value) producer() uint32 { return binary.LittleEndian.Uint32(v[atProducer:]) }
func (v value) size() uint32     { return binary.LittleEndian.Uint32(v[atSize:]) }
func (v value) sequence() uint64 { return binary.LittleEndian.Uint64(v[atStamp:]) }
func (v value) chain() uint64    { return binary.LittleEndian.Uint64(v[atStamp+8:]) }
func (v value) sent() int64      { return int64(binary.LittleEndian.Uint64(v[atSent:])) }

// head reports whether v begins a parcel.
func (v value) head() bool { return v.place() == 0 }

// whole reports whether v is long enough to be what it says it is.
func (v value) whole() bool { return len(v) >= followSize && (!v.head() || len(v) >= MinRecord) }

// put writes everything but stamp and filler, and returns the link.
func (v value) put(flags, place, producer, size, before uint32) uint32 {
	binary.LittleEndian.PutUint32(v[atPlace:], place|flags)
	binary.LittleEndian.PutUint32(v[atProducer:], producer)
	binary.LittleEndian.PutUint32(v[atSize:], size)
	link := v.linkAfter(before)
	binary.LittleEndian.PutUint32(v, link)
	return link
}

// linkAfter is the link that v must have behind the link before.
func (v value) linkAfter(before uint32) uint32 {
	var first [4]byte
	binary.LittleEndian.PutUint32(first[:], before)
	sum := record.ChecksumUpdate(record.Checksum(first[:]), v[atPlace:atStamp])
	if v.head() {
		return record.ChecksumUpdate(sum, v[MinRecord:])
	}
	return record.ChecksumUpdate(sum, v[followSize:])
}

// stamp is what differs between two parcels of the same content.
type stamp [stampSize]byte

// makeStamp renders a stamp.
func makeStamp(sequence, chain uint64, sent int64) (s stamp) {
	binary.LittleEndian.PutUint64(s[0:], sequence)
	binary.LittleEndian.PutUint64(s[8:], chain)
	binary.LittleEndian.PutUint64(s[16:], uint64(sent))
	return s
}

// filler fills p with bytes that do not compress to nothing and differ with seed. About half of them are from a small
// alphabet, so that codecs have something to do.
func filler(p []byte, seed uint32) {
	x := seed*2654435761 + 1
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
		if i&8 != 0 {
			p[i] = 'a' + p[i]&7
		}
	}
}
