package wire

import (
	"encoding/binary"
	"errors"
	"iter"
)

// What a Reader refuses.
var (
	ErrShort   = errors.New("wire: it ends early")
	ErrVarint  = errors.New("wire: varint too long")
	ErrLength  = errors.New("wire: length runs past the end")
	ErrNull    = errors.New("wire: null where none may be")
	ErrBool    = errors.New("wire: bool is neither 0 nor 1")
	ErrTags    = errors.New("wire: tags out of order")
	ErrTrailer = errors.New("wire: bytes behind the end")
)

// Reader takes values from the front of its input. The first error stays, and all later reads yield zero values.
type Reader struct {
	p   []byte
	err error
}

// NewReader reads p. Bytes and Raw return views of it.
func NewReader(p []byte) *Reader { return &Reader{p: p} }

// Err is the first error, nil so far.
func (r *Reader) Err() error { return r.err }

// Len counts the bytes that are left; 0 after an error.
func (r *Reader) Len() int { return len(r.p) }

// End is the first error, or ErrTrailer if bytes are left.
func (r *Reader) End() error {
	if r.err == nil && len(r.p) > 0 {
		r.fail(ErrTrailer)
	}
	return r.err
}

// Fail makes err the reader's error unless it has one: for decoders that refuse a value.
func (r *Reader) Fail(err error) { r.fail(err) }

func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.p = nil
}

// Raw takes n bytes, as a view of the input; nil after an error.
func (r *Reader) Raw(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.p) {
		r.fail(ErrShort)
		return nil
	}
	p := r.p[:n:n]
	r.p = r.p[n:]
	return p
}

// Int8 takes one byte.
func (r *Reader) Int8() int8 {
	if p := r.Raw(1); p != nil {
		return int8(p[0])
	}
	return 0
}

// Bool takes one byte that is 0 or 1.
func (r *Reader) Bool() bool {
	b := r.Int8()
	if b != 0 && b != 1 {
		r.fail(ErrBool)
	}
	return b == 1
}

// Uint16 takes two bytes.
func (r *Reader) Uint16() uint16 {
	if p := r.Raw(2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

// Int16 takes two bytes.
func (r *Reader) Int16() int16 { return int16(r.Uint16()) }

// Uint32 takes four bytes.
func (r *Reader) Uint32() uint32 {
	if p := r.Raw(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

// Int32 takes four bytes.
func (r *Reader) Int32() int32 { return int32(r.Uint32()) }

// Int64 takes eight bytes.
func (r *Reader) Int64() int64 {
	if p := r.Raw(8); p != nil {
		return int64(binary.BigEndian.Uint64(p))
	}
	return 0
}

// UUID takes 16 bytes.
func (r *Reader) UUID() (id [16]byte) {
	copy(id[:], r.Raw(len(id)))
	return id
}

// Uvarint takes an unsigned varint of 32 bits.
func (r *Reader) Uvarint() uint32 { return uint32(r.varint(32)) }

// Varint takes a zigzag varint of 32 bits.
func (r *Reader) Varint() int32 {
	u := uint32(r.varint(32))
	return int32(u>>1) ^ -int32(u&1)
}

// Varlong takes a zigzag varint of 64 bits.
func (r *Reader) Varlong() int64 {
	u := r.varint(64)
	return int64(u>>1) ^ -int64(u&1)
}

// varint takes an unsigned varint of at most width bits, in its shortest form.
func (r *Reader) varint(width int) uint64 {
	if r.err != nil {
		return 0
	}
	var v uint64
	for i, b := range r.p {
		shift := 7 * i
		if shift >= width || width-shift < 7 && b>>(width-shift) != 0 || b == 0 && i > 0 {
			r.fail(ErrVarint)
			return 0
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			r.p = r.p[i+1:]
			return v
		}
	}
	r.fail(ErrShort)
	return 0
}

// CompactBytes takes the bytes, as a view of the input. Null is an error.
func (r *Reader) CompactBytes() []byte {
	p, null := r.CompactNullableBytes()
	if null {
		r.fail(ErrNull)
	}
	return p
}

// CompactNullableBytes takes the bytes, as a view of the input, or null.
func (r *Reader) CompactNullableBytes() (p []byte, null bool) {
	n, null := r.length()
	return r.Raw(n), null
}

// CompactString takes a string. Null is an error.
func (r *Reader) CompactString() string { return string(r.CompactBytes()) }

// CompactNullableString takes a string or null.
func (r *Reader) CompactNullableString() (s string, null bool) {
	p, null := r.CompactNullableBytes()
	return string(p), null
}

// CompactArray takes the count of an array whose elements have at least size bytes (at least 1). Null is an error.
func (r *Reader) CompactArray(size int) int {
	n, null := r.CompactNullableArray(size)
	if null {
		r.fail(ErrNull)
	}
	return n
}

// CompactNullableArray takes the count of an array whose elements have at least size bytes (at least 1), or null.
func (r *Reader) CompactNullableArray(size int) (n int, null bool) {
	n, null = r.length()
	if n > len(r.p)/max(size, 1) {
		r.fail(ErrLength)
		return 0, false
	}
	return n, null
}

// length takes a compact length: no more than what is left, or null. An error counts as empty, not as null.
func (r *Reader) length() (n int, null bool) {
	u := r.Uvarint()
	if r.err != nil || u == 0 {
		return 0, r.err == nil
	}
	if int64(u)-1 > int64(len(r.p)) {
		r.fail(ErrLength)
		return 0, false
	}
	return int(u) - 1, false
}

// SkipTags takes tagged fields of which none is known.
func (r *Reader) SkipTags() {
	r.Tags()(func(uint32, *Reader) bool { return true })
}

// Tags takes the tagged fields and yields each with a reader over its content. Tags that the body does not know it
// leaves alone; an error of the content's reader becomes r's.
func (r *Reader) Tags() iter.Seq2[uint32, *Reader] {
	return func(yield func(uint32, *Reader) bool) {
		wanted := true
		last := int64(-1)
		for n := r.Uvarint(); n > 0 && r.err == nil; n-- {
			tag := r.Uvarint()
			size := r.Uvarint()
			if r.err == nil && int64(tag) <= last {
				r.fail(ErrTags)
			}
			if r.err == nil && int64(size) > int64(len(r.p)) {
				r.fail(ErrLength)
			}
			field := Reader{p: r.Raw(int(size))}
			if r.err != nil {
				return
			}
			last = int64(tag)
			wanted = wanted && yield(tag, &field)
			if field.err != nil {
				r.fail(field.err)
			}
		}
	}
}
