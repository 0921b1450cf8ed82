package producer

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// encoded is a table of two producers, the second with a full window.
func encoded() []byte {
	table := New(10)
	table.Apply(newBatch(1, 0, last, 2, 0))
	for i := range int32(7) {
		table.Apply(newBatch(2, 3, 2*i, 2, int64(10+2*i)))
	}
	return table.AppendTo(nil)
}

func TestLoad_Refuses(t *testing.T) {
	edit := func(at int, v ...byte) []byte {
		p := encoded()
		copy(p[at:], v)
		return p
	}
	const first, second = 5, 5 + entrySize + batchSize // where the two producers begin
	for name, p := range map[string][]byte{
		"nothing":                    nil,
		"a newer version":            edit(0, 2),
		"more producers than bytes":  edit(1, 255, 255, 255, 255),
		"one producer more":          edit(1, 3),
		"one producer fewer":         edit(1, 1),
		"a byte behind the end":      append(encoded(), 0),
		"producer id negative":       edit(first+7, 0x80),
		"epoch negative":             edit(first+9, 0x80),
		"a run shorter than window":  edit(first+10, 1),
		"a run beyond the half":      edit(first+13, 0x7f),
		"an empty window":            edit(first+14, 0),
		"a window of six":            edit(second+14, 6),
		"sequence negative":          edit(first+18, 0x80),
		"offsets out of order":       edit(second+entrySize+batchSize, 1),
		"end before base":            edit(second+entrySize+8, 0),
		"base offset negative":       edit(first+entrySize+7, 0x80),
		"no records in a batch":      edit(first+entrySize+16, 0),
		"the same producer twice":    edit(second, 1),
		"a count that does not fit":  edit(second+entrySize+16, 3),
		"a count of 2^31 and more":   edit(first+entrySize+19, 0xff),
		"a count with no such bytes": binary.LittleEndian.AppendUint32([]byte{codecVersion}, 1),
	} {
		table := New(10)
		table.Apply(newBatch(9, 0, 0, 1, 0))
		if err := table.Load(p); !errors.Is(err, ErrState) || table.Len() != 0 {
			t.Errorf("%s: %v, %d producers", name, err, table.Len())
		}
	}
	for cut := range encoded() {
		if err := New(10).Load(encoded()[:cut]); !errors.Is(err, ErrState) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

func TestReset_EmptiesTheTable(t *testing.T) {
	table := New(10)
	if err := table.Load(encoded()); err != nil {
		t.Fatal(err)
	}
	table.Reset()
	if table.Len() != 0 || !slices.Equal(table.AppendTo(nil), New(10).AppendTo(nil)) {
		t.Error("something is left")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(encoded())
	f.Fuzz(func(t *testing.T, p []byte) {
		table := New(1000)
		if table.Load(p) != nil {
			return
		}
		if again := table.AppendTo(nil); !slices.Equal(again, p) && table.Evicted() == 0 {
			t.Fatalf("% x becomes % x", p, again)
		}
		b := newBatch(1, 0, 0, 1, 1<<40)
		table.Check(b)
		table.Apply(b)
		table.Expire(1, 0)
	})
}
