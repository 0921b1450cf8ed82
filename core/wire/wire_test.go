package wire

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Encodings that are known from Kafka's protocol guide, byte by byte.
func TestWriter_KnownBytes(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(*Writer)
		want  []byte
	}{
		{"int16", func(w *Writer) { w.Int16(-2) }, []byte{0xff, 0xfe}},
		{"int32", func(w *Writer) { w.Int32(0x01020304) }, []byte{1, 2, 3, 4}},
		{"int64", func(w *Writer) { w.Int64(-1) }, bytes.Repeat([]byte{0xff}, 8)},
		{"bool", func(w *Writer) { w.Bool(true); w.Bool(false) }, []byte{1, 0}},
		{"uvarint 300", func(w *Writer) { w.Uvarint(300) }, []byte{0xac, 0x02}},
		{"uvarint max", func(w *Writer) { w.Uvarint(math.MaxUint32) }, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}},
		{"varint -1", func(w *Writer) { w.Varint(-1) }, []byte{1}},
		{"varint min", func(w *Writer) { w.Varint(math.MinInt32) }, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}},
		{"compact string", func(w *Writer) { w.CompactString("ab") }, []byte{3, 'a', 'b'}},
		{"empty string", func(w *Writer) { w.CompactString("") }, []byte{1}},
		{"null string", func(w *Writer) { w.CompactNullableString("x", true) }, []byte{0}},
		{"no tags", func(w *Writer) { w.Tags() }, []byte{0}},
		{"tags are sorted", func(w *Writer) { w.Tags(Tag{5, []byte{9}}, Tag{1, nil}) }, []byte{2, 1, 0, 5, 1, 9}},
	} {
		w := NewWriter(nil)
		c.write(w)
		if !bytes.Equal(w.Bytes(), c.want) {
			t.Errorf("%s: % x, want % x", c.name, w.Bytes(), c.want)
		}
	}
}

func TestReader_Refuses(t *testing.T) {
	for _, c := range []struct {
		name string
		read func(*Reader)
		in   []byte
		want error
	}{
		{"int32 cut off", func(r *Reader) { r.Int32() }, []byte{1, 2, 3}, ErrShort},
		{"uuid cut off", func(r *Reader) { r.UUID() }, make([]byte, 15), ErrShort},
		{"bool of 2", func(r *Reader) { r.Bool() }, []byte{2}, ErrBool},
		{"varint cut off", func(r *Reader) { r.Uvarint() }, []byte{0x80}, ErrShort},
		{"varint of six bytes", func(r *Reader) { r.Uvarint() }, []byte{0xff, 0xff, 0xff, 0xff, 0x8f, 0}, ErrVarint},
		{"varint beyond 32 bits", func(r *Reader) { r.Uvarint() }, []byte{0xff, 0xff, 0xff, 0xff, 0x1f}, ErrVarint},
		{"padded varint", func(r *Reader) { r.Varint() }, []byte{0x81, 0}, ErrVarint},
		{"varlong of eleven bytes", func(r *Reader) { r.Varlong() }, append(bytes.Repeat([]byte{0xff}, 10), 1), ErrVarint},
		{"varlong beyond 64 bits", func(r *Reader) { r.Varlong() }, append(bytes.Repeat([]byte{0xff}, 9), 2), ErrVarint},
		{"string past the end", func(r *Reader) { r.CompactString() }, []byte{4, 'a', 'b'}, ErrLength},
		{"string of 4 GiB", func(r *Reader) { r.CompactString() }, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, ErrLength},
		{"null string", func(r *Reader) { r.CompactString() }, []byte{0}, ErrNull},
		{"null array", func(r *Reader) { r.CompactArray(1) }, []byte{0}, ErrNull},
		{"array beyond what is left", func(r *Reader) { r.CompactArray(4) }, []byte{3, 0, 0, 0, 0, 0, 0, 0}, ErrLength},
		{"tags out of order", func(r *Reader) { r.SkipTags() }, []byte{2, 3, 0, 1, 0}, ErrTags},
		{"tag twice", func(r *Reader) { r.SkipTags() }, []byte{2, 3, 0, 3, 0}, ErrTags},
		{"tag past the end", func(r *Reader) { r.SkipTags() }, []byte{1, 3, 9, 0}, ErrLength},
		{"more tags than bytes", func(r *Reader) { r.SkipTags() }, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0}, ErrShort},
		{"inside a tag", func(r *Reader) {
			for _, f := range r.Tags() {
				f.Int32()
			}
		}, []byte{1, 0, 2, 7, 7}, ErrShort},
		{"trailer", func(r *Reader) { r.Int8() }, []byte{1, 2}, ErrTrailer},
	} {
		r := NewReader(c.in)
		c.read(r)
		if err := r.End(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if r.Int64() != 0 || r.CompactArray(1) != 0 || r.Len() != 0 || !errors.Is(r.Err(), c.want) {
			t.Errorf("%s: the error is not sticky", c.name)
		}
	}
}

func TestReader_FailKeepsTheFirst(t *testing.T) {
	r := NewReader([]byte{1})
	r.Fail(ErrBool)
	r.Fail(ErrTags)
	if !errors.Is(r.Err(), ErrBool) {
		t.Error(r.Err())
	}
}

// A body that leaves the loop early leaves the reader behind all tags, each of them still checked.
func TestReader_TagsAreReadToTheEnd(t *testing.T) {
	in := []byte{2, 1, 1, 42, 4, 2, 8, 8, 99}
	r := NewReader(in)
	var got int8
	for tag, f := range r.Tags() {
		if tag == 1 {
			got = f.Int8()
		}
		break
	}
	if got != 42 || r.Int8() != 99 || r.End() != nil {
		t.Errorf("tag 1 holds %d, then %v", got, r.End())
	}
	bad := NewReader([]byte{2, 1, 0, 1, 0})
	for range bad.Tags() {
		break
	}
	if !errors.Is(bad.Err(), ErrTags) {
		t.Errorf("tags behind a break: %v", bad.Err())
	}
}

// A value is one thing that can be written and read back.
type value struct {
	write func(*Writer)
	same  func(*Reader) bool
}

func values() *rapid.Generator[value] {
	return rapid.Custom(func(t *rapid.T) value {
		i := rapid.Int64().Draw(t, "int")
		s := rapid.String().Draw(t, "string")
		null := rapid.Bool().Draw(t, "null")
		var id [16]byte
		copy(id[:], s)
		return rapid.SampledFrom([]value{
			{func(w *Writer) { w.Int8(int8(i)) }, func(r *Reader) bool { return r.Int8() == int8(i) }},
			{func(w *Writer) { w.Bool(null) }, func(r *Reader) bool { return r.Bool() == null }},
			{func(w *Writer) { w.Uint16(uint16(i)) }, func(r *Reader) bool { return r.Uint16() == uint16(i) }},
			{func(w *Writer) { w.Int16(int16(i)) }, func(r *Reader) bool { return r.Int16() == int16(i) }},
			{func(w *Writer) { w.Uint32(uint32(i)) }, func(r *Reader) bool { return r.Uint32() == uint32(i) }},
			{func(w *Writer) { w.Int32(int32(i)) }, func(r *Reader) bool { return r.Int32() == int32(i) }},
			{func(w *Writer) { w.Int64(i) }, func(r *Reader) bool { return r.Int64() == i }},
			{func(w *Writer) { w.UUID(id) }, func(r *Reader) bool { return r.UUID() == id }},
			{func(w *Writer) { w.Uvarint(uint32(i)) }, func(r *Reader) bool { return r.Uvarint() == uint32(i) }},
			{func(w *Writer) { w.Varint(int32(i)) }, func(r *Reader) bool { return r.Varint() == int32(i) }},
			{func(w *Writer) { w.Varlong(i) }, func(r *Reader) bool { return r.Varlong() == i }},
			{func(w *Writer) { w.CompactString(s) }, func(r *Reader) bool { return r.CompactString() == s }},
			{func(w *Writer) { w.CompactBytes([]byte(s)) }, func(r *Reader) bool { return string(r.CompactBytes()) == s }},
			{func(w *Writer) { w.Raw([]byte(s)) }, func(r *Reader) bool { return string(r.Raw(len(s))) == s }},
			{func(w *Writer) { w.CompactNullableString(s, null) }, func(r *Reader) bool {
				got, isNull := r.CompactNullableString()
				return isNull == null && (null && got == "" || got == s)
			}},
			{func(w *Writer) { w.CompactArray(1); w.Int64(i) }, func(r *Reader) bool {
				return r.CompactArray(8) == 1 && r.Int64() == i
			}},
			{func(w *Writer) { w.Tags(Tag{2, []byte(s)}, Tag{7, nil}) }, func(r *Reader) bool {
				n, ok := 0, true
				for tag, f := range r.Tags() {
					n++
					ok = ok && (tag == 2 && string(f.Raw(f.Len())) == s || tag == 7 && f.Len() == 0)
				}
				return ok && n == 2
			}},
		}).Draw(t, "value")
	})
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := rapid.SliceOfN(values(), 0, 20).Draw(t, "values")
		w := NewWriter([]byte("dst"))
		for _, v := range vs {
			v.write(w)
		}
		p, ok := bytes.CutPrefix(w.Bytes(), []byte("dst"))
		if !ok {
			t.Fatal("the writer lost what was there")
		}
		r := NewReader(p)
		for i, v := range vs {
			if !v.same(r) {
				t.Fatalf("value %d of %d differs: %v", i, len(vs), r.Err())
			}
		}
		if err := r.End(); err != nil {
			t.Fatal(err)
		}
		cut := rapid.IntRange(0, len(p)).Draw(t, "cut")
		r = NewReader(p[:cut])
		for _, v := range vs {
			v.same(r) // it may differ; what counts is that End tells
		}
		if r.End() == nil && cut < len(p) {
			t.Fatalf("%d of %d bytes were read without an error", cut, len(p))
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{1, 2, 3, 'a', 'b', 1, 0, 1, 7})
	f.Fuzz(func(t *testing.T, p []byte) {
		r := NewReader(p)
		for r.Len() > 0 && r.Err() == nil {
			before := r.Len()
			if n := r.CompactArray(2); n > before/2 {
				t.Fatalf("%d elements of two bytes in %d", n, before)
			}
			r.CompactNullableString()
			r.Varlong()
			for _, field := range r.Tags() {
				field.UUID()
			}
			if r.Err() == nil && r.Len() >= before {
				t.Fatal("nothing was consumed")
			}
		}
	})
}
