package store

import (
	"fmt"
	"math/rand"
	"slices"
	"sort"

	"github.com/highwater-log/highwater/core/event"
)

// disk executes effects. It keeps two images: what the running system sees (volatile), and what a power cut leaves
// (durable), with the operations in between that no sync has covered yet. It checks the rules that the core has promised:
// no overlapping operations of a file, and durable writes only inside durable sizes.
type disk struct {
	rng       *rand.Rand
	volatile  map[event.File][]byte
	durable   map[event.File][]byte
	pending   []pendingOp
	flying    []flyingOp
	serial    int
	fatal     func(format string, args ...any)
	failNext  event.Op           // the next operation of this kind fails
	failReads map[event.File]int // so many reads of a file fail
	unread    map[spot]bool      // blocks that cannot be read until they are written
	probes    map[string]int
	watch     func(*event.Effect) // sees what is submitted
	lazy      bool                // everything but the journal is slow: the ring fills up while a checkpoint is under way
}

// spot is a block of a file.
type spot struct {
	file event.File
	off  int64
}

// meets reports whether e touches a block that cannot be read, and calls do with each.
func (d *disk) meets(e *event.Effect, do func(spot)) (met bool) {
	for at := range d.unread {
		if at.file == e.File && e.Offset < at.off+event.BlockSize && at.off < e.Offset+e.Length {
			met = true
			do(at)
		}
	}
	return met
}

type pendingOp struct {
	effect event.Effect
	serial int
}

type flyingOp struct {
	effect event.Effect
	mark   int // operations with a lower serial were complete when it was submitted
}

func newDisk(rng *rand.Rand, fatal func(string, ...any)) *disk {
	return &disk{
		rng: rng, volatile: map[event.File][]byte{}, durable: map[event.File][]byte{}, fatal: fatal, probes: map[string]int{},
	}
}

// submit takes the effects of a step.
func (d *disk) submit(out *event.Buf) {
	for _, name := range out.Probes() {
		d.probes[name]++
	}
	for _, e := range out.Effects() {
		if e.Op == event.OpRelease {
			spoil(e.Memory)
			continue
		}
		for _, x := range d.flying {
			if conflict(&x.effect, &e) {
				d.fatal("operation %d of %s overlaps operation %d", e.Op, e.File.Path(), x.effect.Op)
			}
		}
		if d.watch != nil {
			d.watch(&e)
		}
		d.flying = append(d.flying, flyingOp{effect: e, mark: d.serial})
	}
	out.Reset()
}

// spoil makes noise of released memory.
func spoil(m *event.Buffer) {
	for i := range m.Bytes {
		m.Bytes[i] = 0xdb
	}
}

func conflict(a, b *event.Effect) bool {
	if a.File != b.File || a.Op >= event.OpSyncFile || b.Op >= event.OpSyncFile ||
		a.Op == event.OpListDir || b.Op == event.OpListDir || a.Op == event.OpStatFile || b.Op == event.OpStatFile {
		return false
	}
	if a.Op == event.OpAllocateFile || b.Op == event.OpAllocateFile {
		return a.Op != event.OpReadFile && a.Op != event.OpWriteFile && b.Op != event.OpReadFile && b.Op != event.OpWriteFile ||
			a.File.Kind != event.FileSegment
	}
	// A cut touches what lies behind its size.
	behind := func(cut, e *event.Effect) bool {
		return cut.Op == event.OpTruncateFile && e.Offset+e.Length <= cut.Length
	}
	if ranged := b.Op == event.OpReadFile || b.Op == event.OpWriteFile; ranged && behind(a, b) {
		return false
	}
	if ranged := a.Op == event.OpReadFile || a.Op == event.OpWriteFile; ranged && behind(b, a) {
		return false
	}
	read := func(e *event.Effect) bool { return e.Op == event.OpReadFile }
	ranged := func(e *event.Effect) bool { return e.Op == event.OpReadFile || e.Op == event.OpWriteFile }
	if read(a) && read(b) {
		return false
	}
	if ranged(a) && ranged(b) {
		return a.Offset < b.Offset+b.Length && b.Offset < a.Offset+a.Length
	}
	return true
}

// complete finishes one operation, chosen by chance, and returns its event.
func (d *disk) complete(now event.Time) *event.Event {
	i := d.rng.Intn(len(d.flying))
	for k := 0; k < 8 && d.lazy && d.flying[i].effect.File.Kind != event.FileChunk; k++ {
		i = d.rng.Intn(len(d.flying))
	}
	x := d.flying[i]
	d.flying = slices.Delete(d.flying, i, i+1)
	e := &x.effect
	ev := &event.Event{Kind: event.KindIODone, Now: now, IO: e.IO}
	if d.failReads[e.File] > 0 && e.Op == event.OpReadFile {
		d.failReads[e.File]--
		ev.Status = event.StatusIOError
		return ev
	}
	if e.Op == event.OpReadFile && d.meets(e, func(spot) {}) {
		ev.Status = event.StatusIOError
		return ev
	}
	if d.failNext == e.Op {
		d.failNext = 0
		ev.Status = event.StatusIOError
		return ev
	}
	switch e.Op {
	case event.OpListDir:
		ev.Files = d.list(e.File)
	case event.OpReadFile:
		data, ok := d.volatile[e.File]
		if !ok {
			ev.Status = event.StatusNotFound
			break
		}
		from, to := min(e.Offset, int64(len(data))), min(e.Offset+e.Length, int64(len(data)))
		ev.Data = append(e.Data[:0], data[from:to]...)
		if ev.N = to - from; ev.N < e.Length {
			ev.Status = event.StatusShort
		}
	case event.OpSyncFs:
		d.sync(x.mark, func(*event.Effect) bool { return true })
	case event.OpSyncFile:
		d.sync(x.mark, func(p *event.Effect) bool { return p.File == e.File && p.Op != event.OpRemoveFile })
	case event.OpSyncDir:
		d.sync(x.mark, func(p *event.Effect) bool {
			return p.Op == event.OpCreateFile || p.Op == event.OpRemoveFile || p.Op == event.OpRenameFile
		})
	case event.OpRenameFile:
		if len(d.inside(d.volatile, e.File)) == 0 {
			ev.Status = event.StatusNotFound
			break
		}
		d.change(e)
	default:
		if _, ok := d.volatile[e.File]; !ok && (e.Op == event.OpWriteFile || e.Op == event.OpTruncateFile) {
			d.fatal("operation %d on %s, which does not exist", e.Op, e.File.Path())
		}
		ev.N = e.Length
		d.change(e)
	}
	return ev
}

// change applies an operation to the volatile image, and to the durable one if it says so itself.
func (d *disk) change(e *event.Effect) {
	apply(d.volatile, e, nil)
	if e.Op == event.OpWriteFile {
		d.meets(e, func(at spot) { delete(d.unread, at) })
	}
	if e.Op == event.OpWriteFile && e.Durable && e.File.Kind == event.FileSegment {
		d.changeDurably(e)
		return
	}
	if e.Op == event.OpWriteFile && e.Durable {
		if int64(len(d.durable[e.File])) < e.Offset+e.Length {
			d.fatal("durable write of %s up to %d, its durable size is %d", e.File.Path(), e.Offset+e.Length, len(d.durable[e.File]))
		}
		d.sync(d.serial, func(p *event.Effect) bool { return p.File == e.File && p.Op == event.OpWriteFile })
		apply(d.durable, e, nil)
		return
	}
	kept := *e
	kept.Data = slices.Clone(e.Data) // the original is somebody else's after the completion
	d.pending = append(d.pending, pendingOp{kept, d.serial})
	d.serial++
}

// changeDurably is a durable write that may make its file longer: its range is durable from now on, and so is a size that
// reaches it, with whatever cuts the file has seen. The file's entry is not: it must have been durable before. Other writes
// of the file are as volatile as they were.
func (d *disk) changeDurably(e *event.Effect) {
	if _, ok := d.durable[e.File]; !ok {
		d.fatal("durable write of %s, whose entry is not durable", e.File.Path())
	}
	last := -1
	for i := range d.pending {
		if p := &d.pending[i].effect; p.File == e.File && (p.Op != event.OpWriteFile || conflict(p, e)) {
			last = d.pending[i].serial
		}
	}
	d.sync(last+1, func(p *event.Effect) bool { return p.File == e.File })
	apply(d.durable, e, nil)
}

// sync makes the pending operations that match and were complete before mark durable, in their order.
func (d *disk) sync(mark int, match func(*event.Effect) bool) {
	d.pending = slices.DeleteFunc(d.pending, func(p pendingOp) bool {
		if p.serial >= mark || !match(&p.effect) {
			return false
		}
		apply(d.durable, &p.effect, nil)
		return true
	})
}

// kill loses the process: operations under way happen or not, or tear.
func (d *disk) kill() {
	for i := range d.flying {
		e := &d.flying[i].effect
		switch d.rng.Intn(3) {
		case 0:
		case 1:
			if e.Op < event.OpSyncFile && e.Op != event.OpReadFile && e.Op != event.OpListDir {
				d.land(e, nil)
			}
		case 2:
			if e.Op == event.OpWriteFile {
				d.land(e, d.rng)
			}
		}
	}
	d.flying = nil
}

// land lets an operation that was under way reach the volatile image, whole or some sectors of it.
func (d *disk) land(e *event.Effect, tear *rand.Rand) {
	if _, ok := d.volatile[e.File]; !ok && (e.Op == event.OpWriteFile || e.Op == event.OpTruncateFile) {
		return
	}
	if tear != nil {
		for at := int64(0); at < e.Length; at += event.SectorSize {
			if tear.Intn(2) == 0 {
				part := *e
				part.Offset, part.Length, part.Data = e.Offset+at, event.SectorSize, e.Data[at:at+event.SectorSize]
				d.landWhole(&part)
			} else if tear.Intn(8) == 0 {
				part := *e
				part.Offset, part.Length, part.Data = e.Offset+at, event.SectorSize, d.garbage()
				d.landWhole(&part)
			}
		}
		return
	}
	d.landWhole(e)
}

// garbage is a sector that was being written when the power went.
func (d *disk) garbage() []byte {
	p := make([]byte, event.SectorSize)
	d.rng.Read(p)
	return p
}

func (d *disk) landWhole(e *event.Effect) {
	part := *e
	part.Data = slices.Clone(e.Data)
	apply(d.volatile, &part, nil)
	d.pending = append(d.pending, pendingOp{part, d.serial})
	d.serial++
}

// cut loses the power: of what no sync has covered, each operation stays with probability keep, writes by sectors.
func (d *disk) cut(keep float64) {
	for i := range d.pending {
		e := &d.pending[i].effect
		if e.Op == event.OpWriteFile {
			if _, ok := d.durable[e.File]; ok {
				apply(d.durable, d.torn(e, keep), func() bool { return d.rng.Float64() < keep })
			}
			continue
		}
		if d.rng.Float64() < keep {
			apply(d.durable, e, nil)
		}
	}
	d.pending = nil
	d.volatile = map[event.File][]byte{}
	for f, data := range d.durable {
		d.volatile[f] = slices.Clone(data)
	}
}

// torn is e, perhaps with one sector of garbage, if the power went while it was on its way.
func (d *disk) torn(e *event.Effect, keep float64) *event.Effect {
	if keep == 0 || keep == 1 || d.rng.Intn(3) > 0 {
		return e
	}
	t := *e
	t.Data = slices.Clone(e.Data)
	copy(t.Data[int(e.Length)/event.SectorSize*d.rng.Intn(100)/100*event.SectorSize:], d.garbage())
	return &t
}

// apply changes an image. sector, if given, says of each sector of a write whether it arrives.
func apply(image map[event.File][]byte, e *event.Effect, sector func() bool) {
	switch e.Op {
	case event.OpCreateFile:
		if _, ok := image[e.File]; !ok {
			image[e.File] = []byte{}
		}
	case event.OpAllocateFile:
		if n := int64(len(image[e.File])); n < e.Length {
			image[e.File] = append(image[e.File], make([]byte, e.Length-n)...)
		}
	case event.OpWriteFile:
		data, ok := image[e.File]
		if !ok {
			return // removed or renamed since
		}
		for at := int64(0); at < e.Length; at += event.SectorSize {
			if sector != nil && !sector() {
				continue
			}
			from, to := e.Offset+at, min(e.Offset+at+event.SectorSize, e.Offset+e.Length)
			if int64(len(data)) < to {
				data = append(data, make([]byte, to-int64(len(data)))...)
			}
			copy(data[from:to], e.Data[at:])
		}
		image[e.File] = data
	case event.OpTruncateFile:
		data, ok := image[e.File]
		if !ok {
			return
		}
		if int64(len(data)) < e.Length {
			data = append(data, make([]byte, e.Length-int64(len(data)))...)
		}
		image[e.File] = data[:e.Length:e.Length]
	case event.OpRemoveFile:
		delete(image, e.File)
		if e.File.IsDir() {
			for f := range image {
				if within(f, e.File) {
					delete(image, f)
				}
			}
		}
	case event.OpRenameFile:
		for f, data := range image {
			if within(f, e.File) && f.Kind != event.DirTombstone {
				delete(image, f)
				moved := *e.RenameTo
				if moved.Kind == event.DirPartition { // into another store
					moved.Kind, moved.Base = f.Kind, f.Base
					image[moved] = data
					continue
				}
				moved.Base = f.Base<<2 | int64(f.Kind-event.FileSegment)
				image[moved] = data
			}
		}
	}
}

// within reports whether f lies in the partition folder or tombstone dir. A file in a tombstone is kept under the
// tombstone's own kind, its name packed into Base.
func within(f, dir event.File) bool {
	switch dir.Kind {
	case event.DirStore:
		return f.Store == dir.Store
	case event.DirJournal:
		return f.Store == dir.Store && f.Kind == event.FileChunk
	}
	if f.Store != dir.Store || f.TP() != dir.TP() {
		return false
	}
	if dir.Kind == event.DirTombstone {
		return f.Kind == event.DirTombstone
	}
	return f.Kind == event.FileSegment || f.Kind == event.FileIndex
}

func (d *disk) inside(image map[event.File][]byte, dir event.File) (list []event.File) {
	for f := range image {
		if within(f, dir) {
			list = append(list, f)
		}
	}
	return list
}

// list is the directory's entries in name order.
func (d *disk) list(dir event.File) (list []event.FileInfo) {
	seen := map[event.File]bool{}
	add := func(f event.File, size int64) {
		if !seen[f] {
			seen[f] = true
			list = append(list, event.FileInfo{File: f, Size: size})
		}
	}
	for f, data := range d.volatile {
		if f.Store != dir.Store {
			continue
		}
		folder := event.File{Kind: event.DirPartition, Store: f.Store, Topic: f.Topic, Partition: f.Partition}
		switch {
		case dir.Kind == event.DirTopics && (f.Kind == event.FileSegment || f.Kind == event.FileIndex):
			add(folder, 0)
		case dir.Kind == event.DirTopics && f.Kind == event.DirTombstone:
			folder.Kind = event.DirTombstone
			add(folder, 0)
		case f.Kind != event.DirTombstone && f.Dir() == dir:
			add(f, int64(len(data)))
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].File.Path() < list[j].File.Path() })
	return list
}

func (d *disk) String() string {
	return fmt.Sprintf("%d files, %d operations not synced, %d under way", len(d.volatile), len(d.pending), len(d.flying))
}
