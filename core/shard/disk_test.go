package shard

import (
	"slices"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// memory is a disk that executes effects at once and loses nothing. Completions are the caller's to deliver.
type memory struct {
	files  map[event.File][]byte
	broken bool // every write fails from now on
}

func newMemory() *memory { return &memory{files: map[event.File][]byte{}} }

// apply executes a disk effect and returns its completion; ok is false for effects that are none of a disk's.
func (d *memory) apply(e *event.Effect) (done event.Event, ok bool) {
	done = event.Event{Kind: event.KindIODone, IO: e.IO, To: e.IO.Machine()}
	switch e.Op {
	case event.OpCreateFile:
		if _, found := d.files[e.File]; !found {
			d.files[e.File] = nil
		}
	case event.OpAllocateFile, event.OpTruncateFile:
		done.Status = d.resize(e)
	case event.OpWriteFile:
		if done.Status = d.write(e); done.Status == event.StatusOK {
			done.N = e.Length
		}
	case event.OpReadFile:
		d.read(e, &done)
	case event.OpStatFile:
		p, found := d.files[e.File]
		if done.N = int64(len(p)); !found {
			done.Status = event.StatusNotFound
		}
	case event.OpRenameFile:
		done.Status = d.rename(e.File, *e.RenameTo)
	case event.OpRemoveFile:
		for _, f := range d.list() {
			if f == e.File || f.Dir() == e.File {
				delete(d.files, f)
			}
		}
	case event.OpListDir:
		if done.Files = d.entries(e.File); len(done.Files) == 0 {
			done.Status = event.StatusNotFound
		}
	case event.OpSyncFile, event.OpSyncDir, event.OpSyncFs:
		if d.broken {
			done.Status = event.StatusIOError
		}
	default:
		return done, false
	}
	return done, true
}

// spoil makes noise of memory that was released.
func spoil(m *event.Buffer) {
	for i := range m.Bytes {
		m.Bytes[i] = 0xdb
	}
}

func (d *memory) write(e *event.Effect) event.Status {
	p, found := d.files[e.File]
	switch {
	case !found:
		return event.StatusNotFound
	case d.broken:
		return event.StatusIOError
	case e.Offset%event.BlockSize != 0 || e.Length%event.BlockSize != 0:
		panic("write is not aligned: " + e.File.Path())
	}
	if end := int(e.Offset + e.Length); len(p) < end {
		p = append(p, make([]byte, end-len(p))...)
	}
	copy(p[e.Offset:], e.Data)
	d.files[e.File] = p
	return event.StatusOK
}

func (d *memory) resize(e *event.Effect) event.Status {
	p, found := d.files[e.File]
	switch {
	case !found:
		return event.StatusNotFound
	case d.broken:
		return event.StatusIOError
	case int64(len(p)) < e.Length:
		p = append(p, make([]byte, int(e.Length)-len(p))...)
	case e.Op == event.OpTruncateFile:
		p = p[:e.Length]
	}
	d.files[e.File] = p
	return event.StatusOK
}

func (d *memory) read(e *event.Effect, done *event.Event) {
	p, found := d.files[e.File]
	if !found {
		done.Status = event.StatusNotFound
		return
	}
	from := min(e.Offset, int64(len(p)))
	to := min(e.Offset+e.Length, int64(len(p)))
	done.Data, done.N = append(e.Data[:0], p[from:to]...), to-from
	if to-from < e.Length {
		done.Status = event.StatusShort
	}
}

func (d *memory) rename(from, to event.File) event.Status {
	moved := event.StatusNotFound
	for _, f := range d.list() {
		if f == from || f.Dir() == from {
			d.files[to] = d.files[f]
			delete(d.files, f)
			moved = event.StatusOK
		}
	}
	return moved
}

// list is every file by its path.
func (d *memory) list() []event.File {
	var files []event.File
	for f := range d.files {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b event.File) int { return strings.Compare(a.Path(), b.Path()) })
	return files
}

// entries are the files and directories in dir.
func (d *memory) entries(dir event.File) (found []event.FileInfo) {
	for _, file := range d.list() {
		for f := file; f.Kind != event.FileNone; f = f.Dir() {
			known := slices.ContainsFunc(found, func(i event.FileInfo) bool { return i.File == f })
			if f.Dir() == dir && !known {
				found = append(found, event.FileInfo{File: f, Size: int64(len(d.files[f]))})
			}
		}
	}
	return found
}
