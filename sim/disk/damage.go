package disk

import (
	"slices"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
)

// badBlock is a block that cannot be read: left more times, or until it is overwritten if left is negative.
type badBlock struct {
	ino   *inode
	block int64
	left  int
}

// FailReads makes reads that touch the block of f at off fail with StatusIOError: times often, or, with times
// negative, until the block is overwritten. It reports whether f is there.
func (d *Disk) FailReads(f event.File, off int64, times int) bool {
	ino := d.index[f]
	if ino == nil || ino.dir {
		return false
	}
	d.latent = append(d.latent, badBlock{ino: ino, block: off / event.BlockSize, left: times})
	return true
}

// Unreadable reports whether a read of the block of f at off would fail.
func (d *Disk) Unreadable(f event.File, off int64) bool {
	ino := d.index[f]
	return slices.ContainsFunc(d.latent, func(b badBlock) bool { return b.ino == ino && b.block == off/event.BlockSize })
}

// HealReads forgets every block that cannot be read.
func (d *Disk) HealReads() { d.latent = d.latent[:0] }

// unreadable reports whether a read of n bytes at off fails, and uses up one failure of each block that it touches.
func (d *Disk) unreadable(ino *inode, off, n int64) bool {
	bad := false
	kept := d.latent[:0]
	for _, b := range d.latent {
		if b.ino == ino && b.block >= off/event.BlockSize && b.block < (off+n)/event.BlockSize && b.left != 0 {
			bad = true
			b.left--
		}
		if b.left != 0 {
			kept = append(kept, b)
		}
	}
	d.latent = kept
	return bad
}

// heal drops the failures of blocks that are being overwritten.
func (d *Disk) heal(ino *inode, off, n int64) {
	kept := d.latent[:0]
	for _, b := range d.latent {
		if b.ino != ino || b.block < off/event.BlockSize || b.block >= (off+n)/event.BlockSize {
			kept = append(kept, b)
		}
	}
	d.latent = kept
}

// Rot flips one bit of f, at byte off, in every version of the block that any power cut could leave: stable across
// reads, until overwritten. It reports whether f has a byte there.
func (d *Disk) Rot(f event.File, off int64, bit uint8) bool {
	return d.spoil(f, off, func(b *block, p *page) *page {
		q := new(page)
		if p != nil {
			*q = *p
		}
		q[off%event.BlockSize] ^= 1 << (bit % 8)
		return q
	})
}

// Zero makes the block of f at off zeros, likewise.
func (d *Disk) Zero(f event.File, off int64) bool {
	return d.spoil(f, off, func(*block, *page) *page { return nil })
}

// Stale puts into the block of f at off what was durable there before, likewise: the disk lost its last write.
func (d *Disk) Stale(f event.File, off int64) bool {
	return d.spoil(f, off, func(b *block, _ *page) *page { return b.was })
}

// Misdirect has the last write to the block of f at off gone to the block of g at goff: that one holds it, and the first what it
// held before.
func (d *Disk) Misdirect(f event.File, off int64, g event.File, goff int64) bool {
	ino := d.index[f]
	if ino == nil || ino.dir {
		return false
	}
	p := ino.at(off)
	return d.spoil(g, goff, func(*block, *page) *page { return p }) && d.Stale(f, off)
}

// BlockDigest is a hash of the block of f at off, as reads see it: to tell whether damage has changed anything.
func (d *Disk) BlockDigest(f event.File, off int64) uint64 {
	if ino := d.index[f]; ino != nil {
		if p := ino.at(off); p != nil {
			return rand.Label(string(p[:]))
		}
	}
	return rand.Label(string(make([]byte, event.BlockSize)))
}

// spoil changes every version of the block of f at off. It reports whether f has a byte there.
func (d *Disk) spoil(f event.File, off int64, change func(*block, *page) *page) bool {
	ino := d.index[f]
	if ino == nil || ino.dir || off < 0 || off >= ino.size() {
		return false
	}
	i := int(off / event.BlockSize)
	for len(ino.content) <= i {
		ino.content = append(ino.content, block{})
	}
	b := &ino.content[i]
	floor := change(b, b.floor)
	for v := range b.versions {
		b.versions[v].data = change(b, b.versions[v].data)
	}
	b.floor = floor
	return true
}

// FailSync completes the sync io with an error after which nothing will try again: of what it covered, keep says what reached
// the disk; the rest is forgotten, as reads see from now on, and the next sync succeeds without it. Entries and sizes wait on for a
// sync that goes well: a file system that loses those does not go on.
func (d *Disk) FailSync(io event.IOID, seed uint64, keep Keep, ev *event.Event) bool {
	o := d.take(io)
	if o == nil {
		return false
	}
	*ev = event.Event{Kind: event.KindIODone, To: io.Machine(), IO: io, Status: event.StatusIOError}
	k := key(seed)
	switch o.Op {
	case event.OpSyncFile:
		if ino := d.index[o.File]; ino != nil {
			ino.forget(o.at, k, keep)
		}
	case event.OpSyncFs:
		d.forgetTree(d.root, o.at, k, keep)
	}
	d.recycle(o)
	return true
}

func (d *Disk) forgetTree(ino *inode, at uint64, k key, keep Keep) {
	ino.forget(at, k, keep)
	for _, e := range ino.entries {
		d.forgetTree(e.ino, at, k, keep)
	}
}

// forget drops what had happened to the blocks up to the change at, but for what keep says.
func (ino *inode) forget(at uint64, k key, keep Keep) {
	k = k.with(ino.id)
	kept := ino.dirty[:0]
	for _, i := range ino.dirty {
		b := &ino.content[i]
		n := 0
		for n < len(b.versions) && b.versions[n].at <= at {
			n++
		}
		old := block{floor: b.floor, versions: b.versions[:n]}
		b.floor = old.fate(k.with(uint64(i)), keep)
		b.versions = append(b.versions[:0], b.versions[n:]...)
		if len(b.versions) > 0 {
			kept = append(kept, i)
		}
	}
	ino.dirty = kept
}
