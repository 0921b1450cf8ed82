package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/highwater-log/highwater/core/record"
)

// batchAtMost is the largest batch that a segment can hold: a length beyond it is damage, not a batch.
const batchAtMost = 128 << 20

// damage is bytes of a segment that are no sound batch.
type damage struct {
	position int64
	why      error
}

// Error says what is damaged, and where.
func (d *damage) Error() string { return fmt.Sprintf("at byte %d: %v", d.position, d.why) }
func (d *damage) Unwrap() error { return d.why }

// errUnfinished says that a file ends inside a batch, or with padding. The last segment of a broker that did not stop
// cleanly may: its journal holds the rest.
var errUnfinished = errors.New("the file ends inside a batch")

// segmentReader reads the batches of one segment file, in order.
type segmentReader struct {
	file     *os.File
	in       *bufio.Reader
	position int64 // of the next batch
	limit    int64 // where reading ends; -1 for the end of the file
	buf      []byte
}

func openSegment(s segment) (*segmentReader, error) {
	file, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	return &segmentReader{file: file, in: bufio.NewReaderSize(file, 1<<20), limit: s.written}, nil
}

func (r *segmentReader) close() error { return r.file.Close() }

// next returns the next batch, which is valid until the call after it, and its position in the file. The error is io.EOF
// behind the last one, or a damage.
func (r *segmentReader) next() (b record.Batch, position int64, err error) {
	position = r.position
	if position == r.limit {
		return nil, position, io.EOF
	}
	size, err := r.size()
	if errors.Is(err, io.EOF) && r.limit < 0 {
		return nil, position, io.EOF
	}
	if err == nil {
		b, err = r.batch(size)
	}
	if err != nil {
		return nil, position, &damage{position, err}
	}
	r.position += int64(size)
	return b, position, nil
}

// size is the size of the next batch in bytes.
func (r *segmentReader) size() (int, error) {
	head, err := r.in.Peek(record.HeaderSize)
	switch {
	case len(head) == 0 && r.limit < 0:
		return 0, err
	case len(head) == 0:
		return 0, errUnfinished
	case len(bytes.Trim(head, "\x00")) == 0:
		return 0, r.padding()
	case err != nil:
		return 0, errUnfinished
	}
	size := int64(int32(binary.BigEndian.Uint32(head[8:]))) + 12
	if size < record.HeaderSize || size > batchAtMost {
		return 0, record.ErrLength
	}
	if r.limit >= 0 && r.position+size > r.limit {
		return 0, errUnfinished
	}
	return int(size), nil
}

// padding reports whether only zeros follow: then the file is unfinished, otherwise something was overwritten.
func (r *segmentReader) padding() error {
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return errUnfinished
		}
		if c != 0 {
			return record.ErrLength
		}
	}
}

func (r *segmentReader) batch(size int) (record.Batch, error) {
	if cap(r.buf) < size {
		r.buf = make([]byte, size)
	}
	p := r.buf[:size]
	if _, err := io.ReadFull(r.in, p); err != nil {
		return nil, errUnfinished
	}
	b, _, err := record.Parse(p)
	if err == nil {
		err = record.Verify(b)
	}
	return b, err
}
