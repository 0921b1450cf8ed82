package broker

import (
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// disk is a data directory in memory that does at once what it is told.
type disk struct {
	files map[event.File][]byte
	dirs  map[event.File]bool
}

func newDisk() *disk { return &disk{files: map[event.File][]byte{}, dirs: map[event.File]bool{}} }

// do executes one disk order and gives its completion.
func (d *disk) do(e *event.Effect) event.Event {
	done := event.Event{Kind: event.KindIODone, IO: e.IO}
	content, exists := d.files[e.File]
	switch e.Op {
	case event.OpCreateFile:
		if !exists {
			d.files[e.File] = nil
			d.made(e.File)
		}
	case event.OpAllocateFile:
		if grow := e.Length - int64(len(content)); grow > 0 {
			d.files[e.File] = append(content, make([]byte, grow)...)
		}
	case event.OpWriteFile:
		if end := e.Offset + int64(len(e.Data)); end > int64(len(content)) {
			content = append(content, make([]byte, end-int64(len(content)))...)
		}
		copy(content[e.Offset:], e.Data)
		d.files[e.File], done.N = content, int64(len(e.Data))
	case event.OpReadFile:
		d.read(e, content, exists, &done)
	case event.OpTruncateFile:
		if e.Length <= int64(len(content)) {
			d.files[e.File] = content[:e.Length:e.Length]
		} else {
			d.files[e.File] = append(content, make([]byte, e.Length-int64(len(content)))...)
		}
	case event.OpRenameFile:
		if !exists && !d.dirs[e.File] {
			done.Status = event.StatusNotFound
			break
		}
		d.rename(e.File, *e.RenameTo)
	case event.OpRemoveFile:
		d.remove(e.File)
	case event.OpListDir:
		if !d.dirs[e.File] {
			done.Status = event.StatusNotFound
		}
		done.Files = d.list(e.File)
	case event.OpStatFile:
		if !exists {
			done.Status = event.StatusNotFound
		}
		done.N = int64(len(content))
	}
	return done
}

func (d *disk) read(e *event.Effect, content []byte, exists bool, done *event.Event) {
	if !exists {
		done.Status = event.StatusNotFound
		return
	}
	from, to := min(e.Offset, int64(len(content))), min(e.Offset+e.Length, int64(len(content)))
	done.Data = append(e.Data[:0], content[from:to]...)
	done.N = to - from
	if done.N < e.Length {
		done.Status = event.StatusShort
	}
}

// made notes the directories above f.
func (d *disk) made(f event.File) {
	for dir := f.Dir(); dir != (event.File{}); dir = dir.Dir() {
		d.dirs[dir] = true
	}
}

func (d *disk) rename(from, to event.File) {
	if !from.IsDir() {
		d.files[to] = d.files[from]
		delete(d.files, from)
		return
	}
	for f, content := range d.files {
		if f.Dir() == from && to.Kind == event.DirPartition { // into another store; what is in a tombstone is nobody's
			f.Store = to.Store
			d.files[f] = content
		}
	}
	d.remove(from)
	d.dirs[to] = true
}

func (d *disk) remove(f event.File) {
	for inside := range d.files {
		if inside == f || f.IsDir() && within(inside, f) {
			delete(d.files, inside)
		}
	}
	for inside := range d.dirs {
		if within(inside, f) {
			delete(d.dirs, inside)
		}
	}
}

// within reports whether f is dir or lies below it.
func within(f, dir event.File) bool {
	for ; f != (event.File{}); f = f.Dir() {
		if f == dir {
			return true
		}
	}
	return false
}

func (d *disk) list(dir event.File) []event.FileInfo {
	var out []event.FileInfo
	for f, content := range d.files {
		if f.Dir() == dir {
			out = append(out, event.FileInfo{File: f, Size: int64(len(content))})
		}
	}
	for f := range d.dirs {
		if f.Dir() == dir {
			out = append(out, event.FileInfo{File: f})
		}
	}
	slices.SortFunc(out, func(a, b event.FileInfo) int { return strings.Compare(a.File.Path(), b.File.Path()) })
	return out
}

// holds reports whether anything of a topic is left.
func (d *disk) holds(topic event.UUID) bool {
	for f := range d.files {
		if f.Topic == topic {
			return true
		}
	}
	for f := range d.dirs {
		if f.Topic == topic {
			return true
		}
	}
	return false
}
