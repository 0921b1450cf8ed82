package wire

import (
	"encoding/binary"
	"slices"
)

// Writer appends values to a byte slice. What it writes, Reader reads.
type Writer struct{ p []byte }

// NewWriter appends to dst, which may be nil.
func NewWriter(dst []byte) *Writer { return &Writer{p: dst} }

// Bytes is dst with everything that was written.
func (w *Writer) Bytes() []byte { return w.p }

// Raw writes p as it is.
func (w *Writer) Raw(p []byte) { w.p = append(w.p, p...) }

// Int8 writes one byte.
func (w *Writer) Int8(v int8) { w.p = append(w.p, byte(v)) }

// Bool writes 0 or 1.
func (w *Writer) Bool(v bool) {
	if v {
		w.Int8(1)
		return
	}
	w.Int8(0)
}

// Uint16 writes two bytes.
func (w *Writer) Uint16(v uint16) { w.p = binary.BigEndian.AppendUint16(w.p, v) }

// Int16 writes two bytes.
func (w *Writer) Int16(v int16) { w.Uint16(uint16(v)) }

// Uint32 writes four bytes.
func (w *Writer) Uint32(v uint32) { w.p = binary.BigEndian.AppendUint32(w.p, v) }

// Int32 writes four bytes.
func (w *Writer) Int32(v int32) { w.Uint32(uint32(v)) }

// Int64 writes eight bytes.
func (w *Writer) Int64(v int64) { w.p = binary.BigEndian.AppendUint64(w.p, uint64(v)) }

// UUID writes 16 bytes.
func (w *Writer) UUID(id [16]byte) { w.p = append(w.p, id[:]...) }

// Uvarint writes an unsigned varint of 32 bits.
func (w *Writer) Uvarint(v uint32) { w.p = binary.AppendUvarint(w.p, uint64(v)) }

// Varint writes a zigzag varint of 32 bits.
func (w *Writer) Varint(v int32) { w.Varlong(int64(v)) }

// Varlong writes a zigzag varint of 64 bits.
func (w *Writer) Varlong(v int64) { w.p = binary.AppendVarint(w.p, v) }

// CompactBytes writes length and content.
func (w *Writer) CompactBytes(p []byte) {
	w.CompactArray(len(p))
	w.p = append(w.p, p...)
}

// CompactString writes length and content.
func (w *Writer) CompactString(s string) {
	w.CompactArray(len(s))
	w.p = append(w.p, s...)
}

// CompactNull writes a null string, null bytes or a null array.
func (w *Writer) CompactNull() { w.Uvarint(0) }

// CompactNullableString writes a string, or null.
func (w *Writer) CompactNullableString(s string, null bool) {
	if null {
		w.CompactNull()
		return
	}
	w.CompactString(s)
}

// CompactArray writes the count of an array; its n elements follow.
func (w *Writer) CompactArray(n int) { w.Uvarint(uint32(n) + 1) }

// Tag is one tagged field: its number and its encoded content.
type Tag struct {
	Number uint32
	Data   []byte
}

// Tags writes tagged fields, in ascending order whatever theirs was; without any it writes the empty list. Numbers must
// differ.
func (w *Writer) Tags(tags ...Tag) {
	w.Uvarint(uint32(len(tags)))
	if !slices.IsSortedFunc(tags, byNumber) {
		tags = slices.SortedFunc(slices.Values(tags), byNumber)
	}
	for _, t := range tags {
		w.Uvarint(t.Number)
		w.Uvarint(uint32(len(t.Data)))
		w.p = append(w.p, t.Data...)
	}
}

func byNumber(a, b Tag) int { return int(int64(a.Number) - int64(b.Number)) }
