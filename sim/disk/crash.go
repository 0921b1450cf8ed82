package disk

import (
	"fmt"
	"slices"

	"github.com/highwater-log/highwater/core/event"
)

// Keep says how much of what may go either way stays.
type Keep uint8

// The choices. Sweeps draw all three: everything lost and everything kept find bugs that mixtures hide.
const (
	KeepNone Keep = iota
	KeepSome      // each piece by a draw of its own
	KeepAll
)

// String names a choice in plans.
func (k Keep) String() string { return [...]string{"none", "some", "all"}[k%3] }

// Crash says what an abrupt end leaves. Every piece's own fate is a hash of Seed and of where the piece is.
type Crash struct {
	Seed   uint64
	Flight Keep // of the operations in flight
	Data   Keep // of bytes that were written and not synced; power cuts only
	Meta   Keep // of entries and sizes that were changed and not synced; power cuts only
	// Shorn: the power failed in the middle of sectors. One block in four of those that were in flight or not synced
	// has a sector that holds neither the old bytes nor the new ones, but garbage; power cuts only.
	Shorn bool
}

// Kill ends the process: operations in flight happen in whole, in part or not at all; what the volatile image holds
// stays, and stays volatile.
func (d *Disk) Kill(c Crash) {
	k := key(c.Seed)
	for n, o := range d.pending {
		if o.Op == event.OpWriteFile {
			d.tear(o, k.with(uint64(n)), c.Flight)
		} else {
			d.settle(o, k.with(uint64(n)), c.Flight)
		}
	}
	d.dropPending()
}

// PowerCut ends the machine: of what no sync covered, each sector is lost, kept or at any version in between, each
// directory keeps a prefix of its changes, and each file one of its sizes. What is left is durable. Writes in flight
// may have reached any subset of their sectors, whatever became of the writes before them.
func (d *Disk) PowerCut(c Crash) {
	k := key(c.Seed)
	for n, o := range d.pending {
		if o.Op != event.OpWriteFile {
			d.settle(o, k.with(uint64(n)), c.Flight)
		}
	}
	if d.crossed {
		d.crossed = false
		d.cutCrossed(k, c)
	}
	d.cutTree(d.root, k, c)
	d.reindex()
	for n, o := range d.pending {
		if o.Op == event.OpWriteFile {
			d.tear(o, k.with(uint64(n)), c.Flight)
			if c.Shorn {
				d.shearRange(o, k.with(uint64(n)))
			}
		}
	}
	d.reindex() // a write in flight may have made a file longer that no name is left of
	d.root.syncTree(d.seq)
	d.root.trimTree()
	d.dropPending()
}

// shearRange shears the blocks that the write o was about to change, as far as the file has them.
func (d *Disk) shearRange(o *op, k key) {
	ino := o.ino
	if ino == nil || ino.dir {
		return
	}
	for off := o.Offset; off < min(o.Offset+o.Length, ino.size()); off += event.BlockSize {
		if p := shear(ino.at(off), k.with(uint64(off))); p != nil {
			d.seq++
			ino.put(int(off/event.BlockSize), p, d.seq, false)
		}
	}
}

// shear is p with one sector of garbage, one time in four; nil otherwise.
func shear(p *page, k key) *page {
	if k.draw(11, 0)%4 != 0 {
		return nil
	}
	q := new(page)
	if p != nil {
		*q = *p
	}
	start := int(k.draw(12, 0)%(event.BlockSize/event.SectorSize)) * event.SectorSize
	for i := range event.SectorSize {
		q[start+i] = byte(k.draw(13, uint64(i)))
	}
	return q
}

func (d *Disk) dropPending() {
	for _, o := range d.pending {
		d.recycle(o)
	}
	d.pending = d.pending[:0]
}

// settle decides whether, and how far, an operation in flight that is not a write happened. Syncs never did: whatever one did in
// part is among the fates of the pieces anyway.
func (d *Disk) settle(o *op, k key, keep Keep) {
	switch o.Op {
	case event.OpSyncFile, event.OpSyncDir, event.OpSyncFs:
		return
	case event.OpRemoveFile:
		if ino := d.index[o.File]; ino != nil && ino.dir && keep == KeepSome {
			d.removePart(ino, k)
			return
		}
	case event.OpAllocateFile:
		if ino := d.index[o.File]; ino != nil && keep == KeepSome && o.Length > ino.size() {
			grow := (o.Length - ino.size()) / event.BlockSize
			o.Length = blocks(ino.size()) + int64(k.draw(10, 0)%uint64(grow+1))*event.BlockSize
			keep = KeepAll
		}
	}
	if keep == KeepAll || keep == KeepSome && k.draw(1, 0)%2 == 0 {
		var ev event.Event
		d.carryOut(o, &ev)
	}
}

// removePart removes some of what is in a directory.
func (d *Disk) removePart(dir *inode, k key) {
	left := k.draw(2, 0) % uint64(len(dir.entries)+1)
	d.removeChildren(dir, func() bool {
		if left == 0 {
			return false
		}
		left--
		return true
	})
	d.reindex()
}

// tear writes a subset of o's sectors into the volatile image: none, all, or by draws.
func (d *Disk) tear(o *op, k key, keep Keep) {
	ino := o.ino
	n := int64(len(o.Data))
	if ino == nil || ino.dir {
		return
	}
	grow := o.Offset + n - ino.size()
	if grow > 0 && !d.room(grow) {
		return
	}
	if keep == KeepSome {
		switch k.draw(3, 0) % 4 {
		case 0:
			keep = KeepNone
		case 1:
			keep = KeepAll
		}
	}
	if keep == KeepNone {
		return
	}
	d.seq++
	first := int(o.Offset / event.BlockSize)
	for i := 0; i < len(o.Data)/event.BlockSize; i++ {
		p := new(page)
		if old := ino.at(int64(first+i) * event.BlockSize); old != nil {
			*p = *old
		}
		for s := 0; s < event.BlockSize; s += event.SectorSize {
			if keep == KeepAll || k.draw(uint64(i), uint64(s))%2 == 0 {
				copy(p[s:s+event.SectorSize], o.Data[i*event.BlockSize+s:])
			}
		}
		ino.put(first+i, p, d.seq, false)
	}
	if grow > 0 && (keep == KeepAll || k.draw(4, 0)%2 == 0) {
		d.resize(ino, o.Offset+n)
	}
}

// cutCrossed decides of renames into other directories, all at once, because no change of one directory tells: a file system
// that journals its metadata keeps them in their order, with every change of any directory that came before the last one that
// it kept, and none without its other half.
func (d *Disk) cutCrossed(k key, c Crash) {
	seen := map[uint64]bool{}
	var crossed []uint64
	d.everyInode(d.root, func(ino *inode) {
		for i := range ino.changes {
			if o := &ino.changes[i]; o.half && !seen[o.at] {
				seen[o.at] = true
				crossed = append(crossed, o.at)
			}
		}
	})
	slices.Sort(crossed)
	n := choose(c.Meta, k, 17, 0, len(crossed))
	kept := uint64(0)
	if n > 0 {
		kept = crossed[n-1]
	}
	d.everyInode(d.root, func(ino *inode) {
		ino.syncEntries(kept)
		for i := range ino.changes {
			if ino.changes[i].half {
				ino.changes = ino.changes[:i]
				break
			}
		}
	})
}

// everyInode visits all directories that any image has, each at least once.
func (d *Disk) everyInode(ino *inode, visit func(*inode)) {
	if !ino.dir {
		return
	}
	visit(ino)
	for _, e := range ino.durable {
		d.everyInode(e.ino, visit)
	}
	for _, e := range ino.entries {
		d.everyInode(e.ino, visit)
	}
	for i := range ino.changes {
		if m := ino.changes[i].made.ino; m != nil {
			d.everyInode(m, visit)
		}
	}
}

// cutTree decides what is left at and below ino.
func (d *Disk) cutTree(ino *inode, k key, c Crash) {
	k = k.with(ino.id)
	ino.cutContent(k, c)
	if !ino.dir {
		return
	}
	n := choose(c.Meta, k, 5, 0, len(ino.changes))
	for i := range ino.changes[:n] {
		ino.durable = ino.changes[i].apply(ino.durable)
	}
	ino.changes = ino.changes[:0]
	ino.entries = append(ino.entries[:0], ino.durable...)
	for _, e := range ino.entries {
		d.cutTree(e.ino, k, c)
	}
}

// cutContent leaves ino with one page per block and one size, all durable.
func (ino *inode) cutContent(k key, c Crash) {
	for _, i := range ino.dirty {
		b := &ino.content[i]
		b.floor = b.fate(k.with(uint64(i)), c.Data)
		if c.Shorn {
			if p := shear(b.floor, k.with(uint64(i))); p != nil {
				b.floor = p
			}
		}
		b.versions = b.versions[:0]
	}
	ino.dirty = ino.dirty[:0]
	ino.sizes = append(ino.sizes[:0], sizeVersion{size: ino.cutSize(k, c)})
}

// cutSize is a size that the file had since its last sync, or some whole blocks of a growth: what is written or allocated in
// one order may reach the medium in pieces.
func (ino *inode) cutSize(k key, c Crash) int64 {
	n := choose(c.Meta, k, 6, 0, len(ino.sizes)-1)
	size := ino.sizes[n].size
	if c.Meta != KeepSome || n == 0 || k.draw(15, 0)%2 == 0 {
		return size
	}
	least := blocks(ino.sizes[n-1].size)
	if least >= size {
		return size
	}
	return least + int64(k.draw(16, 0)%uint64(blocks(size-least)/event.BlockSize))*event.BlockSize
}

// trimTree takes the bytes away that lie beyond the end of each file. The end is known when the writes in flight have had
// their say: one that makes a file longer again uncovers what is durable below it, and not zeros.
func (ino *inode) trimTree() {
	for _, e := range ino.entries {
		e.ino.trimTree()
	}
	size := ino.size()
	ino.content = ino.content[:min(len(ino.content), int(blocks(size)/event.BlockSize))]
	if tail := int(size % event.BlockSize); tail != 0 {
		if i := int(size / event.BlockSize); i < len(ino.content) && ino.content[i].floor != nil {
			p := new(page)
			copy(p[:tail], ino.content[i].floor[:tail])
			ino.content[i].floor = p
		}
	}
}

// fate is what a power cut leaves of a block: by halves the whole block shares one version, or each sector has its own.
func (b *block) fate(k key, keep Keep) *page {
	whole := choose(keep, k, 7, 0, len(b.versions))
	if keep != KeepSome || k.draw(8, 0)%2 == 0 {
		return b.version(whole)
	}
	p := new(page)
	for s := 0; s < event.BlockSize; s += event.SectorSize {
		if from := b.version(choose(keep, k, 9, uint64(s), len(b.versions))); from != nil {
			copy(p[s:s+event.SectorSize], from[s:])
		}
	}
	return p
}

// version is the page after the n-th change since the last sync: n = 0 is the durable one.
func (b *block) version(n int) *page {
	if n == 0 {
		return b.floor
	}
	return b.versions[n-1].data
}

// choose picks how many of n changes stay.
func choose(keep Keep, k key, a, b uint64, n int) int {
	switch keep {
	case KeepNone:
		return 0
	case KeepAll:
		return n
	}
	return int(k.draw(a, b) % uint64(n+1))
}

// MarshalText renders a choice for a plan.
func (k Keep) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Keep) UnmarshalText(text []byte) error {
	for c := KeepNone; c <= KeepAll; c++ {
		if string(text) == c.String() {
			*k = c
			return nil
		}
	}
	return fmt.Errorf("keep %q: want none, some or all", text)
}
