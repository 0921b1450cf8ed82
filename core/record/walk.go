package record

import (
	"fmt"
	"iter"
)

// minRecordSize is the size of a record with null key, null value and no headers, in bytes.
const minRecordSize = 7

// Record is one record of a batch, as a view of its bytes. Nil key or value is null; an empty one is not nil.
type Record struct {
	Index          int32 // place in the batch, and offset less the batch's base offset
	Attributes     int8  // none is in use
	TimestampDelta int64 // milliseconds from the batch's base timestamp
	Key            []byte
	Value          []byte
	HeaderCount    int
	headers        []byte
}

// Header is one header of a record. Nil value is null.
type Header struct {
	Key   string
	Value []byte
}

// Headers yields key and value of each header, as views.
func (r *Record) Headers() iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		c := cursor{p: r.headers}
		for range r.HeaderCount {
			if !yield(c.bytes("header key"), c.nullable("header value")) {
				return
			}
		}
	}
}

// MalformedError says which record of a batch is malformed, and how.
type MalformedError struct {
	Index int32
	Why   string
}

// Error implements error.
func (e *MalformedError) Error() string { return fmt.Sprintf("record %d: %s", e.Index, e.Why) }

// Walk yields the count records that lie in records, which must not be compressed and must hold nothing else: every
// length exact, offset deltas 0, 1, 2 and so on. A malformed record ends it with a *MalformedError, an error of f with
// that error. A nil f checks only. The record is valid until f returns; it may keep views of records. Walk does not
// allocate, whatever the input claims.
func Walk(records []byte, count int32, f func(*Record) error) error {
	var rec Record
	rest := records
	for i := range count {
		var why string
		rest, why = rec.take(rest, i)
		if why != "" {
			return &MalformedError{Index: i, Why: why}
		}
		if f == nil {
			continue
		}
		if err := f(&rec); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return &MalformedError{Index: count, Why: "bytes follow the last record"}
	}
	return nil
}

// take reads the record that must have index from the front of p, and returns the rest or what is wrong.
func (r *Record) take(p []byte, index int32) (rest []byte, why string) {
	c := cursor{p: p}
	length := c.varint("length")
	if c.why == "" && (length < 0 || length > len(c.p)) {
		c.fail("length", "runs past the batch")
	}
	if c.why != "" {
		return nil, c.why
	}
	rest = c.p[length:]
	c.p = c.p[:length:length]

	*r = Record{Index: index, Attributes: c.int8("attributes"), TimestampDelta: c.varlong("timestamp delta")}
	if delta := c.varint("offset delta"); c.why == "" && delta != int(index) {
		c.fail("offset delta", "out of order")
	}
	r.Key = c.nullable("key")
	r.Value = c.nullable("value")
	r.HeaderCount = c.count("header count")
	r.headers = c.p
	for i := 0; i < r.HeaderCount && c.why == ""; i++ {
		c.bytes("header key")
		c.nullable("header value")
	}
	if c.why == "" && len(c.p) > 0 {
		c.fail("record", "longer than its fields")
	}
	return rest, c.why
}
