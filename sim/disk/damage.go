package disk

import "github.com/highwater-log/highwater/core/event"

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
	ino := d.index[f]
	if ino == nil || ino.dir || off < 0 || off >= ino.size() {
		return false
	}
	i := int(off / event.BlockSize)
	for len(ino.content) <= i {
		ino.content = append(ino.content, block{})
	}
	flip := func(p *page) *page {
		q := new(page)
		if p != nil {
			*q = *p
		}
		q[off%event.BlockSize] ^= 1 << (bit % 8)
		return q
	}
	b := &ino.content[i]
	b.floor = flip(b.floor)
	for v := range b.versions {
		b.versions[v].data = flip(b.versions[v].data)
	}
	return true
}
