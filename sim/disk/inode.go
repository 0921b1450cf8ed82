package disk

import (
	"bytes"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
)

// page is one block of a file. A page is never changed once it is stored: images and clones share it.
type page [event.BlockSize]byte

// inode is one file or directory: its durable state, and each change since, in order.
type inode struct {
	id      uint64 // hash of the path under which it was made: keys its draws
	dir     bool
	sizes   []sizeVersion // sizes[0] is durable, the last is the volatile one
	content []block
	dirty   []int // numbers of the blocks that have versions, in no order, each once

	entries []entry   // of a directory, by name: the volatile image
	durable []entry   // of a directory, by name: what every power cut leaves, less the changes below
	changes []entryOp // what happened to the entries since, in order
}

type sizeVersion struct {
	at   uint64
	size int64
}

// block holds the durable page (nil for zeros) and the later versions, oldest first.
type block struct {
	floor    *page
	was      *page // the durable page before this one; for damage only
	versions []version
}

type version struct {
	at   uint64
	data *page
}

func newInode(path string, dir bool) *inode {
	return &inode{id: rand.Label(path), dir: dir, sizes: []sizeVersion{{}}}
}

func (ino *inode) size() int64 { return ino.sizes[len(ino.sizes)-1].size }

func (b *block) page() *page {
	if n := len(b.versions); n > 0 {
		return b.versions[n-1].data
	}
	return b.floor
}

// put adds a version to block i, or replaces everything it ever was if durable.
func (ino *inode) put(i int, p *page, at uint64, durable bool) {
	for len(ino.content) <= i {
		ino.content = append(ino.content, block{})
	}
	b := &ino.content[i]
	if durable {
		if len(b.versions) > 0 {
			b.versions = b.versions[:0]
			ino.clean(i)
		}
		b.was, b.floor = b.floor, p
		return
	}
	if len(b.versions) == 0 {
		ino.dirty = append(ino.dirty, i)
	}
	b.versions = append(b.versions, version{at: at, data: p})
}

func (ino *inode) clean(i int) {
	for j, n := range ino.dirty {
		if n == i {
			last := len(ino.dirty) - 1
			ino.dirty[j] = ino.dirty[last]
			ino.dirty = ino.dirty[:last]
			return
		}
	}
}

// write puts a copy of data, in whole blocks, and returns the copy: nobody changes it.
func (ino *inode) write(off int64, data []byte, at uint64, durable bool) []byte {
	first, data := int(off/event.BlockSize), bytes.Clone(data)
	for i := range len(data) / event.BlockSize {
		ino.put(first+i, (*page)(data[i*event.BlockSize:]), at, durable)
	}
	return data
}

// reach makes every size that a power cut may leave at least n: a durable write takes the size along that its bytes need.
func (ino *inode) reach(n int64) {
	for i := range ino.sizes {
		ino.sizes[i].size = max(ino.sizes[i].size, n)
	}
}

// cut makes everything from length on read as zeros, should the file ever reach there again. A block whose bytes do not
// change is left alone: that a file system may rewrite it all the same is not modelled.
func (ino *inode) cut(length int64, at uint64) {
	for i := int(length / event.BlockSize); i < len(ino.content); i++ {
		old := ino.content[i].page()
		if old == nil {
			continue
		}
		var cut *page
		if keep := length - int64(i)*event.BlockSize; keep > 0 {
			cut = new(page)
			copy(cut[:keep], old[:keep])
			if *cut == *old {
				continue
			}
		}
		ino.put(i, cut, at, false)
	}
}

// read returns up to n bytes at off of the volatile image: fewer at the end of the file. They lie in into, or, if that is nil, in
// memory that may be shared with the image.
func (ino *inode) read(into []byte, off, n int64) []byte {
	n = min(n, ino.size()-off)
	if n <= 0 {
		return nil
	}
	if into == nil && n <= event.BlockSize {
		if p := ino.at(off); p != nil {
			return p[:n:n]
		}
	}
	if into == nil {
		into = make([]byte, n)
	}
	out := into[:min(n, int64(len(into)))]
	for i := 0; i < len(out); i += event.BlockSize {
		if p := ino.at(off + int64(i)); p != nil {
			copy(out[i:], p[:])
		} else {
			clear(out[i:min(i+event.BlockSize, len(out))])
		}
	}
	return out
}

// at is the volatile page of the block at off, nil for zeros.
func (ino *inode) at(off int64) *page {
	if i := int(off / event.BlockSize); i < len(ino.content) {
		return ino.content[i].page()
	}
	return nil
}

// sync makes durable what had happened to content and size up to the change at.
func (ino *inode) sync(at uint64) {
	kept := ino.dirty[:0]
	for _, i := range ino.dirty {
		b := &ino.content[i]
		n := 0
		for n < len(b.versions) && b.versions[n].at <= at {
			b.was, b.floor = b.floor, b.versions[n].data
			n++
		}
		b.versions = append(b.versions[:0], b.versions[n:]...)
		if len(b.versions) > 0 {
			kept = append(kept, i)
		}
	}
	ino.dirty = kept
	n := 1
	for n < len(ino.sizes) && ino.sizes[n].at <= at {
		n++
	}
	ino.sizes = append(ino.sizes[:0], ino.sizes[n-1:]...)
}
