package kafka

import (
	"errors"
	"fmt"
)

// What decoding a request may take: CostPerByte bytes of memory per byte of its body, plus CostFloor. A request that
// would take more is refused before anything is allocated; only tagged fields that nobody knows, in great number, come
// near it. MaxElements bounds what one request may ask for, over all its arrays and unknown tags.
const (
	CostPerByte = 64
	CostFloor   = 8 << 10
	MaxElements = 1 << 20
)

// What kmsg takes for tagged fields that it does not know: a map for each section that has any, a place for each field.
const (
	costTagSection = 384
	costTag        = 96
	// costPointer is what a nullable string takes beside its bytes.
	costPointer = 16
)

// Errors of Check.
var (
	errCount    = errors.New("an array declares more elements than its bytes can hold")
	errElements = errors.New("too many elements in one request")
	errCost     = errors.New("too much memory to decode for its size")
)

// Check judges the body of a request before it is decoded: every count and length against the bytes that remain, the
// order of tagged fields, and the memory that decoding would take. A body that passes is decoded without surprise. It
// allocates nothing. Bytes behind the last field are let be, as Kafka does.
func Check(h Header, body []byte) error {
	w := newWalk(h, body)
	w.fields(schemaOf(h.Key), true)
	if w.err != nil {
		return fmt.Errorf("request body: %w", w.err)
	}
	return nil
}

// walk follows a schema over a body. It nests as deep as the schema does, whatever the input says.
type walk struct {
	reader
	version  int16
	flexible bool
	budget   int // bytes of memory left
	elements int // array elements left
}

// fields walks a struct; section says that tagged fields follow it where the version has them.
func (w *walk) fields(fs []field, section bool) {
	for i := range fs {
		f := &fs[i]
		if !f.in(w.version) || f.isTagged() {
			continue
		}
		switch f.kind {
		case kindFixed:
			w.span(f.size)
		case kindString:
			w.charge(len(w.str(false)))
		case kindNullString:
			w.charge(costPointer + len(w.str(true)))
		case kindNullBytes:
			w.nullBytes()
		case kindArray, kindNullArray:
			w.array(f)
		}
		if w.err != nil {
			return
		}
	}
	if section && w.flexible {
		w.tagSection(fs)
	}
}

// charge takes n bytes of memory off the budget.
func (w *walk) charge(n int) {
	if w.budget -= n; w.budget < 0 {
		w.fail(errCost)
	}
}

// count takes n elements off what one request may have.
func (w *walk) count(n int) {
	if w.elements -= n; w.elements < 0 {
		w.fail(errElements)
	}
}

// length takes a length or count: int16 or int32 before flexible versions, then an unsigned varint of it plus one. -1
// is null, an error unless nullable.
func (w *walk) length(nullable bool, wide bool) int {
	var n int
	switch {
	case w.flexible:
		n = int(w.uvarint()) - 1
	case wide:
		n = int(w.int32())
	default:
		n = int(w.int16())
	}
	if n < -1 || n == -1 && !nullable {
		w.fail(errNegative)
	}
	return n
}

func (w *walk) str(nullable bool) []byte {
	return w.span(max(w.length(nullable, false), 0))
}

// nullBytes takes bytes with their length before them; nil is null.
func (w *walk) nullBytes() []byte {
	n := w.length(true, true)
	if n < 0 {
		return nil
	}
	return w.span(n)
}

func (w *walk) array(f *field) {
	n := w.elems(f.leastElem(w.version, w.flexible), f.cost, f.kind == kindNullArray)
	for i := 0; i < n && w.err == nil; i++ {
		w.fields(f.elem, !f.flat)
	}
}

// elems takes the count of an array whose elements take at least so many bytes each, and cost so much memory. It is 0
// where the bytes that remain cannot hold them, and for null.
func (w *walk) elems(least, cost int, nullable bool) int {
	n := max(w.length(nullable, true), 0)
	if n > len(w.rest)/max(least, 1) {
		w.fail(errCount)
		return 0
	}
	w.count(n)
	w.charge(n * cost)
	return n
}

// unknownTags passes over the tagged fields behind a struct that has none of its own, in the versions that have them.
func (w *walk) unknownTags() {
	if !w.flexible || w.err != nil {
		return
	}
	if n := w.tags(nil); n > 0 {
		w.chargeUnknown(n)
	}
}

// chargeUnknown takes n tagged fields that nobody knows, of one struct, off the budget.
func (w *walk) chargeUnknown(n int) {
	w.charge(costTagSection + costTag*n)
	w.count(n)
}

// tagSection walks the tagged fields behind a struct whose fields are fs.
func (w *walk) tagSection(fs []field) {
	outer := w.reader
	unknown := 0
	tags := outer.tags(func(tag uint32, value []byte) {
		f := w.knownTag(fs, tag)
		if f == nil {
			unknown++
			return
		}
		w.reader = reader{rest: value}
		if f.kind == kindTaggedString {
			w.charge(costPointer + len(w.str(true)))
		} else {
			w.fields(f.elem, len(f.elem) > 1)
		}
		if w.err != nil && outer.err == nil {
			outer.err = w.err
		}
	})
	w.reader = outer
	if tags > 0 && unknown > 0 {
		w.chargeUnknown(unknown)
	}
}

// knownTag finds the field of fs that tag is in this version.
func (w *walk) knownTag(fs []field, tag uint32) *field {
	for i := range fs {
		if f := &fs[i]; f.isTagged() && f.tag == tag && f.in(w.version) {
			return f
		}
	}
	return nil
}

// newWalk is a walk over body with its budgets.
func newWalk(h Header, body []byte) walk {
	return walk{
		reader:   reader{rest: body},
		version:  h.Version,
		flexible: h.Flexible,
		budget:   CostPerByte*len(body) + CostFloor,
		elements: MaxElements,
	}
}
