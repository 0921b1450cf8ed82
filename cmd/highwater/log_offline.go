package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/highwater-log/highwater/core/event"
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
	start   int64 // of the log, as far as it is known: what lies below was deleted
	written int64 // bytes that a checkpoint vouches for; -1 where none is known: up to the end of the file
	open    bool  // it may end unfinished: the last one of a folder that is read alone
	// store is what its store says of it, nil where only files are read.
	store *store.SegmentInspection
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
	found, shards := &offline{}, 0 // shards: of the directory, as home says, whose folder comes first
	for _, e := range entries {
		m, ok := files.ParseStore(e.Name())
		if !ok || !e.IsDir() {
			continue
		}
		image, err := files.ReadStore(root, m)
		if err != nil {
			return nil, errors.Join(err, free())
		}
		s := offlineStore{machine: m, Inspection: store.Inspect(image)}
		if moving := s.Hard.Moving; moving != 0 {
			return nil, errors.Join(fmt.Errorf("%s is being changed from %d to %d shards: its files say nothing before that is done. "+
				"Start a broker on it, which finishes it", root, s.Hard.Shards, moving), free())
		}
		if m == event.Home {
			shards = max(1, int(s.Hard.Shards))
		} else if s.Hard.Directory.IsZero() && int(m.Index) >= shards && shards > 0 && image.Hard == nil {
			continue // no store: what a change to more shards had begun to prepare, and was given up
		}
		found.stores = append(found.stores, s)
		for _, p := range s.Partitions {
			for i := range p.Segments {
				seg := &p.Segments[i]
				path := filepath.Join(root, filepath.FromSlash(seg.File.Path()))
				found.segments = append(found.segments, segment{
					path: path, folder: filepath.Dir(path), start: p.Start, written: seg.Written, store: seg,
				})
			}
		}
	}
	return found, free()
}
