package disk

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/rand"
)

// Part is a copy of a file, or of a directory with all that is in it, as reads saw it.
type Part struct{ ino *inode }

// Copy copies f: nil if it is not there.
func (d *Disk) Copy(f event.File) *Part {
	ino := d.index[f]
	if ino == nil {
		return nil
	}
	c := ino.clone(map[*inode]*inode{})
	c.syncTree(d.seq)
	c.settleTree()
	return &Part{c}
}

// settleTree makes what is visible all that there is.
func (ino *inode) settleTree() {
	ino.durable = append(ino.durable[:0], ino.entries...)
	ino.changes = nil
	for _, e := range ino.entries {
		e.ino.settleTree()
	}
}

// Put puts a copy in the place of f, durably and with everything else, as an operator would while nothing runs. It returns what was there.
func (d *Disk) Put(f event.File, p *Part) *Part {
	was := d.Copy(f)
	d.root.syncTree(d.seq)
	dir := d.index[f.Dir()]
	d.seq++
	c := p.ino.clone(map[*inode]*inode{})
	dir.change(entryOp{at: d.seq, made: entry{name: baseName(f), file: f, ino: c}})
	d.root.syncTree(d.seq)
	d.reindex()
	return was
}

// File is the bytes of a file in the part; nil if it has none. at is where the part was copied from.
func (p *Part) File(at, f event.File) []byte {
	ino := p.find(at, p.ino, f)
	if ino == nil || ino.dir {
		return nil
	}
	return ino.image()
}

func (p *Part) find(at event.File, ino *inode, f event.File) *inode {
	if at == f {
		return ino
	}
	for _, e := range ino.entries {
		if found := p.find(e.in(at), e.ino, f); found != nil {
			return found
		}
	}
	return nil
}

// Under lists the files and directories right in the directory that was copied.
func (p *Part) Under(at event.File) (out []event.File) {
	for _, e := range p.ino.entries {
		out = append(out, e.in(at))
	}
	return out
}

// DigestOf is a hash of what is visible at and below f: names, sizes and bytes.
func (d *Disk) DigestOf(f event.File) uint64 {
	h := key(1)
	for _, info := range d.Files() {
		if !within(info.File, f) {
			continue
		}
		image, _ := d.Image(info.File)
		if info.File.IsDir() {
			image = nil
		}
		h = h.with(rand.Label(info.File.Path())).with(uint64(info.Size)).with(rand.Label(string(image)))
	}
	return uint64(h)
}
