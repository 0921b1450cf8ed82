package files

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/highwater-log/highwater/core/event"
	"golang.org/x/sys/unix"
)

// OneVolume fails if a folder of the store of m lies on another volume than the data directory root, or is where one is mounted:
// then nothing can be renamed out of it, and it cannot be removed.
func OneVolume(root string, m event.Machine) error {
	var whole unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, root, 0, unix.STATX_BASIC_STATS, &whole); err != nil {
		return fmt.Errorf("stat %s: %w", root, err)
	}
	for _, kind := range []event.FileKind{event.DirStore, event.DirJournal, event.DirTopics} {
		folder := event.File{Kind: kind, Store: m}.Path()
		var part unix.Statx_t
		err := unix.Statx(unix.AT_FDCWD, filepath.Join(root, filepath.FromSlash(folder)), 0, unix.STATX_BASIC_STATS, &part)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("stat %s: %w", folder, err)
		case part.Dev_major != whole.Dev_major || part.Dev_minor != whole.Dev_minor || part.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0:
			return fmt.Errorf("%s lies on a volume of its own, or is where one is mounted", folder)
		}
	}
	return nil
}
