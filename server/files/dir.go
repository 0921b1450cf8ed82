package files

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/highwater-log/highwater/core/event"
	"golang.org/x/sys/unix"
)

// Permissions of what is created: the data of a log is nobody else's to read.
const (
	dirPerm  = 0o750
	filePerm = 0o640
)

// Dir is a locked data directory.
type Dir struct {
	root    string
	fd      int // of root, open for the whole life: syncfs reports only errors that came after the descriptor was opened
	lock    *os.File
	mode    Mode
	cache   cache
	closing sync.WaitGroup // of ReleaseSoon
}

// Open makes the data directory root if it is missing, locks it and finds out how its file system writes. It fails with
// InUse if another process holds it, and with Foreign if it holds other things than a broker's.
func Open(root string) (*Dir, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := checkOurs(root); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := makeRoot(root); err != nil {
		return nil, fmt.Errorf("make data directory: %w%s", err, remedy(err))
	}
	lock, err := takeLock(root)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open data directory %s: %w", root, err), lock.Close())
	}
	d := &Dir{root: root, fd: fd, lock: lock}
	if d.mode, err = Probe(root); err != nil {
		return nil, errors.Join(fmt.Errorf("write to data directory %s: %w%s", root, err, remedy(err)), d.Close())
	}
	d.cache.init(openFilesAtMost())
	return d, nil
}

// remedy is what to do about an error that a directory gives.
func remedy(err error) string {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return ": this user may not write there. Give it the directory, or choose another one with --data"
	}
	return ""
}

// makeRoot makes root and its missing parents, and makes the entry of what it made durable.
func makeRoot(root string) error {
	if _, err := os.Stat(root); err == nil {
		return nil
	}
	if err := os.MkdirAll(root, dirPerm); err != nil {
		return err
	}
	return SyncPath(filepath.Dir(root))
}

// Close closes every handle that nobody holds and gives the directory up.
func (d *Dir) Close() error {
	d.cache.forget(func(event.File) bool { return true })
	d.closing.Wait()
	return errors.Join(unix.Close(d.fd), d.lock.Close())
}

// Root is the absolute path of the data directory.
func (d *Dir) Root() string { return d.root }

// FD is the descriptor of the data directory, for syncfs.
func (d *Dir) FD() int { return d.fd }

// LockFD is the descriptor of the lock file: a regular file of the file system that is always open.
func (d *Dir) LockFD() int { return int(d.lock.Fd()) }

// Mode says how files of this directory are opened and made durable.
func (d *Dir) Mode() Mode { return d.mode }

// Path is where f lies.
func (d *Dir) Path(f event.File) string { return filepath.Join(d.root, filepath.FromSlash(f.Path())) }

// MakeParents makes the directories above f.
func (d *Dir) MakeParents(f event.File) error { return os.MkdirAll(filepath.Dir(d.Path(f)), dirPerm) }

// MakeDir makes the directory f and those above it.
func (d *Dir) MakeDir(f event.File) error { return os.MkdirAll(d.Path(f), dirPerm) }

// SyncPath makes the entries of the directory at path durable.
func SyncPath(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// openFilesAtMost bounds the cache of handles: half of what the process may open, the rest is for connections.
func openFilesAtMost() int {
	const least, most = 64, 16384
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		slog.Warn("cannot read the limit of open files", "assumed", least*2, "error", err)
		return least
	}
	return int(min(max(limit.Cur/2, least), most))
}
