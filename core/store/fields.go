package store

import (
	"encoding/binary"
	"errors"

	"github.com/highwater-log/highwater/core/event"
)

var errShort = errors.New("it ends early") //pure:ok an error value, never assigned

// fields reads fixed-size little-endian fields. Once the input ended it yields zeros and keeps the error, so a decoder
// checks once at its end; counts are checked against the bytes that are there before anything is allocated.
type fields struct {
	p   []byte
	err error
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.p) {
		f.err, f.p = errShort, nil
		return nil
	}
	b := f.p[:n:n]
	f.p = f.p[n:]
	return b
}

func (f *fields) uint64() uint64 {
	if b := f.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (f *fields) uint32() uint32 {
	if b := f.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (f *fields) int64() int64 { return int64(f.uint64()) }
func (f *fields) int32() int32 { return int32(f.uint32()) }
func (f *fields) bool() bool   { return f.uint32() != 0 }

func (f *fields) uuid() (u event.UUID) {
	copy(u[:], f.take(len(u)))
	return u
}

func (f *fields) tp() event.TP { return event.TP{Topic: f.uuid(), Partition: f.int32()} }

// bytes reads a length and so many bytes: a view.
func (f *fields) bytes() []byte { return f.take(int(f.uint32())) }

// count reads how many items of at least size bytes follow.
func (f *fields) count(size int) int {
	n := int(f.uint32())
	if n > len(f.p)/size {
		f.err, f.p = errShort, nil
		return 0
	}
	return n
}

func put64(dst []byte, v ...int64) []byte {
	for _, n := range v {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	}
	return dst
}

func put32(dst []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(dst, v) }

func putBool(dst []byte, v bool) []byte {
	if v {
		return put32(dst, 1)
	}
	return put32(dst, 0)
}

func putTP(dst []byte, tp event.TP) []byte {
	return put32(append(dst, tp.Topic[:]...), uint32(tp.Partition))
}

func putBytes(dst, p []byte) []byte { return append(put32(dst, uint32(len(p))), p...) }
