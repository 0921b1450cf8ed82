package disk

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
)

// Files lists every file and directory of the volatile image that has a name of its own, parents before children, in
// name order.
func (d *Disk) Files() []event.FileInfo {
	var out []event.FileInfo
	var visit func(f event.File, dir *inode)
	visit = func(f event.File, dir *inode) {
		for _, e := range dir.entries {
			file := e.in(f)
			if file.Dir() != f {
				continue
			}
			out = append(out, event.FileInfo{File: file, Size: e.ino.size()})
			visit(file, e.ino)
		}
	}
	visit(event.File{}, d.root)
	return out
}

// Walk calls visit with every file and directory of the volatile image, also those whose names are none of their own, parents
// before children, in name order. The path is relative to the data directory; a directory has no image.
func (d *Disk) Walk(visit func(path string, dir bool, image []byte)) {
	var walk func(at string, dir *inode)
	walk = func(at string, dir *inode) {
		for _, e := range dir.entries {
			if e.ino.dir {
				visit(at+e.name, true, nil)
				walk(at+e.name+"/", e.ino)
			} else {
				visit(at+e.name, false, e.ino.image())
			}
		}
	}
	walk("", d.root)
}

// Size is the volatile size of f in bytes, and whether f is there.
func (d *Disk) Size(f event.File) (int64, bool) {
	ino := d.index[f]
	if ino == nil {
		return 0, false
	}
	return ino.size(), true
}

// DurableWrite is the range of a durable write to the given kind of file of a store: rank 0 is the newest. ok is false if
// the disk does not remember that many.
func (d *Disk) DurableWrite(kind event.FileKind, store event.Machine, rank int) (f event.File, off, n int64, ok bool) {
	for i := range d.recent {
		w := &d.recent[(d.newest+len(d.recent)-i)%len(d.recent)]
		if w.n == 0 || w.file.Kind != kind || w.file.Store != store {
			continue
		}
		if rank == 0 {
			return w.file, w.off, w.n, true
		}
		rank--
	}
	return event.File{}, 0, 0, false
}

// Recent shows the durable writes that the disk remembers, the newest first, until visit says no.
func (d *Disk) Recent(visit func(f event.File, off, n int64) bool) {
	for i := range d.recent {
		w := &d.recent[(d.newest+len(d.recent)-i)%len(d.recent)]
		if w.n == 0 || !visit(w.file, w.off, w.n) {
			return
		}
	}
}

// Written reports whether the block of f at off holds anything but zeros.
func (d *Disk) Written(f event.File, off int64) bool {
	ino := d.index[f]
	if ino == nil {
		return false
	}
	p := ino.at(off)
	return p != nil && *p != page{}
}

// Image is what reads of f see now, and whether f is there. The bytes belong to the caller.
func (d *Disk) Image(f event.File) ([]byte, bool) {
	ino := d.index[f]
	if ino == nil {
		return nil, false
	}
	return ino.image(), true
}

// image is a copy of the volatile bytes.
func (ino *inode) image() []byte {
	out := make([]byte, ino.size())
	for i := range ino.content {
		if p := ino.content[i].page(); p != nil && i*event.BlockSize < len(out) {
			copy(out[i*event.BlockSize:], p[:])
		}
	}
	return out
}

// DurableImage is what a power cut that keeps nothing would leave of f, and whether it would leave f at all.
func (d *Disk) DurableImage(f event.File) ([]byte, bool) {
	ino := d.durableInode(f)
	if ino == nil {
		return nil, false
	}
	out := make([]byte, ino.sizes[0].size)
	for i := range ino.content {
		if p := ino.content[i].floor; p != nil && i*event.BlockSize < len(out) {
			copy(out[i*event.BlockSize:], p[:])
		}
	}
	return out, true
}

// IsDurable reports whether every power cut leaves the n bytes of f at off as reads see them now.
func (d *Disk) IsDurable(f event.File, off, n int64) bool {
	ino := d.durableInode(f)
	if ino == nil || ino != d.index[f] || d.entryInDoubt(f) {
		return false
	}
	for _, s := range ino.sizes {
		if s.size < off+n {
			return false
		}
	}
	for i := off / event.BlockSize; i <= (off+n-1)/event.BlockSize && i < int64(len(ino.content)); i++ {
		if len(ino.content[i].versions) > 0 {
			return false
		}
	}
	return true
}

// appendFloor appends the n durable bytes at off, in whole blocks.
func (ino *inode) appendFloor(dst []byte, off, n int64) []byte {
	var zero page
	for i := int(off / event.BlockSize); i < int((off+n)/event.BlockSize); i++ {
		p := &zero
		if i < len(ino.content) && ino.content[i].floor != nil {
			p = ino.content[i].floor
		}
		dst = append(dst, p[:]...)
	}
	return dst
}

// durableInode finds f in the durable image.
func (d *Disk) durableInode(f event.File) *inode {
	if f.Kind == event.FileNone {
		return d.root
	}
	dir := d.durableInode(f.Dir())
	if dir == nil {
		return nil
	}
	for _, e := range dir.durable {
		if e.in(f.Dir()) == f {
			return e.ino
		}
	}
	return nil
}

// entryInDoubt reports whether an unsynced change concerns the entry of f or of one of its parents.
func (d *Disk) entryInDoubt(f event.File) bool {
	for ; f.Kind != event.FileNone; f = f.Dir() {
		changes := d.index[f.Dir()].changes
		if len(changes) == 0 {
			continue
		}
		name := baseName(f)
		for _, c := range changes {
			if c.gone == name || c.made.ino != nil && c.made.name == name {
				return true
			}
		}
	}
	return false
}

// Clone is a second disk in the same state, without the operations in flight. The two share their pages, and nothing
// that happens to one is seen by the other.
func (d *Disk) Clone() *Disk {
	copies := map[*inode]*inode{}
	c := &Disk{root: d.root.clone(copies), seq: d.seq, limit: d.limit, crossed: d.crossed}
	for _, b := range d.latent {
		if ino := copies[b.ino]; ino != nil {
			c.latent = append(c.latent, badBlock{ino: ino, block: b.block, left: b.left})
		}
	}
	c.reindex()
	return c
}

func (ino *inode) clone(copies map[*inode]*inode) *inode {
	if ino == nil {
		return nil
	}
	if c := copies[ino]; c != nil {
		return c
	}
	c := &inode{
		id: ino.id, dir: ino.dir,
		sizes:   append([]sizeVersion(nil), ino.sizes...),
		content: append([]block(nil), ino.content...),
		dirty:   append([]int(nil), ino.dirty...),
		entries: append([]entry(nil), ino.entries...),
		durable: append([]entry(nil), ino.durable...),
		changes: append([]entryOp(nil), ino.changes...),
	}
	copies[ino] = c
	for _, i := range c.dirty {
		c.content[i].versions = append([]version(nil), c.content[i].versions...)
	}
	for i := range c.content {
		if len(c.content[i].versions) == 0 {
			c.content[i].versions = nil
		}
	}
	for i := range c.entries {
		c.entries[i].ino = c.entries[i].ino.clone(copies)
	}
	for i := range c.durable {
		c.durable[i].ino = c.durable[i].ino.clone(copies)
	}
	for i := range c.changes {
		c.changes[i].made.ino = c.changes[i].made.ino.clone(copies)
	}
	return c
}

// Digest is a hash of the volatile image: names, sizes and bytes.
func (d *Disk) Digest() uint64 {
	h := key(0)
	for _, info := range d.Files() {
		h = h.with(rand.Label(info.File.Path())).with(uint64(info.Size))
		if image, ok := d.Image(info.File); ok && !info.File.IsDir() {
			h = h.with(rand.Label(string(image)))
		}
	}
	return uint64(h)
}
