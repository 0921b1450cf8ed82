package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Foreign says that a directory is somebody else's: it holds files, and no store.
type Foreign struct {
	Root string
	Name string // of one entry
}

// Error says what to do.
func (e *Foreign) Error() string {
	return fmt.Sprintf("directory %s holds %q and no data of a broker: choose an empty directory, or another one, with --data. "+
		"Nothing in it was changed", e.Root, e.Name)
}

// checkOurs refuses a directory that holds other things and no store, before anything is made in it. A directory that does
// not exist is nobody's. Beside a store, other entries are left alone.
func checkOurs(root string) error {
	info, err := os.Stat(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory: choose one with --data", root)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	other := ""
	for _, e := range entries {
		if _, store := ParseStore(e.Name()); store && e.IsDir() {
			return nil
		}
		if !ours(e.Name()) {
			other = e.Name()
		}
	}
	if other != "" {
		return &Foreign{Root: root, Name: other}
	}
	return nil
}

// ours reports whether an entry may lie in a data directory that has no store yet: what Open makes, and what every new
// file system has.
func ours(name string) bool { return name == lockName || name == probeName || name == "lost+found" }
