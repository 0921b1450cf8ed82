package disk

import (
	"bytes"
	"slices"
	"sort"

	"github.com/highwater-log/highwater/core/event"
)

// HoldsDurably reports whether needle lies somewhere in a file as every power cut leaves it. The newest durable writes are
// looked at first: what was just acknowledged is usually there.
func (d *Disk) HoldsDurably(needle []byte) bool {
	if d.holdsNewly(needle) {
		return true
	}
	for _, info := range d.Files() {
		if image, ok := d.DurableImage(info.File); ok && contains(image, needle) {
			return true
		}
	}
	return false
}

// holdsNewly is HoldsDurably where a recent durable write put needle.
func (d *Disk) holdsNewly(needle []byte) bool {
	for i := range d.recent {
		if p := d.newly(i, 0); contains(p, needle) {
			return true
		}
	}
	return false
}

// newly is what the i-th newest durable write left in the durable image, with up to the given number of bytes before it: nil if
// there is none, or if that may have changed.
func (d *Disk) newly(i int, before int64) []byte {
	w := &d.recent[(d.newest+len(d.recent)-i)%len(d.recent)]
	if w.n == 0 || !d.IsDurable(w.file, w.off, w.n) {
		return nil
	}
	off := max(w.off-before, 0)
	d.scratch = d.durableInode(w.file).appendFloor(d.scratch[:0], off, w.off+w.n-off)
	return d.scratch
}

// HoldsInPieces is HoldsDurably for bytes that may also lie in a file of the given kind but for their ends: up to a block at each,
// cut off at blocks of the file, which are in some other file then.
func (d *Disk) HoldsInPieces(needle []byte, kind event.FileKind) bool {
	if d.holdsNewly(needle) {
		return true
	}
	for i := range d.recent {
		if d.recent[(d.newest+len(d.recent)-i)%len(d.recent)].file.Kind != kind {
			continue
		}
		if p := bytes.Clone(d.newly(i, event.BlockSize)); d.holdsWithin(needle, p) {
			return true
		}
	}
	if d.HoldsDurably(needle) {
		return true
	}
	for _, info := range d.Files() {
		if info.File.Kind != kind {
			continue
		}
		if image, ok := d.DurableImage(info.File); ok && d.holdsWithin(needle, image) {
			return true
		}
	}
	return false
}

// holdsWithin is HoldsInPieces where image is a part of the file, in whole blocks from its beginning on.
func (d *Disk) holdsWithin(needle, image []byte) bool {
	for at := 0; at <= len(image); at += event.BlockSize {
		if d.holdsAround(needle, image, at) {
			return true
		}
	}
	return false
}

// holdsAround is holdsWithin where byte at is the first end of a block of the file that lies in needle.
func (d *Disk) holdsAround(needle, image []byte, at int) bool {
	for from := 0; from < min(event.BlockSize, len(needle)); from++ {
		head, n := needle[:from], (len(needle)-from)/event.BlockSize*event.BlockSize
		if at+n > len(image) || n > 0 && image[at] != needle[from] || !bytes.Equal(image[at:at+n], needle[from:from+n]) {
			continue
		}
		rest := needle[from+n:]
		before := from <= at && bytes.Equal(image[at-from:at], head)
		after := len(rest) > 0 && bytes.HasPrefix(image[at+n:], rest) // where others follow in the same write
		if (before || (n > 0 || after) && d.HoldsDurably(head)) && (after || d.HoldsDurably(rest)) {
			return true
		}
	}
	return false
}

// Remember has the disk keep every durable write, for HeldOnce.
func (d *Disk) Remember() { d.remembers = true }

// HeldOnce reports whether needle was ever part of durable writes, since Remember: in one piece or, as a direct write and its ends are, in
// up to three.
func (d *Disk) HeldOnce(needle []byte) bool {
	held := func(p []byte) bool {
		return slices.ContainsFunc(d.past, func(write []byte) bool { return contains(write, p) })
	}
	head := sort.Search(len(needle), func(n int) bool { return !held(needle[:n+1]) })
	tail := sort.Search(len(needle), func(at int) bool { return held(needle[at:]) })
	return head >= tail || held(needle[head:tail])
}

// probe is the part of a needle that contains looks for: short enough for the vector instructions of bytes.Index, and behind the
// head of a batch, which begins as all batches do.
const probe = 32

// contains is bytes.Contains for needles that begin alike: it looks for a part of the middle.
func contains(s, needle []byte) bool {
	at := len(needle) / 2
	part := needle[at:min(at+probe, len(needle))]
	for from := at; ; from++ {
		i := bytes.Index(s[min(from, len(s)):], part)
		if i < 0 {
			return false
		}
		if from += i; bytes.HasPrefix(s[from-at:], needle) {
			return true
		}
	}
}
