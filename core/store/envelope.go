package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/highwater-log/highwater/core/record"
)

// Every small file of a store is an envelope, little-endian, whose frame is the same in all versions to come:
//
//	0       4         8               16       20
//	+-------+---------+---------------+--------+---------- - - ----+----------+
//	| magic | version | length of the | CRC    | payload           | end mark |
//	|       |         | payload       | of all |                   | ~magic   |
//	+-------+---------+---------------+--------+---------- - - ----+----------+
//
// The CRC-32C covers the whole with its own field zero. What lies behind the end mark is nobody's.
const (
	envelopeHead = 20
	envelopeSize = envelopeHead + 4

	magicHard       = 0x48575348 // "HSWH"
	magicSidecar    = 0x49575348 // "HSWI"
	magicCheckpoint = 0x43575348 // "HSWC"
	magicIndex      = 0x58575348 // "HSWX"
)

var (
	errNewer   = errors.New("written by a newer version") //pure:ok an error value, never assigned
	errNothing = errors.New("nothing was written here")   //pure:ok an error value, never assigned
)

// wrap puts payload into an envelope.
func wrap(magic uint32, payload []byte) []byte {
	le := binary.LittleEndian
	p := make([]byte, envelopeHead, envelopeSize+len(payload))
	le.PutUint32(p, magic)
	le.PutUint32(p[4:], FormatVersion)
	le.PutUint64(p[8:], uint64(len(payload)))
	p = append(p, payload...)
	p = le.AppendUint32(p, ^magic)
	le.PutUint32(p[16:], record.Checksum(p))
	return p
}

// unwrap returns the payload of the envelope at the front of p: a view. errNothing where p holds but zeros, errNewer
// where a newer version's envelope is whole.
func unwrap(magic uint32, p []byte) ([]byte, error) {
	le := binary.LittleEndian
	if blank(p) {
		return nil, errNothing
	}
	if len(p) < envelopeSize || le.Uint32(p) != magic {
		return nil, fmt.Errorf("no magic %08x", magic)
	}
	n := le.Uint64(p[8:])
	if n > uint64(len(p)-envelopeSize) {
		return nil, fmt.Errorf("%d bytes of payload do not fit %d bytes", n, len(p))
	}
	p = p[:envelopeSize+int(n)]
	var zero [4]byte
	sum := record.ChecksumUpdate(record.Checksum(p[:16]), zero[:])
	sum = record.ChecksumUpdate(sum, p[envelopeHead:])
	if sum != le.Uint32(p[16:]) || le.Uint32(p[len(p)-4:]) != ^magic {
		return nil, errors.New("its checksum or end mark is wrong")
	}
	if v := le.Uint32(p[4:]); v > FormatVersion {
		return nil, fmt.Errorf("%w: format %d, this build knows up to %d", errNewer, v, FormatVersion)
	}
	return p[envelopeHead : len(p)-4], nil
}

// blank reports whether p holds only zeros.
func blank(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}
