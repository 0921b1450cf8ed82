package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/store"
)

// ReadStore reads everything of the store of m in the data directory root but its segments. A file or folder that is missing
// is empty.
func ReadStore(root string, m event.Machine) (*store.Files, error) {
	r := storeReader{root: root, journal: true}
	return r.read(m), r.err
}

// ReadSmall is ReadStore for who judges a store without its journal: the chunks are listed, and have no bytes.
func ReadSmall(root string, m event.Machine) (*store.Files, error) {
	r := storeReader{root: root}
	return r.read(m), r.err
}

// storeReader reads files below root. The first error stays; a missing file or folder is none.
type storeReader struct {
	root    string
	journal bool // the bytes of chunks are wanted
	err     error
}

func (r *storeReader) read(m event.Machine) *store.Files {
	f := &store.Files{Machine: m, Segment: r.segment}
	f.Hard = r.file(event.File{Kind: event.FileHardState, Store: m})
	f.Sidecar = r.file(event.File{Kind: event.FileSidecar, Store: m})
	for i := range f.Checkpoints {
		f.Checkpoints[i] = r.file(event.File{Kind: event.FileCheckpoint, Store: m, Base: int64(i)})
	}
	chunks, _ := r.list(event.File{Kind: event.DirJournal, Store: m}, event.FileChunk)
	for _, c := range chunks {
		chunk := journal.ChunkImage{Number: c.Base}
		if r.journal {
			chunk.Data = r.file(c)
		}
		f.Chunks = append(f.Chunks, chunk)
	}
	folders, _ := r.list(event.File{Kind: event.DirTopics, Store: m}, event.DirPartition, event.DirTombstone)
	f.Partitions = len(folders)
	_, f.Foreign = r.list(event.File{Kind: event.DirStore, Store: m})
	return f
}

func (r *storeReader) path(f event.File) string {
	return filepath.Join(r.root, filepath.FromSlash(f.Path()))
}

func (r *storeReader) fail(err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) && r.err == nil {
		r.err = err
	}
}

func (r *storeReader) file(f event.File) []byte {
	p, err := os.ReadFile(r.path(f))
	r.fail(err)
	return p
}

// segment reads up to n bytes of f; a missing file has none.
func (r *storeReader) segment(f event.File, at, n int64) ([]byte, error) {
	file, err := os.Open(r.path(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := make([]byte, n)
	got, err := file.ReadAt(p, at)
	closed := file.Close()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return p[:got], errors.Join(err, closed)
}

// list is the entries of some kinds in the folder dir, and whether there are any that no event.File yields.
func (r *storeReader) list(dir event.File, kinds ...event.FileKind) (found []event.File, foreign bool) {
	entries, err := os.ReadDir(r.path(dir))
	r.fail(err)
	for _, e := range entries {
		f, ok := Parse(dir, e.Name())
		if !ok || f.IsDir() != e.IsDir() {
			foreign = true
			continue
		}
		for _, kind := range kinds {
			if f.Kind == kind {
				found = append(found, f)
			}
		}
	}
	return found, foreign
}
