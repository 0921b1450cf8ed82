package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/server/files"
)

// offline is what was found at a path: the segments to read, and the stores they belong to if the path is a whole data
// directory.
type offline struct {
	stores   []offlineStore
	segments []segment
}

// offlineStore is one store as a broker that starts would judge it.
type offlineStore struct {
	machine event.Machine
	*store.Inspection
}

// segment is one segment file. Those of one partition have the same folder, and come in order.
type segment struct {
	path    string
	folder  string
	written int64 // bytes that a checkpoint vouches for; -1 where none is known: up to the end of the file
	open    bool  // it may end unfinished: the last one of a folder that is read alone
}

// readOffline reads a data directory, a partition's folder or a segment file.
func readOffline(path string) (*offline, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return &offline{segments: []segment{{path: path, folder: filepath.Dir(path), written: -1, open: true}}}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	found := &offline{}
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".log") { // in name order, which is the order of offsets
			found.segments = append(found.segments, segment{path: filepath.Join(path, e.Name()), folder: path, written: -1})
		}
	}
	if n := len(found.segments); n > 0 {
		found.segments[n-1].open = true
		return found, nil
	}
	return readDataDir(path, entries)
}

// readDataDir reads the stores of a data directory that no broker uses now.
func readDataDir(root string, entries []os.DirEntry) (*offline, error) {
	free, err := files.Hold(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is neither a data directory nor a partition's folder", root)
	}
	if err != nil {
		return nil, err
	}
	found := &offline{}
	for _, e := range entries {
		m, ok := files.ParseStore(e.Name())
		if !ok || !e.IsDir() {
			continue
		}
		image, err := readStore(root, m)
		if err != nil {
			return nil, errors.Join(err, free())
		}
		s := offlineStore{machine: m, Inspection: store.Inspect(image)}
		found.stores = append(found.stores, s)
		for _, p := range s.Partitions {
			for _, seg := range p.Segments {
				path := filepath.Join(root, filepath.FromSlash(seg.File.Path()))
				found.segments = append(found.segments, segment{path: path, folder: filepath.Dir(path), written: seg.Written})
			}
		}
	}
	return found, free()
}

// readStore reads everything of the store of m but its segments.
func readStore(root string, m event.Machine) (*store.Files, error) {
	r := reader{root: root}
	f := &store.Files{Machine: m}
	f.Hard = r.file(event.File{Kind: event.FileHardState, Store: m})
	f.Sidecar = r.file(event.File{Kind: event.FileSidecar, Store: m})
	for i := range f.Checkpoints {
		f.Checkpoints[i] = r.file(event.File{Kind: event.FileCheckpoint, Store: m, Base: int64(i)})
	}
	for _, c := range r.list(event.File{Kind: event.DirJournal, Store: m}, event.FileChunk) {
		f.Chunks = append(f.Chunks, journal.ChunkImage{Number: c.Base, Data: r.file(c)})
	}
	f.Partitions = len(r.list(event.File{Kind: event.DirTopics, Store: m}, event.DirPartition))
	return f, r.err
}

// reader reads files below root. The first error stays; a missing file or folder is none.
type reader struct {
	root string
	err  error
}

func (r *reader) path(f event.File) string {
	return filepath.Join(r.root, filepath.FromSlash(f.Path()))
}

func (r *reader) fail(err error) {
	if err != nil && !errors.Is(err, os.ErrNotExist) && r.err == nil {
		r.err = err
	}
}

func (r *reader) file(f event.File) []byte {
	p, err := os.ReadFile(r.path(f))
	r.fail(err)
	return p
}

// list is the entries of one kind in the folder dir.
func (r *reader) list(dir event.File, kind event.FileKind) []event.File {
	entries, err := os.ReadDir(r.path(dir))
	r.fail(err)
	var found []event.File
	for _, e := range entries {
		if f, ok := files.Parse(dir, e.Name()); ok && f.Kind == kind {
			found = append(found, f)
		}
	}
	return found
}
