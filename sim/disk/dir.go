package disk

import (
	"sort"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
)

// entry is one name in a directory. A directory that was renamed keeps its children under the names they have: where such a
// child is no event.File any more, it is only counted in listings. A partition's folder that went to another store has its
// segments there: their files are known by where the folder is (in).
type entry struct {
	name string
	file event.File
	ino  *inode
}

// in is the file that the entry is in the directory f.
func (e *entry) in(f event.File) event.File {
	if f.Kind != event.DirPartition {
		return e.file
	}
	file := e.file
	file.Store, file.Topic, file.Partition = f.Store, f.Topic, f.Partition
	return file
}

// entryOp is one change of a directory: gone is the name that it took away, made the entry that it put there. A rename
// does both in one stroke.
type entryOp struct {
	at   uint64
	gone string
	made entry
	half bool // of a rename into another directory, which has the other half, with the same at
}

func (o *entryOp) apply(list []entry) []entry {
	if o.gone != "" {
		if i, ok := find(list, o.gone); ok {
			list = append(list[:i], list[i+1:]...)
		}
	}
	if o.made.ino == nil {
		return list
	}
	i, ok := find(list, o.made.name)
	if !ok {
		list = append(list, entry{})
		copy(list[i+1:], list[i:])
	}
	list[i] = o.made
	return list
}

// find is the place of name in a sorted list, and whether it is there.
func find(list []entry, name string) (int, bool) {
	i := sort.Search(len(list), func(i int) bool { return list[i].name >= name })
	return i, i < len(list) && list[i].name == name
}

// change applies o to the volatile entries of ino and remembers it until a sync.
func (ino *inode) change(o entryOp) {
	ino.entries = o.apply(ino.entries)
	ino.changes = append(ino.changes, o)
}

// syncEntries makes durable what had happened to the entries up to the change at.
// It returns the last one of these that is half of a rename into another directory, 0 for none.
func (ino *inode) syncEntries(at uint64) (crossed uint64) {
	n := 0
	for n < len(ino.changes) && ino.changes[n].at <= at {
		ino.durable = ino.changes[n].apply(ino.durable)
		if ino.changes[n].half {
			crossed = ino.changes[n].at
		}
		n++
	}
	ino.changes = append(ino.changes[:0], ino.changes[n:]...)
	return crossed
}

// syncTree makes everything at and below ino durable up to the change at. What was taken away since then is not forgotten: a
// power cut may bring it back, and then with what the sync covered.
func (ino *inode) syncTree(at uint64) {
	ino.sync(at)
	if !ino.dir {
		return
	}
	ino.syncEntries(at)
	for _, e := range ino.durable {
		e.ino.syncTree(at)
	}
	for _, c := range ino.changes {
		if c.made.ino != nil {
			c.made.ino.syncTree(at)
		}
	}
}

// create makes f and its missing parents, and does nothing to what is there.
func (d *Disk) create(f event.File) event.Status {
	if d.index[f] != nil {
		return event.StatusOK
	}
	parent := f.Dir()
	if s := d.create(parent); s != event.StatusOK {
		return s
	}
	dir := d.index[parent]
	if !dir.dir {
		return event.StatusIOError
	}
	ino := newInode(f.Path(), f.IsDir())
	d.seq++
	dir.change(entryOp{at: d.seq, made: entry{name: baseName(f), file: f, ino: ino}})
	d.index[f] = ino
	return event.StatusOK
}

func (d *Disk) rename(from, to event.File) event.Status {
	ino := d.index[from]
	if ino == nil {
		return event.StatusNotFound
	}
	if from.Dir() != to.Dir() && (from.Kind != event.DirPartition || to.Kind != event.DirPartition) {
		invariant.Violated("V-2: rename of %s leaves its directory for %s", from.Path(), to.Path())
	}
	if from == to {
		return event.StatusOK
	}
	dir, other := d.index[from.Dir()], d.index[to.Dir()]
	d.seq++
	switch made := (entry{name: baseName(to), file: to, ino: ino}); {
	case dir == other:
		dir.change(entryOp{at: d.seq, gone: baseName(from), made: made})
	case other == nil:
		return event.StatusNotFound
	case d.index[to] != nil:
		return event.StatusIOError
	default:
		d.crossed = true
		dir.change(entryOp{at: d.seq, gone: baseName(from), half: true})
		other.change(entryOp{at: d.seq, made: made, half: true})
	}
	d.reindex()
	return event.StatusOK
}

// remove takes f away, children first.
func (d *Disk) remove(f event.File) {
	ino := d.index[f]
	if ino == nil || ino == d.root {
		return
	}
	d.removeChildren(ino, func() bool { return true })
	d.seq++
	d.index[f.Dir()].change(entryOp{at: d.seq, gone: baseName(f)})
	d.reindex()
}

// removeChildren empties a directory as long as more says so. A real loop removes in the order in which the file system
// lists a directory, which is nobody's promise: here it is drawn.
func (d *Disk) removeChildren(dir *inode, more func() bool) {
	for len(dir.entries) > 0 && more() {
		e := dir.entries[key(dir.id).draw(14, d.seq)%uint64(len(dir.entries))]
		d.removeChildren(e.ino, more)
		if len(e.ino.entries) > 0 {
			return
		}
		d.seq++
		dir.change(entryOp{at: d.seq, gone: e.name})
	}
}

func (d *Disk) list(f event.File) ([]event.FileInfo, event.Status) {
	ino := d.index[f]
	switch {
	case ino == nil:
		return nil, event.StatusNotFound
	case !ino.dir:
		return nil, event.StatusIOError
	}
	out := make([]event.FileInfo, 0, len(ino.entries))
	foreign := int64(0)
	for _, e := range ino.entries {
		file := e.in(f)
		if file.Dir() != f {
			foreign++
			continue
		}
		out = append(out, event.FileInfo{File: file, Size: e.ino.size()})
	}
	if foreign > 0 {
		out = append(out, event.FileInfo{Size: foreign})
	}
	return out, event.StatusOK
}

// reindex computes anew what can be looked up, and the space that it takes.
func (d *Disk) reindex() {
	d.index = map[event.File]*inode{{}: d.root}
	d.used = 0
	d.walk(event.File{}, d.root, true)
}

// walk indexes what is below dir; named says that dir itself can be looked up as f.
func (d *Disk) walk(f event.File, dir *inode, named bool) {
	for _, e := range dir.entries {
		file := e.in(f)
		ok := named && file.Dir() == f
		if ok {
			d.index[file] = e.ino
		}
		d.used += blocks(e.ino.size())
		if e.ino.dir {
			d.walk(file, e.ino, ok)
		}
	}
}

// baseName is the last element of f's path.
func baseName(f event.File) string {
	p := f.Path()
	return p[strings.LastIndexByte(p, '/')+1:]
}
