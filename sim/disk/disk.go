package disk

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/core/record"
)

// Disk is one data directory. The zero value is not usable: see New. Not safe for concurrent use.
type Disk struct {
	root    *inode
	index   map[event.File]*inode // everything reachable in the volatile image; only looked up
	pending []*op                 // submitted and not complete, in the order of submission
	spare   []*op
	latent  []badBlock
	seq     uint64 // stamps every change of the volatile image, in the order in which they happened
	used    int64  // bytes taken by the files of the volatile image, in whole blocks
	limit   int64  // capacity in bytes; 0 for no limit

	lastOp      event.Op // of the operation completed last
	lastDurable bool

	recent [64]span // the last durable writes, for HoldsDurably
	newest int      // of recent

	crossed   bool // a folder was renamed into another directory since the last power cut
	remembers bool
	past      [][]byte // every durable write, for HeldOnce: pages share them
	scratch   []byte
}

// span is a range of a file.
type span struct {
	file   event.File
	off, n int64
}

// op is one operation in flight.
type op struct {
	event.Effect
	at  uint64 // the last change that had happened when it was submitted: what a sync covers
	ino *inode // of File at submission, nil if there was none: where a write goes, whatever name a cut leaves it
	sum uint32 // CRC-32C of Data at submission
}

// New is an empty disk: a data directory without entries.
func New() *Disk {
	d := &Disk{root: newInode("", true)}
	d.reindex()
	return d
}

// SetCapacity limits the disk to limit bytes; 0 takes the limit away. What is there stays.
func (d *Disk) SetCapacity(limit int64) { d.limit = limit }

// Used is the space that the files take, in bytes.
func (d *Disk) Used() int64 { return d.used }

// Submit accepts a disk effect. Nothing happens before its completion.
func (d *Disk) Submit(e *event.Effect) {
	d.checkLaws(e)
	var o *op
	if n := len(d.spare); n > 0 {
		o, d.spare = d.spare[n-1], d.spare[:n-1]
	} else {
		o = new(op)
	}
	*o = op{Effect: *e, at: d.seq, ino: d.index[e.File]}
	if e.Op == event.OpWriteFile {
		o.sum = record.Checksum(e.Data)
	}
	d.pending = append(d.pending, o)
}

// Pending is the number of operations in flight.
func (d *Disk) Pending() int { return len(d.pending) }

// PendingInto is how many reads are in flight that were given memory to read into.
func (d *Disk) PendingInto() (n int) {
	for _, o := range d.pending {
		if o.Op == event.OpReadFile && o.Data != nil {
			n++
		}
	}
	return n
}

// PendingIO is the id and the verb of the i-th operation in flight, in the order of submission.
func (d *Disk) PendingIO(i int) (event.IOID, event.Op) { return d.pending[i].IO, d.pending[i].Op }

// Complete carries out the operation io and sets every field of ev that belongs to its completion; the others become
// zero. It reports false, and does nothing, if no such operation is in flight.
func (d *Disk) Complete(io event.IOID, ev *event.Event) bool {
	o := d.take(io)
	if o == nil {
		return false
	}
	*ev = event.Event{Kind: event.KindIODone, To: io.Machine(), IO: io}
	d.carryOut(o, ev)
	d.recycle(o)
	return true
}

// Fail completes the operation io with status and an unknown effect: of a write, a subset of sectors drawn from seed is
// in the volatile image; of anything else, nothing happened. A failed sync makes nothing durable.
func (d *Disk) Fail(io event.IOID, status event.Status, seed uint64, ev *event.Event) bool {
	o := d.take(io)
	if o == nil {
		return false
	}
	*ev = event.Event{Kind: event.KindIODone, To: io.Machine(), IO: io, Status: status}
	if o.Op == event.OpWriteFile {
		d.tear(o, key(seed), KeepSome)
	}
	d.recycle(o)
	return true
}

// Last is the verb of the operation that was completed last, and whether it was a durable write.
func (d *Disk) Last() (op event.Op, durable bool) { return d.lastOp, d.lastDurable }

func (d *Disk) take(io event.IOID) *op {
	for i, o := range d.pending {
		if o.IO == io {
			d.pending = append(d.pending[:i], d.pending[i+1:]...)
			d.lastOp, d.lastDurable = o.Op, o.Durable
			return o
		}
	}
	return nil
}

func (d *Disk) recycle(o *op) {
	*o = op{}
	d.spare = append(d.spare, o)
}

// carryOut applies o to the images and writes its outcome into ev.
func (d *Disk) carryOut(o *op, ev *event.Event) {
	switch o.Op {
	case event.OpCreateFile:
		ev.Status = d.create(o.File)
	case event.OpAllocateFile:
		ev.Status = d.allocate(o.File, o.Length)
	case event.OpWriteFile:
		ev.N, ev.Status = d.write(o)
	case event.OpReadFile:
		d.read(o, ev)
	case event.OpTruncateFile:
		ev.Status = d.truncate(o.File, o.Length)
	case event.OpRenameFile:
		ev.Status = d.rename(o.File, *o.RenameTo)
	case event.OpRemoveFile:
		d.remove(o.File)
	case event.OpListDir:
		ev.Files, ev.Status = d.list(o.File)
	case event.OpStatFile:
		ino := d.index[o.File]
		if ino == nil {
			ev.Status = event.StatusNotFound
		} else {
			ev.N = ino.size()
		}
	case event.OpSyncFile:
		ev.Status = d.syncFile(o.File, o.at)
	case event.OpSyncDir:
		ev.Status = d.syncDir(o.File, o.at)
	case event.OpSyncFs:
		d.root.syncTree(o.at)
	default:
		invariant.Violated("IO-5: %s is no disk effect", &o.Effect)
	}
}

func (d *Disk) allocate(f event.File, length int64) event.Status {
	ino := d.index[f]
	if ino == nil {
		return event.StatusNotFound
	}
	if length <= ino.size() {
		return event.StatusOK
	}
	if !d.room(length - ino.size()) {
		return event.StatusNoSpace
	}
	d.resize(ino, length)
	return event.StatusOK
}

func (d *Disk) truncate(f event.File, length int64) event.Status {
	ino := d.index[f]
	switch {
	case ino == nil:
		return event.StatusNotFound
	case length > ino.size() && !d.room(length-ino.size()):
		return event.StatusNoSpace
	}
	d.seq++
	ino.cut(length, d.seq)
	d.resize(ino, length)
	return event.StatusOK
}

func (d *Disk) write(o *op) (int64, event.Status) {
	n := int64(len(o.Data))
	ino := d.index[o.File]
	if ino == nil {
		return 0, event.StatusNotFound
	}
	if grow := o.Offset + n - ino.size(); grow > 0 && !d.room(grow) {
		return 0, event.StatusNoSpace
	}
	if record.Checksum(o.Data) != o.sum {
		invariant.Violated("V-4: the bytes of write %x to %s changed in flight", o.IO, o.File.Path())
	}
	d.heal(ino, o.Offset, n)
	d.seq++
	written := ino.write(o.Offset, o.Data, d.seq, o.Durable)
	if o.Offset+n > ino.size() {
		d.resize(ino, o.Offset+n)
	}
	if o.Durable {
		ino.reach(o.Offset + n)
		d.newest = (d.newest + 1) % len(d.recent)
		d.recent[d.newest] = span{o.File, o.Offset, n}
		if d.remembers {
			d.past = append(d.past, written)
		}
	}
	return n, event.StatusOK
}

func (d *Disk) read(o *op, ev *event.Event) {
	ino := d.index[o.File]
	switch {
	case ino == nil:
		ev.Status = event.StatusNotFound
	case d.unreadable(ino, o.Offset, o.Length):
		ev.Status = event.StatusIOError
	default:
		ev.Data = ino.read(o.Data, o.Offset, o.Length)
		ev.N = int64(len(ev.Data))
		if ev.N < o.Length {
			ev.Status = event.StatusShort
		}
	}
}

func (d *Disk) syncFile(f event.File, at uint64) event.Status {
	ino := d.index[f]
	if ino == nil {
		return event.StatusNotFound
	}
	ino.sync(at)
	return event.StatusOK
}

func (d *Disk) syncDir(f event.File, at uint64) event.Status {
	if d.index[f] == nil {
		return event.StatusNotFound
	}
	last := uint64(0) // rename into another directory that this makes durable
	for ; f.Kind != event.FileNone; f = f.Dir() {
		last = max(last, d.index[f].syncEntries(at))
	}
	d.root.syncEntries(at)
	if last > 0 { // with all that came before it: see cutCrossed
		d.everyInode(d.root, func(ino *inode) { ino.syncEntries(last) })
	}
	return event.StatusOK
}

// resize sets the volatile size of ino and accounts for the space.
func (d *Disk) resize(ino *inode, size int64) {
	d.used += blocks(size) - blocks(ino.size())
	d.seq++
	ino.sizes = append(ino.sizes, sizeVersion{at: d.seq, size: size})
}

func (d *Disk) room(grow int64) bool { return d.limit == 0 || d.used+grow <= d.limit }

// blocks rounds size up to whole blocks, in bytes.
func blocks(size int64) int64 { return (size + event.BlockSize - 1) &^ (event.BlockSize - 1) }

func aligned(off, n int64) bool {
	return off >= 0 && n > 0 && off%event.BlockSize == 0 && n%event.BlockSize == 0
}
