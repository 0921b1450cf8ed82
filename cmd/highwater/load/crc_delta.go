package load

import "github.com/highwater-log/highwater/core/record"

// crcDelta moves the CRC-32C of a message of fixed length along when single bytes change, without reading the rest.
//
// A CRC is linear over GF(2): crc(m xor d) = crc(m) xor L(d), where L depends on d and on the length alone. L is found
// once for every bit that may change, by flipping it; after that a changed byte costs one look-up.
type crcDelta struct {
	at     []int // places in the message that may change
	tables [][256]uint32
}

// newCRCDelta prepares for messages like m, which may change at those places. m is as it was when it returns.
func newCRCDelta(m []byte, at []int) *crcDelta {
	d := &crcDelta{at: at, tables: make([][256]uint32, len(at))}
	base := record.Checksum(m)
	for i, place := range at {
		t := &d.tables[i]
		for bit := range 8 {
			m[place] ^= 1 << bit
			t[1<<bit] = record.Checksum(m) ^ base
			m[place] ^= 1 << bit
		}
		for v := 1; v < 256; v++ {
			low := v & -v
			t[v] = t[low] ^ t[v^low]
		}
	}
	return d
}

// put changes the bytes of m from place number i on to p, and returns the checksum that was sum before.
func (d *crcDelta) put(m []byte, sum uint32, i int, p []byte) uint32 {
	for _, b := range p {
		at := d.at[i]
		if changed := m[at] ^ b; changed != 0 {
			sum ^= d.tables[i][changed]
			m[at] = b
		}
		i++
	}
	return sum
}
