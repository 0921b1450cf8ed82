package log

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The encoding of a Log, little-endian: version (1 byte), start, end, generation; the number of epochs (4) and each as
// epoch (4) and start (8); the number of segments (4) and each as base, end, size, largest timestamp, largest timestamp
// of the first batch, and the time at which it was found at rest. The flushed end is not in it: a checkpoint is written of
// what is durable, so it is the end. Nor are indexes: they are rebuilt. Version 1 ends each segment with its largest
// timestamp, and is still read.

const (
	codecVersion = 2
	epochSize    = 12
	segmentSize  = 48
	segmentSize1 = 32 // in version 1
)

var errShort = errors.New("log state: it ends early") //pure:ok an error value, never assigned

// AppendTo appends the encoding of l to dst.
func (l *Log) AppendTo(dst []byte) []byte {
	dst = append(dst, codecVersion)
	dst = appendInts(dst, l.start, l.end, l.generation)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(l.epochs)))
	for _, e := range l.epochs {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(e.Epoch))
		dst = appendInts(dst, e.Start)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(l.segments)))
	for i := range l.segments {
		s := &l.segments[i]
		idle := s.Idle
		if s.idleAt != s.End {
			idle = -1
		}
		dst = appendInts(dst, s.Base, s.End, s.Size, s.MaxTimestamp, s.First, idle)
	}
	return dst
}

// Decode reads what AppendTo wrote from the front of p and returns the rest. What it accepts obeys the package's laws;
// memory is bounded by the length of p.
func Decode(settings Settings, p []byte) (l *Log, rest []byte, err error) {
	d := decoder{p: p}
	version := d.byte()
	if d.err == nil && version != 1 && version != codecVersion {
		return nil, nil, fmt.Errorf("log state: version %d, this build knows up to %d", version, codecVersion)
	}
	size := segmentSize
	if version == 1 {
		size = segmentSize1
	}
	l = &Log{settings: settings, start: d.int64(), end: d.int64(), generation: d.int64()}
	l.flushed = l.end
	for n := d.count(epochSize); n > 0; n-- {
		l.epochs = append(l.epochs, EpochEntry{Epoch: int32(d.uint32()), Start: d.int64()})
	}
	for n := d.count(size); n > 0; n-- {
		s := Segment{Base: d.int64(), End: d.int64(), Size: d.int64(), MaxTimestamp: d.int64(), First: -1, Idle: -1, idleAt: -1}
		if version > 1 {
			s.First, s.Idle = d.int64(), d.int64()
		}
		if s.Idle >= 0 {
			s.idleAt = s.End
		}
		s.Index.From = s.Size
		l.segments = append(l.segments, s)
	}
	if d.err != nil {
		return nil, nil, d.err
	}
	if err := l.plausible(); err != nil {
		return nil, nil, err
	}
	return l, d.p, nil
}

// plausible checks the laws on decoded state.
func (l *Log) plausible() error {
	if l.start < 0 || l.start > l.end || l.generation < 0 || len(l.segments) == 0 {
		return fmt.Errorf("log state: start %d, end %d, %d segments", l.start, l.end, len(l.segments))
	}
	for i, e := range l.epochs {
		if e.Epoch < 0 || e.Start < 0 || e.Start > l.end ||
			i > 0 && (e.Epoch <= l.epochs[i-1].Epoch || e.Start <= l.epochs[i-1].Start) {
			return fmt.Errorf("log state: epoch %d at %d is out of order", e.Epoch, e.Start)
		}
	}
	at := int64(0)
	for i := range l.segments {
		s := &l.segments[i]
		last := i == len(l.segments)-1
		if s.Base < at || s.End < s.Base || s.Size < 0 || (s.End == s.Base) != (s.Size == 0) || s.Size == 0 && !last {
			return fmt.Errorf("log state: segment [%d, %d) of %d bytes behind offset %d", s.Base, s.End, s.Size, at)
		}
		at = s.End
	}
	if at != l.end {
		return fmt.Errorf("log state: segments end at %d, the log at %d", at, l.end)
	}
	return nil
}

func appendInts(dst []byte, v ...int64) []byte {
	for _, n := range v {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	}
	return dst
}

// decoder reads fixed-size fields until the input ends; from then on it yields zeros and keeps the error.
type decoder struct {
	p   []byte
	err error
}

func (d *decoder) take(n int) []byte {
	if len(d.p) < n {
		d.err = errShort
		d.p = nil
		return make([]byte, n)
	}
	b := d.p[:n]
	d.p = d.p[n:]
	return b
}

func (d *decoder) byte() byte     { return d.take(1)[0] }
func (d *decoder) uint32() uint32 { return binary.LittleEndian.Uint32(d.take(4)) }
func (d *decoder) int64() int64   { return int64(binary.LittleEndian.Uint64(d.take(8))) }

// count reads how many items of size bytes follow; they must be there.
func (d *decoder) count(size int) int {
	n := int64(d.uint32())
	if n*int64(size) > int64(len(d.p)) {
		d.err = errShort
		return 0
	}
	return int(n)
}
