package record

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/highwater-log/highwater/core/event"
)

// sample is a valid batch of two records.
func sample() Batch {
	w := NewBuilder()
	w.Add(1000, []byte("key"), []byte("value"), Header{Key: "h", Value: []byte("x")}, Header{Key: ""})
	w.Add(1005, nil, []byte{})
	return w.Build()
}

// changed is sample after edit, with length and checksum made to fit.
func changed(edit func(Batch)) Batch {
	b := sample()
	edit(b)
	b.Seal()
	return b
}

// The bytes of sample: any change of the builder shows here.
func TestBuilder_KnownBytes(t *testing.T) {
	want := "0000000000000000" + "0000004d" + "ffffffff" + "02" + "CRC" + "0000" + "00000001" + "00000000000003e8" +
		"00000000000003ed" + "ffffffffffffffff" + "ffff" + "ffffffff" + "00000002" +
		"28" + "00" + "00" + "00" + "06" + "6b6579" + "0a" + "76616c7565" + "04" + "02" + "68" + "02" + "78" + "00" + "01" +
		"0c" + "00" + "0a" + "02" + "01" + "00" + "00"
	got := hex.EncodeToString(sample())
	got = got[:34] + "CRC" + got[42:]
	if got != want {
		t.Errorf("batch\n%s, want\n%s", got, want)
	}
	if err := Verify(sample()); err != nil {
		t.Error(err)
	}
}

func TestBatch_AccessorsTellWhatTheBuilderWrote(t *testing.T) {
	w := NewBuilder()
	w.BaseOffset, w.LeaderEpoch, w.ProducerID, w.ProducerEpoch, w.BaseSequence = 40, 3, 7, 2, 1<<31-1
	w.Transactional = true
	w.Add(5, nil, []byte("a"))
	w.Add(9, nil, []byte("b"))
	w.Add(7, nil, []byte("c"))
	if w.Count() != 3 {
		t.Errorf("count %d", w.Count())
	}
	size := w.Size()
	b := w.Build()
	if b.BaseOffset() != 40 || b.NextOffset() != 43 || b.LeaderEpoch() != 3 || b.Magic() != 2 || b.Size() != size ||
		b.Count() != 3 || b.LastOffsetDelta() != 2 || b.BaseTimestamp() != 5 || b.MaxTimestamp() != 9 ||
		b.ProducerID() != 7 || b.ProducerEpoch() != 2 || b.BaseSequence() != 1<<31-1 || b.LastSequence() != 1 ||
		!b.Transactional() || b.Control() || b.LogAppendTime() || b.Codec() != CodecNone || len(b) != size {
		t.Errorf("header % x", []byte(b[:HeaderSize]))
	}
	if w.Count() != 0 || w.Size() != HeaderSize {
		t.Error("the builder kept records")
	}
	before := b.CRC()
	b.Stamp(100, 9)
	if b.BaseOffset() != 100 || b.LeaderEpoch() != 9 || b.CRC() != before || Verify(b) != nil {
		t.Error("stamping touched the checksum or missed a field")
	}
}

func TestBatch_SetLogAppendTime(t *testing.T) {
	b := sample()
	b.SetLogAppendTime(777)
	if !b.LogAppendTime() || b.MaxTimestamp() != 777 || b.BaseTimestamp() != 1000 || Verify(b) != nil {
		t.Errorf("batch % x", []byte(b))
	}
	b = sample()
	b.SetMaxTimestamp(778)
	if b.LogAppendTime() || b.MaxTimestamp() != 778 || Verify(b) != nil {
		t.Errorf("batch % x", []byte(b))
	}
}

func TestParse(t *testing.T) {
	b := sample()
	long := append(append(Batch(nil), b...), b[:20]...)
	tiny := append(Batch(nil), b...)
	copy(tiny[8:], []byte{0, 0, 0, HeaderSize - 13})
	negative := append(Batch(nil), b...)
	negative[8] = 0x80
	for _, c := range []struct {
		name string
		in   []byte
		rest int
		err  error
	}{
		{"one batch", b, 0, nil},
		{"a batch and a part of the next", long, 20, nil},
		{"nothing", nil, 0, ErrShort},
		{"no length yet", b[:11], 11, ErrShort},
		{"cut in the header", b[:40], 40, ErrShort},
		{"cut in the records", b[:len(b)-1], len(b) - 1, ErrShort},
		{"length below a header", tiny, len(b), ErrLength},
		{"length negative", negative, len(b), ErrLength},
	} {
		got, rest, err := Parse(c.in)
		if !errors.Is(err, c.err) || len(rest) != c.rest || err == nil && !bytes.Equal(got, b) || err != nil && got != nil {
			t.Errorf("%s: %d bytes, %d left, %v", c.name, len(got), len(rest), err)
		}
		if err == nil && cap(got) != len(got) {
			t.Errorf("%s: appending to the batch would overwrite the next", c.name)
		}
	}
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Batch
		want error
	}{
		{"sample", sample(), nil},
		{"control batch", LeaderChange(0, 1, 5, 1, []event.NodeID{1}, nil), nil},
		{"compacted to nothing", changed(func(b Batch) { b[60] = 0 }), nil},
		{"magic 1", changed(func(b Batch) { b[16] = 1 }), ErrMagic},
		{"one bit", func() Batch { b := sample(); b[len(b)-1] ^= 1; return b }(), ErrCRC},
		{"base offset negative", changed(func(b Batch) { b[0] = 0x80 }), ErrOffset},
		{"base offset too large", changed(func(b Batch) { b[0] = 0x40 }), ErrOffset},
		{"last offset delta negative", changed(func(b Batch) { b[23] = 0x80 }), ErrOffset},
		{"count negative", changed(func(b Batch) { b[57] = 0x80 }), ErrOffset},
	} {
		if err := Verify(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	idempotent := func(edit func(*Builder)) Batch {
		w := NewBuilder()
		w.ProducerID, w.ProducerEpoch, w.BaseSequence = 1, 0, 0
		edit(w)
		w.Add(0, nil, nil)
		return w.Build()
	}
	for _, c := range []struct {
		name string
		in   Batch
		want event.Code
	}{
		{"sample", sample(), event.CodeNone},
		{"idempotent", idempotent(func(*Builder) {}), event.CodeNone},
		{"transactional", idempotent(func(w *Builder) { w.Transactional = true }), event.CodeNone},
		{"no producer but sequence 0", changed(func(b Batch) { copy(b[51:57], make([]byte, 6)) }), event.CodeNone},
		{"compressed", changed(func(b Batch) { b[22] = 4 }), event.CodeNone},

		{"nothing", nil, event.CodeCorruptMessage},
		{"header cut off", sample()[:60], event.CodeCorruptMessage},
		{"records cut off", sample()[:70], event.CodeCorruptMessage},
		{"length below a header", func() Batch { b := sample(); b[11] = 48; return b }(), event.CodeCorruptMessage},
		{"length negative", func() Batch { b := sample(); b[8] = 0xff; return b }(), event.CodeCorruptMessage},
		{"one bit of the records", func() Batch { b := sample(); b[70] ^= 4; return b }(), event.CodeCorruptMessage},
		{"one bit of the header", func() Batch { b := sample(); b[30] ^= 4; return b }(), event.CodeCorruptMessage},
		{"two batches", append(sample(), sample()...), event.CodeInvalidRecord},
		{"magic 1", changed(func(b Batch) { b[16] = 1 }), event.CodeInvalidRecord},
		{"control", changed(func(b Batch) { b[22] = 0x20 }), event.CodeInvalidRecord},
		{"delete horizon", changed(func(b Batch) { b[22] = 0x40 }), event.CodeInvalidRecord},
		{"unused bit", changed(func(b Batch) { b[21] = 0x80 }), event.CodeInvalidRecord},
		{"codec 5", changed(func(b Batch) { b[22] = 5 }), event.CodeUnsupportedCompression},
		{"log append time", changed(func(b Batch) { b[22] = 8 }), event.CodeInvalidTimestamp},
		{"no records", changed(func(b Batch) {
			copy(b[23:27], []byte{255, 255, 255, 255})
			b[60] = 0
		}), event.CodeInvalidRecord},
		{"count negative", changed(func(b Batch) { b[57] = 0x80 }), event.CodeInvalidRecord},
		{"delta does not fit", changed(func(b Batch) { b[26] = 4 }), event.CodeInvalidRecord},
		{"more records than bytes", changed(func(b Batch) { b[25], b[59] = 1, 1 }), event.CodeInvalidRecord},
		{"producer id -2", changed(func(b Batch) { b[50] = 0xfe }), event.CodeInvalidRecord},
		{"transactional without id", changed(func(b Batch) { b[22] = 0x10 }), event.CodeInvalidRecord},
		{"no producer epoch", idempotent(func(w *Builder) { w.ProducerEpoch = -1 }), event.CodeInvalidRecord},
		{"no sequence", idempotent(func(w *Builder) { w.BaseSequence = -1 }), event.CodeInvalidRecord},
	} {
		code, why := Validate(c.in)
		if code != c.want || (why == "") != (code == event.CodeNone) {
			t.Errorf("%s: %d %q, want %d", c.name, code, why, c.want)
		}
	}
}

func TestLeaderChange_KnownRecord(t *testing.T) {
	b := LeaderChange(17, 5, 1234, 2, []event.NodeID{1, 2, 3}, []event.NodeID{2, 3})
	if !b.Control() || b.BaseOffset() != 17 || b.LeaderEpoch() != 5 || b.Count() != 1 || b.ProducerID() != -1 ||
		Verify(b) != nil {
		t.Errorf("header % x", []byte(b[:HeaderSize]))
	}
	if code, _ := Validate(b); code != event.CodeInvalidRecord {
		t.Error("a client could write it")
	}
	err := Walk(b.Records(), b.Count(), func(r *Record) error {
		controlType, ok := ControlType(r.Key)
		if !ok || controlType != ControlLeaderChange || hex.EncodeToString(r.Key) != "00000002" {
			t.Errorf("key % x", r.Key)
		}
		want := "0000" + "00000002" + "04" + "0000000100" + "0000000200" + "0000000300" +
			"03" + "0000000200" + "0000000300" + "00"
		if hex.EncodeToString(r.Value) != want {
			t.Errorf("value %x, want %s", r.Value, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, ok := ControlType([]byte{0, 0, 0}); ok {
		t.Error("a key of three bytes has a type")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample()))
	f.Add([]byte(LeaderChange(0, 1, 2, 3, nil, nil)))
	f.Fuzz(func(t *testing.T, p []byte) {
		rest := p
		for {
			b, next, err := Parse(rest)
			if err != nil {
				if len(next) != len(rest) {
					t.Fatal("an error consumed bytes")
				}
				return
			}
			if len(b)+len(next) != len(rest) || b.Size() != len(b) {
				t.Fatalf("%d of %d bytes, size %d", len(b), len(rest), b.Size())
			}
			code, _ := Validate(b)
			if code == event.CodeNone && Verify(b) != nil && b.BaseOffset() >= 0 && b.BaseOffset() <= MaxOffset {
				t.Fatal("what a client may send cannot be stored")
			}
			_ = Walk(b.Records(), b.Count(), nil)
			rest = next
		}
	})
}

func TestBatches_RapidStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var sizes []int
		for range rapid.IntRange(0, 4).Draw(t, "batches") {
			b, _ := batches().Draw(t, "batch").build()
			stream = append(stream, b...)
			sizes = append(sizes, len(b))
		}
		for i, size := range sizes {
			b, rest, err := Parse(stream)
			if err != nil || len(b) != size || Verify(b) != nil {
				t.Fatalf("batch %d: %d bytes, want %d: %v", i, len(b), size, err)
			}
			if code, why := Validate(b); code != event.CodeNone {
				t.Fatalf("batch %d: %d %s", i, code, why)
			}
			stream = rest
		}
		if len(stream) > 0 {
			t.Fatalf("%d bytes are left", len(stream))
		}
	})
}
