package kafka

import (
	"encoding/binary"
	"errors"
)

// What a malformed message fails with.
var (
	errShort    = errors.New("ends before its fields do")
	errVarint   = errors.New("a variable-length integer has more bytes than its type")
	errNegative = errors.New("a length is negative where null is not allowed")
	errTagOrder = errors.New("tagged fields are not in ascending order")
)

// reader takes Kafka's primitives off the front of a message, without copying. After an error everything reads as zero
// and rest is empty, so that callers check once.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

// span takes n bytes; negative n is an error.
func (r *reader) span(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.fail(errShort)
		return nil
	}
	p := r.rest[:n:n]
	r.rest = r.rest[n:]
	return p
}

func (r *reader) int16() int16 {
	if p := r.span(2); p != nil {
		return int16(binary.BigEndian.Uint16(p))
	}
	return 0
}

func (r *reader) int32() int32 {
	if p := r.span(4); p != nil {
		return int32(binary.BigEndian.Uint32(p))
	}
	return 0
}

// uvarint takes an unsigned integer of at most 32 bits.
func (r *reader) uvarint() uint32 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // as most are
		v := r.rest[0]
		r.rest = r.rest[1:]
		return uint32(v)
	}
	v, n := binary.Uvarint(r.rest)
	switch {
	case n == 0:
		r.fail(errShort)
		return 0
	case n < 0 || n > binary.MaxVarintLen32 || v > 1<<32-1:
		r.fail(errVarint)
		return 0
	}
	r.rest = r.rest[n:]
	return uint32(v)
}

// nullableShort takes a string with a two-byte length; nil is null.
func (r *reader) nullableShort() []byte {
	n := r.int16()
	if n == -1 {
		return nil
	}
	return r.span(int(n))
}

// tags takes a section of tagged fields (KIP-482) and hands each to visit, if there is one. Tags ascend strictly;
// unknown ones are skipped. Returns how many there were.
func (r *reader) tags(visit func(tag uint32, value []byte)) int {
	count := r.uvarint()
	if uint64(count)*2 > uint64(len(r.rest)) {
		r.fail(errShort)
		return 0
	}
	last := int64(-1)
	for range count {
		tag := r.uvarint()
		value := r.span(int(r.uvarint()))
		if r.err != nil {
			return 0
		}
		if int64(tag) <= last {
			r.fail(errTagOrder)
			return 0
		}
		last = int64(tag)
		if visit != nil {
			visit(tag, value)
		}
	}
	return int(count)
}
