package files

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Space is how many bytes this user may still write to the file system of the directory, and how large that is.
func (d *Dir) Space() (free, size int64, err error) {
	var s unix.Statfs_t
	if err := unix.Fstatfs(d.fd, &s); err != nil {
		return 0, 0, fmt.Errorf("ask for the space of %s: %w", d.root, err)
	}
	return int64(s.Bavail) * s.Bsize, int64(s.Blocks) * s.Bsize, nil
}
