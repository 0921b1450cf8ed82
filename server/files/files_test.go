package files

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

func open(t *testing.T) *Dir {
	t.Helper()
	d, err := Open(filepath.Join(t.TempDir(), "a", "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestOpen_LocksTheDirectoryAndSaysWhoHoldsIt(t *testing.T) {
	d := open(t)
	_, err := Open(d.Root())
	var held *InUse
	if !errors.As(err, &held) {
		t.Fatalf("second Open: %v, want InUse", err)
	}
	if held.PID != os.Getpid() {
		t.Errorf("holder is pid %d, want %d", held.PID, os.Getpid())
	}
	if !strings.Contains(err.Error(), "--data") {
		t.Errorf("message does not say what to do: %q", err)
	}
}

func TestOpen_LeavesNothingButTheLock(t *testing.T) {
	d := open(t)
	entries, err := os.ReadDir(d.Root())
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != "lock" {
		t.Errorf("entries %v, want only lock", entries)
	}
}

func TestOpen_AfterCloseTakesTheLockAgain(t *testing.T) {
	root := t.TempDir()
	for range 3 {
		d, err := Open(root)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpen_RefusesAFileInPlaceOfTheDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, nil, filePerm); err != nil {
		t.Fatal(err)
	}
	if d, err := Open(path); err == nil {
		t.Fatalf("opened %s", d.Root())
	}
}

func TestHold_ExcludesBrokersAndChangesNothing(t *testing.T) {
	root := t.TempDir()
	if _, err := Hold(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that no broker ever used: %v", err)
	}
	d, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	var held *InUse
	if _, err := Hold(root); !errors.As(err, &held) {
		t.Errorf("a directory in use: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	release, err := Hold(root)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := Open(root); err == nil {
		t.Errorf("a broker opened %s while it was held", d.Root())
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
}

func TestParseStore(t *testing.T) {
	for name, want := range map[string]event.Machine{
		"home": event.Home, "shard-0": event.Shard0, "shard-255": {Role: event.RoleShard, Index: 255},
	} {
		if got, ok := ParseStore(name); !ok || got != want {
			t.Errorf("ParseStore(%q) = %s, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "lock", "shard-", "shard-256", "shard-00", "shard--1", "front-0", "Home"} {
		if got, ok := ParseStore(name); ok {
			t.Errorf("ParseStore(%q) = %s", name, got)
		}
	}
}

// anyFile draws a file or directory of any kind.
func anyFile(t *rapid.T) event.File {
	store := rapid.SampledFrom([]event.Machine{event.Home, event.Shard0, {Role: event.RoleShard, Index: 7}}).Draw(t, "store")
	kind := event.FileKind(rapid.IntRange(int(event.FileHardState), int(event.DirTopics)).Draw(t, "kind"))
	f := event.File{Kind: kind, Store: store}
	switch kind {
	case event.FileChunk:
		f.Base = rapid.Int64Range(0, 1e9).Draw(t, "base")
	case event.FileCheckpoint:
		f.Base = rapid.Int64Range(0, 1).Draw(t, "base")
	case event.FileSegment, event.FileIndex:
		f.Base = rapid.Int64Min(0).Draw(t, "base")
	}
	switch kind {
	case event.FileSegment, event.FileIndex, event.DirPartition, event.DirTombstone:
		copy(f.Topic[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "topic"))
		f.Partition = rapid.Int32Min(0).Draw(t, "partition")
	}
	return f
}

// FS-3, one half: every path is read back as the file it came from.
func TestParse_InvertsPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFile(t)
		if f.Kind == event.DirStore {
			return // lies in the data directory itself, which is never listed
		}
		got, ok := Parse(f.Dir(), filepath.Base(f.Path()))
		if !ok || got != f {
			t.Fatalf("Parse(%s, %s) = %v %v", f.Dir(), filepath.Base(f.Path()), got, ok)
		}
	})
}

// FS-3, the other half: whatever name is accepted is the name that its file renders.
func TestParse_AcceptsOnlyCanonicalNames(t *testing.T) {
	const id = "00112233445566778899aabbccddeeff"
	dirs := []event.File{
		{Kind: event.DirStore}, {Kind: event.DirJournal}, {Kind: event.DirTopics},
		{Kind: event.DirPartition, Partition: 1}, {Kind: event.DirTombstone}, {},
	}
	names := []string{
		"", ".", "..", "hard-state ", "Hard-state", "checkpoint-", "checkpoint--1", "checkpoint-00", "checkpoint-x",
		"3", "00000003.tmp", "+0000003", "-0000003", "0000000003", "99999999999999999999", id, id + "-", id + "--1",
		id + "-01", strings.ToUpper(id) + "-1", id + "-1.deleted.deleted", id + "-4294967296", "00000000000000000001.log~",
		"1.log", "-0000000000000000001.log", "00000000000000000001.LOG", "99999999999999999999.index", "lost+found",
	}
	for _, dir := range dirs {
		for _, name := range names {
			if f, ok := Parse(dir, name); ok {
				t.Errorf("Parse(%s, %q) = %v", dir, name, f)
			}
		}
	}
}

func TestList_SortsEntriesAndCountsUnknownNames(t *testing.T) {
	d := open(t)
	journal := event.File{Kind: event.DirJournal, Store: event.Shard0}
	for _, base := range []int64{2, 0, 1} {
		f := event.File{Kind: event.FileChunk, Store: event.Shard0, Base: base}
		if err := d.MakeParents(f); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(d.Path(f), make([]byte, 100*base), filePerm); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"note.txt", "00000001.bak"} {
		if err := os.WriteFile(filepath.Join(d.Path(journal), name), nil, filePerm); err != nil {
			t.Fatal(err)
		}
	}
	// A directory under a file's name is as unknown as any other.
	if err := os.Mkdir(filepath.Join(d.Path(journal), "00000009"), dirPerm); err != nil {
		t.Fatal(err)
	}
	infos, err := d.List(journal)
	if err != nil {
		t.Fatal(err)
	}
	if len(infos) != 4 {
		t.Fatalf("%d entries, want 3 and the count of unknown ones: %v", len(infos), infos)
	}
	for i, info := range infos[:3] {
		if info.File.Base != int64(i) || info.Size != int64(100*i) {
			t.Errorf("entry %d is %v", i, info)
		}
	}
	if last := infos[3]; last.File != (event.File{}) || last.Size != 3 {
		t.Errorf("unknown names: %v, want a count of 3", last)
	}
}

func TestAlloc_AlignsAndZeroes(t *testing.T) {
	for _, size := range []int{0, 1, 511, 4096, 4097, 12288, 1 << 20, 1<<20 + 1} {
		for range 20 {
			p := Alloc(size)
			if len(p) != size || cap(p) < size || !Aligned(p) {
				t.Fatalf("Alloc(%d): len %d, aligned %v", size, len(p), Aligned(p))
			}
			for i := range p {
				if p[i] != 0 {
					t.Fatalf("Alloc(%d): byte %d is not zero", size, i)
				}
				p[i] = 0xff
			}
		}
	}
}

func TestBlocks_RoundTripInEveryMode(t *testing.T) {
	for _, m := range []Mode{{Direct: true, DSync: true}, {Direct: true}, {DSync: true}, {}} {
		t.Run(m.String(), func(t *testing.T) {
			fd, err := OpenMode(filepath.Join(t.TempDir(), "f"), m)
			if errors.Is(err, unix.EINVAL) {
				t.Skipf("this file system does not know %s", m)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := unix.Close(fd); err != nil {
					t.Error(err)
				}
			}()
			want := Alloc(3 * event.BlockSize)
			for i := range want {
				want[i] = byte(i / 7)
			}
			if err := WriteBlocks(fd, want, event.BlockSize, true, m); err != nil {
				t.Fatal(err)
			}
			got := Alloc(8 * event.BlockSize)
			n, err := ReadBlocks(fd, got, event.BlockSize)
			if err != nil || n != len(want) || !bytes.Equal(got[:n], want) {
				t.Fatalf("read %d bytes (%v), want the %d written", n, err, len(want))
			}
			// A file that was cut to an odd length ends there.
			if err := unix.Ftruncate(fd, event.BlockSize+5); err != nil {
				t.Fatal(err)
			}
			if n, err := ReadBlocks(fd, got, event.BlockSize); err != nil || n != 5 {
				t.Fatalf("read %d bytes (%v) behind the cut, want 5", n, err)
			}
		})
	}
}

func TestCache_KeepsAHeldDescriptorThroughForget(t *testing.T) {
	d := open(t)
	f := event.File{Kind: event.FileSegment, Store: event.Shard0, Base: 1}
	if err := d.MakeParents(f); err != nil {
		t.Fatal(err)
	}
	h, err := d.Acquire(f, true)
	if err != nil {
		t.Fatal(err)
	}
	d.Forget(func(g event.File) bool { return g == f })
	if err := unix.Fstat(h.FD, &unix.Stat_t{}); err != nil {
		t.Fatalf("descriptor died under its user: %v", err)
	}
	again, err := d.Acquire(f, false)
	if err != nil {
		t.Fatal(err)
	}
	if again == h {
		t.Error("a forgotten handle was given out again")
	}
	d.Release(again)
	d.Release(h)
	if n := d.OpenFiles(); n != 1 {
		t.Errorf("%d files open, want 1", n)
	}
}

// What who must not wait does: finds a file only if it is open, and lets somebody else close it.
func TestCache_FindsWithoutOpeningAndClosesAside(t *testing.T) {
	d := open(t)
	f := event.File{Kind: event.FileSegment, Store: event.Shard0, Base: 1}
	if err := d.MakeParents(f); err != nil {
		t.Fatal(err)
	}
	if h := d.Cached(f); h != nil {
		t.Fatal("a file that was never opened was found open")
	}
	h, err := d.Acquire(f, true)
	if err != nil {
		t.Fatal(err)
	}
	same := d.Cached(f)
	if same != h || same.Descriptor() != h.FD {
		t.Fatalf("found %v, open is %v", same, h)
	}
	d.Release(h)
	d.Forget(func(event.File) bool { return true })
	if h := d.Cached(f); h != nil {
		t.Error("a forgotten file was found open")
	}
	if err := unix.Fstat(same.FD, &unix.Stat_t{}); err != nil {
		t.Fatalf("descriptor died under its user: %v", err)
	}
	d.ReleaseSoon(same)
	d.closing.Wait()
	if err := unix.Fstat(same.FD, &unix.Stat_t{}); !errors.Is(err, unix.EBADF) {
		t.Errorf("the last release left it open: %v", err)
	}
}

func TestTry_BelievesOnlyWhatComesBack(t *testing.T) {
	d := open(t)
	write := func(fd int, p []byte) error { return WriteBlocks(fd, p, 0, true, d.Mode()) }
	read := func(fd int, p []byte) (int, error) { return ReadBlocks(fd, p, 0) }
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		write func(int, []byte) error
		read  func(int, []byte) (int, error)
		want  string
	}{
		"all well":     {write, read, ""},
		"no write":     {func(int, []byte) error { return broken }, read, "broken"},
		"lost write":   {func(fd int, p []byte) error { return write(fd, Alloc(len(p))) }, read, "other bytes"},
		"no read":      {write, func(int, []byte) (int, error) { return 0, broken }, "broken"},
		"short read":   {write, func(fd int, p []byte) (int, error) { n, err := read(fd, p); return n / 2, err }, "unexpected EOF"},
		"nothing read": {write, func(_ int, p []byte) (int, error) { return len(p), nil }, "other bytes"},
	} {
		switch err := d.Try(c.write, c.read); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if _, err := os.Stat(filepath.Join(d.Root(), probeName)); err == nil {
			t.Errorf("%s: the file of the trial is still there", name)
		}
	}
}

func TestCache_ClosesTheColdestBeyondItsBound(t *testing.T) {
	d := open(t)
	d.cache.init(3)
	file := func(base int64) event.File { return event.File{Kind: event.FileChunk, Store: event.Home, Base: base} }
	if err := d.MakeParents(file(0)); err != nil {
		t.Fatal(err)
	}
	held, err := d.Acquire(file(0), true)
	if err != nil {
		t.Fatal(err)
	}
	for base := int64(1); base <= 10; base++ {
		h, err := d.Acquire(file(base), true)
		if err != nil {
			t.Fatal(err)
		}
		d.Release(h)
	}
	if n := d.OpenFiles(); n != 3 {
		t.Errorf("%d files open, want 3", n)
	}
	same, err := d.Acquire(file(0), false)
	if err != nil {
		t.Fatal(err)
	}
	if same != held {
		t.Error("a handle in use was evicted")
	}
	d.Release(same)
	d.Release(held)
}

func TestOpen_LeavesWhatIsSomebodyElsesAlone(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []string // those that end in / are folders
		foreign bool
	}{
		{"nothing", nil, false},
		{"a new file system", []string{"lost+found/"}, false},
		{"a start that was killed", []string{"lock", "probe"}, false},
		{"a store and a note", []string{"home/", "note"}, false},
		{"a note", []string{"note"}, true},
		{"a folder", []string{"photos/"}, true},
		{"a file with a store's name", []string{"home"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for _, name := range c.entries {
				var err error
				if folder, ok := strings.CutSuffix(name, "/"); ok {
					err = os.Mkdir(filepath.Join(root, folder), dirPerm)
				} else {
					err = os.WriteFile(filepath.Join(root, name), nil, filePerm)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			d, err := Open(root)
			var foreign *Foreign
			if errors.As(err, &foreign) != c.foreign || err != nil && !c.foreign {
				t.Fatalf("Open: %v", err)
			}
			if !c.foreign {
				if err := d.Close(); err != nil {
					t.Error(err)
				}
				return
			}
			if entries, err := os.ReadDir(root); err != nil || len(entries) != len(c.entries) {
				t.Errorf("entries %v, %v", entries, err)
			}
		})
	}
}
