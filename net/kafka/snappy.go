package kafka

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/snappy"
)

var errSnappy = errors.New("not snappy")

// xerialMagic begins the framing of the Java library: magic, two version numbers, then blocks with their size before
// them. Other clients write one bare block. Consumers read both.
const (
	xerialMagic  = "\x82SNAPPY\x00"
	xerialHeader = len(xerialMagic) + 8
)

// snappyExpansion is the most bytes that one byte of a snappy block can stand for, rounded up: a copy takes three bytes
// and yields at most 64. A block that declares more lies.
const snappyExpansion = 22

// keepBlock is the largest decoded block whose memory is kept, in bytes.
const keepBlock = 1 << 20

// snappyReader decodes block by block.
type snappyReader struct {
	src    []byte
	framed bool
	limit  int // decoded bytes of one block that are allowed; whoever reads counts the sum
	memory []byte
	block  []byte // decoded and not yet read; part of memory
}

func (s *snappyReader) reset(src []byte, limit int) {
	s.src, s.limit, s.block = src, limit, nil
	s.framed = len(src) >= xerialHeader && string(src[:len(xerialMagic)]) == xerialMagic
	if s.framed {
		s.src = src[xerialHeader:]
	}
	if cap(s.memory) > keepBlock {
		s.memory = nil
	}
}

// Read implements io.Reader.
func (s *snappyReader) Read(p []byte) (int, error) {
	for len(s.block) == 0 {
		if len(s.src) == 0 {
			return 0, io.EOF
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.block)
	s.block = s.block[n:]
	return n, nil
}

// next decodes the next block.
func (s *snappyReader) next() error {
	in := s.src
	if s.framed {
		if len(in) < 4 {
			return errSnappy
		}
		n := binary.BigEndian.Uint32(in)
		in = in[4:]
		if uint64(n) > uint64(len(in)) {
			return errSnappy
		}
		in = in[:n]
		s.src = s.src[4+n:]
	} else {
		s.src = nil
	}
	size, err := snappy.DecodedLen(in)
	switch {
	case err != nil || size > snappyExpansion*len(in):
		return errSnappy
	case size > s.limit:
		return errInflated
	}
	// The strict decoder: others take an extension of the format that consumers cannot read.
	block, err := snappy.DecodeStrict(s.memory[:cap(s.memory)], in)
	if err != nil {
		return errSnappy
	}
	s.memory, s.block = block[:0], block
	return nil
}
