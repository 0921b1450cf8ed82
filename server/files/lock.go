package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lockName is the file that says who uses the directory.
const lockName = "lock"

// InUse says that another process holds the data directory.
type InUse struct {
	Root string
	PID  int // 0 if it could not be read
}

// Error says what to do.
func (e *InUse) Error() string {
	holder := "another process"
	if e.PID != 0 {
		holder = "pid " + strconv.Itoa(e.PID)
	}
	return fmt.Sprintf("data directory %s in use by %s: stop it, or choose another directory with --data", e.Root, holder)
}

// Hold locks the data directory root for who reads it while no broker may, and changes nothing in it. It fails with
// InUse if a process holds it, and with fs.ErrNotExist if no broker ever did.
func Hold(root string) (release func() error, err error) {
	lock, err := os.OpenFile(filepath.Join(root, lockName), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := flock(lock, root); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock.Close, nil
}

func flock(lock *os.File, root string) error {
	err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EWOULDBLOCK):
		return &InUse{Root: root, PID: readPID(lock)}
	}
	return fmt.Errorf("lock data directory %s: %w", root, err)
}

// takeLock locks root/lock and writes the process id into it. The lock belongs to the open file: the kernel drops it
// with the process, so a crash leaves nothing to clean up.
func takeLock(root string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(root, lockName), os.O_RDWR|os.O_CREATE, filePerm)
	if err != nil {
		return nil, fmt.Errorf("lock data directory %s: %w%s", root, err, remedy(err))
	}
	if err := flock(lock, root); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := writePID(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("lock data directory %s: %w", root, err), lock.Close())
	}
	return lock, nil
}

func writePID(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func readPID(lock *os.File) int {
	text := make([]byte, 20)
	n, err := lock.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return 0
	}
	return pid
}
