package files

import (
	"encoding/hex"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// List reads the directory f: its entries in name order, and, if there were any, one last entry of Kind FileNone whose
// Size counts the names that no event.File yields.
func (d *Dir) List(f event.File) ([]event.FileInfo, error) {
	entries, err := os.ReadDir(d.Path(f))
	if err != nil {
		return nil, err
	}
	infos := make([]event.FileInfo, 0, len(entries)+1)
	unknown := int64(0)
	for _, entry := range entries {
		file, ok := Parse(f, entry.Name())
		if !ok || file.IsDir() != entry.IsDir() {
			unknown++
			continue
		}
		info := event.FileInfo{File: file}
		if !entry.IsDir() {
			stat, err := entry.Info()
			if os.IsNotExist(err) {
				continue // removed since the directory was read
			}
			if err != nil {
				return nil, err
			}
			info.Size = stat.Size()
		}
		infos = append(infos, info)
	}
	if unknown > 0 {
		infos = append(infos, event.FileInfo{Size: unknown})
	}
	return infos, nil
}

// Parse reads the name of an entry of the directory dir back into the file that it names. FS-3: what it accepts, Path
// renders as the very same name.
func Parse(dir event.File, name string) (event.File, bool) {
	f, ok := guess(dir, name)
	if !ok || f.Dir() != dir || path.Base(f.Path()) != name {
		return event.File{}, false
	}
	return f, true
}

// ParseStore reads the name of a store's folder in the data directory: home, shard-0.
func ParseStore(name string) (event.Machine, bool) {
	m := event.Home
	if number, ok := strings.CutPrefix(name, "shard-"); ok {
		n, err := strconv.ParseUint(number, 10, 8)
		if err != nil {
			return m, false
		}
		m = event.Machine{Role: event.RoleShard, Index: uint8(n)}
	}
	return m, name == event.File{Kind: event.DirStore, Store: m}.Path()
}

func guess(dir event.File, name string) (event.File, bool) {
	f := event.File{Store: dir.Store}
	switch dir.Kind {
	case event.DirStore:
		return guessStore(f, name)
	case event.DirJournal:
		return guessNumber(f, event.FileChunk, name)
	case event.DirTopics:
		return guessPartition(f, name)
	case event.DirPartition:
		f.Topic, f.Partition = dir.Topic, dir.Partition
		if base, ok := strings.CutSuffix(name, ".log"); ok {
			return guessNumber(f, event.FileSegment, base)
		}
		base, ok := strings.CutSuffix(name, ".index")
		if !ok {
			return f, false
		}
		return guessNumber(f, event.FileIndex, base)
	}
	return f, false
}

func guessStore(f event.File, name string) (event.File, bool) {
	switch name {
	case "hard-state":
		f.Kind = event.FileHardState
	case "journal":
		f.Kind = event.DirJournal
	case "topics":
		f.Kind = event.DirTopics
	default:
		number, ok := strings.CutPrefix(name, "checkpoint-")
		if !ok {
			return f, false
		}
		return guessNumber(f, event.FileCheckpoint, number)
	}
	return f, true
}

func guessNumber(f event.File, kind event.FileKind, digits string) (event.File, bool) {
	n, err := strconv.ParseInt(digits, 10, 64)
	f.Kind, f.Base = kind, n
	return f, err == nil && n >= 0
}

func guessPartition(f event.File, name string) (event.File, bool) {
	if name == "identity" {
		f.Kind = event.FileSidecar
		return f, true
	}
	f.Kind = event.DirPartition
	if base, ok := strings.CutSuffix(name, ".deleted"); ok {
		f.Kind, name = event.DirTombstone, base
	}
	id, number, ok := strings.Cut(name, "-")
	if !ok || len(id) != hex.EncodedLen(len(f.Topic)) {
		return f, false
	}
	if _, err := hex.Decode(f.Topic[:], []byte(id)); err != nil {
		return f, false
	}
	n, err := strconv.ParseInt(number, 10, 32)
	f.Partition = int32(n)
	return f, err == nil && n >= 0
}
