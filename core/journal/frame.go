package journal

import (
	"encoding/binary"
	"math"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// A frame as it lies in its chunk, from a block boundary on. All numbers are big-endian.
//
//	   0        4       6        8       12        16            24         32          40
//	   +--------+-------+--------+-------+---------+-------------+----------+-----------+
//	 0 | magic  | ver-  | header | keyed | entries | incarnation | sequence | durable   |  header blocks:
//	   | "HWJF" | sion  | blocks | CRC   |         |             |          | through   |  read, checked and
//	   +--------+-------+--------+-------+---------+-------------+----------+-----------+  believed as a whole
//	40 | chunk  | block in chunk | body bytes | previous header's CRC | entries of copy  |
//	   | (4)    | (4)            | (4)        | (4)                   | (4)    | 0 (4)   |
//	   +--------+----------------+------------+-----------------------+--------+---------+
//	64 | directory: one entry of 64 bytes per thing that happened                        |
//	   |   kind(1) 0(3) partition(4) topic(16) epoch(4) len(4) base(8) end(8) pos(8)      |
//	   |   crc(4) 0(4)                                                                   |
//	   +---------------------------------------------------------------------------------+
//	   | copy of the previous frame's directory (J3), same entries                       |
//	   +---------------------------------------------------------------------------------+
//	   | zeros up to the next block                                                      |
//	   +=================================================================================+
//	   | body: the payloads back to back, in directory order; each is covered by the     |  body blocks: a flipped
//	   | CRC of its own entry                                                            |  byte costs one entry
//	   +---------------------------------------------------------------------------------+
//	   | zeros up to the next block (not checked: nothing is read from them)             |
//	   +---------------------------------------------------------------------------------+
//
// The keyed CRC is CRC-32C(directory secret || header blocks with the CRC field zero). It binds chunk and block, so
// bytes of a frame are a frame only in the place that they were written for, and only in the directory whose secret
// made them: payload that imitates a frame, misdirected writes and foreign rings are noise.
const (
	fixedSize      = 64
	entrySize      = 64
	crcAt          = 8
	frameMagic     = 0x48574a46 // "HWJF"
	frameVersion   = 2          // what is written; 1 is the same without direct entries, and read
	maxChunkNumber = 1<<31 - 1
)

// Sizes that the layout rests on, checked by the compiler (a negative unsigned constant does not compile): entries never
// straddle a block, and the largest block number, chunk number and header fit their fields.
const (
	_ = -uint(event.BlockSize % entrySize)
	_ = -uint(fixedSize % entrySize)
	_ = uint32(maxChunkSize / event.BlockSize)
	_ = uint32(maxChunkNumber)
	_ = uint16(maxFrameSize / 4 / event.BlockSize)
)

// Header is what the header blocks of a frame say.
type Header struct {
	Incarnation uint64
	Seq         uint64
	Durable     uint64 // every frame with a lower sequence number was durable when this one was submitted
	Chunk       int64  // number of the chunk that the frame was written into
	Offset      int64  // byte in the chunk at which it begins
	HeaderLen   int    // bytes of the header blocks
	BodyLen     int    // bytes of payload
	CRC         uint32 // keyed, of the header blocks
	Previous    uint32 // CRC of the frame Seq-1; 0 for the first of an incarnation
	Entries     []Entry
	Copy        []Entry // directory of the frame Seq-1
}

// Size is the bytes that the frame takes in its chunk.
func (h *Header) Size() int { return h.HeaderLen + blocksUp(h.BodyLen) }

// headerSize is the size in bytes of header blocks with n entries and m copied ones.
func headerSize(n, m int) int { return blocksUp(fixedSize + (n+m)*entrySize) }

// encodeHeader writes h into dst, which is zero and exactly headerSize long, and returns the keyed CRC.
func encodeHeader(dst []byte, secret *[16]byte, h *Header) uint32 {
	be := binary.BigEndian
	be.PutUint32(dst, frameMagic)
	be.PutUint16(dst[4:], frameVersion)
	be.PutUint16(dst[6:], uint16(len(dst)/event.BlockSize))
	be.PutUint32(dst[12:], uint32(len(h.Entries)))
	be.PutUint64(dst[16:], h.Incarnation)
	be.PutUint64(dst[24:], h.Seq)
	be.PutUint64(dst[32:], h.Durable)
	be.PutUint32(dst[40:], uint32(h.Chunk))
	be.PutUint32(dst[44:], uint32(h.Offset/event.BlockSize))
	be.PutUint32(dst[48:], uint32(h.BodyLen))
	be.PutUint32(dst[52:], h.Previous)
	be.PutUint32(dst[56:], uint32(len(h.Copy)))
	p := dst[fixedSize:]
	for i := range h.Entries {
		encodeEntry(p, &h.Entries[i])
		p = p[entrySize:]
	}
	for i := range h.Copy {
		encodeEntry(p, &h.Copy[i])
		p = p[entrySize:]
	}
	sum := keyedSum(secret, dst)
	be.PutUint32(dst[crcAt:], sum)
	return sum
}

// decodeHeader reads the frame at byte offset of the chunk whose bytes from there to its end are p. What
// encodeHeader did not make for this place is no frame. Nothing is allocated before the keyed CRC agreed, and then no
// more than p's own bytes describe.
func decodeHeader(p []byte, secret *[16]byte, chunk, offset int64) (h Header, ok bool) {
	be := binary.BigEndian
	if len(p) < event.BlockSize || be.Uint32(p) != frameMagic || !readable(be.Uint16(p[4:])) {
		return h, false
	}
	h = Header{
		CRC:         be.Uint32(p[crcAt:]),
		Incarnation: be.Uint64(p[16:]),
		Seq:         be.Uint64(p[24:]),
		Durable:     be.Uint64(p[32:]),
		Chunk:       int64(be.Uint32(p[40:])),
		Offset:      int64(be.Uint32(p[44:])) * event.BlockSize,
		HeaderLen:   int(be.Uint16(p[6:])) * event.BlockSize,
		BodyLen:     int(be.Uint32(p[48:])),
		Previous:    be.Uint32(p[52:]),
	}
	n, m := int(be.Uint32(p[12:])), int(be.Uint32(p[56:]))
	switch {
	case h.Chunk != chunk || h.Offset != offset:
		return h, false
	case h.HeaderLen > len(p) || n > h.HeaderLen/entrySize || m > h.HeaderLen/entrySize:
		return h, false
	case h.HeaderLen != headerSize(n, m) || h.BodyLen > len(p)-h.HeaderLen ||
		h.Durable > h.Seq || h.Seq == math.MaxUint64:
		return h, false
	case keyedSum(secret, p[:h.HeaderLen]) != h.CRC:
		return h, false
	}
	h.Entries, ok = decodeEntries(p[fixedSize:], n)
	if !ok || payloadLen(h.Entries) != int64(h.BodyLen) {
		return h, false
	}
	h.Copy, ok = decodeEntries(p[fixedSize+n*entrySize:], m)
	return h, ok
}

// readable reports whether frames of that version are frames to this build.
func readable(version uint16) bool { return version >= 1 && version <= frameVersion }

// keyedSum is the keyed CRC of header blocks, whatever their CRC field holds.
func keyedSum(secret *[16]byte, p []byte) uint32 {
	var zero [4]byte
	sum := record.Checksum(secret[:])
	sum = record.ChecksumUpdate(sum, p[:crcAt])
	sum = record.ChecksumUpdate(sum, zero[:])
	return record.ChecksumUpdate(sum, p[crcAt+4:])
}
