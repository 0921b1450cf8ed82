package producer

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The encoding of a table, little-endian: version (1 byte), number of producers (4), then each in the order of its last
// batch, oldest first: producer id (8), epoch (2), run (4), number of batches (1), the first batch's sequence (4), and
// each batch as base offset (8), end offset (8) and number of records (4).

const (
	codecVersion = 1
	entrySize    = 8 + 2 + 4 + 1 + 4
	batchSize    = 8 + 8 + 4
)

// ErrState says that bytes are not the state of a table.
var ErrState = errors.New("producer state is malformed")

// AppendTo appends the encoding of the table to dst.
func (t *Table) AppendTo(dst []byte) []byte {
	dst = append(dst, codecVersion)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(t.index)))
	for i := t.oldest; i != none; i = t.entries[i].next {
		dst = t.entries[i].appendTo(dst)
	}
	return dst
}

func (e *entry) appendTo(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.producer))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(e.epoch))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.run))
	dst = append(dst, e.n)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.window[0].first))
	for _, w := range e.window[:e.n] {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(w.base))
		dst = binary.LittleEndian.AppendUint64(dst, uint64(w.end))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(distance(w.first, w.last)+1))
	}
	return dst
}

// Load replaces the table by what AppendTo wrote. On an error the table is empty. Memory is bounded by the length of p.
func (t *Table) Load(p []byte) error {
	t.Reset()
	if err := t.load(p); err != nil {
		t.Reset()
		return err
	}
	return nil
}

func (t *Table) load(p []byte) error {
	if len(p) < 5 {
		return fmt.Errorf("%w: %d bytes", ErrState, len(p))
	}
	if p[0] != codecVersion {
		return fmt.Errorf("%w: version %d, this build knows %d", ErrState, p[0], codecVersion)
	}
	n := int64(binary.LittleEndian.Uint32(p[1:]))
	p = p[5:]
	if n*(entrySize+batchSize) > int64(len(p)) {
		return fmt.Errorf("%w: %d producers in %d bytes", ErrState, n, len(p))
	}
	for range n {
		var e entry
		var ok bool
		if p, ok = e.load(p); !ok {
			return fmt.Errorf("%w: producer %d", ErrState, e.producer)
		}
		if _, twice := t.index[e.producer]; twice {
			return fmt.Errorf("%w: producer %d twice", ErrState, e.producer)
		}
		e.touched = true
		t.link(t.add(e))
	}
	if len(p) > 0 {
		return fmt.Errorf("%w: %d bytes behind the end", ErrState, len(p))
	}
	return nil
}

// load reads one producer from the front of p. What it accepts obeys P-1.
func (e *entry) load(p []byte) (rest []byte, ok bool) {
	if len(p) < entrySize {
		return nil, false
	}
	e.producer = int64(binary.LittleEndian.Uint64(p))
	e.epoch = int16(binary.LittleEndian.Uint16(p[8:]))
	e.run = int64(binary.LittleEndian.Uint32(p[10:]))
	e.n = p[14]
	first := int32(binary.LittleEndian.Uint32(p[15:]))
	p = p[entrySize:]
	if e.producer < 0 || e.epoch < 0 || first < 0 || e.n == 0 || e.n > Window || len(p) < int(e.n)*batchSize {
		return nil, false
	}
	covered, at := int64(0), int64(0)
	for i := range e.window[:e.n] {
		w := &e.window[i]
		w.base = int64(binary.LittleEndian.Uint64(p))
		w.end = int64(binary.LittleEndian.Uint64(p[8:]))
		count := int64(int32(binary.LittleEndian.Uint32(p[16:])))
		p = p[batchSize:]
		if count < 1 || w.base < at || w.end-w.base != count {
			return nil, false
		}
		w.first = first
		w.last = int32((int64(first) + count - 1) & 0x7fffffff)
		first, at = after(w.last), w.end
		covered += count
	}
	return p, e.run <= maxRun && e.run >= min(covered, maxRun)
}
