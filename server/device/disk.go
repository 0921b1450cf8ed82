package device

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Disk is a block device of our own with a file system on it.
type Disk struct {
	Dir string // where the file system is mounted while the power is on

	kind   string // ext4 or xfs
	image  *image
	server *server
	loop   string
	life   int
	on     bool
}

// size of the device, in bytes: room for a journal and for what a test writes. Only what is written takes memory, twice.
const size = 1 << 30

// New is a disk with a fresh file system of the kind (ext4, xfs), switched on. What the machine lacks skips the test, with what
// that is. Nothing of it outlives the test.
func New(t testing.TB, kind string) *Disk {
	t.Helper()
	if why := Missing(kind); why != "" {
		t.Skipf("no power can be cut here: %s", why)
	}
	folder := t.TempDir()
	d := &Disk{Dir: filepath.Join(folder, "fs"), kind: kind}
	for _, dir := range []string{d.Dir, filepath.Join(folder, "device")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if d.image, err = newImage(size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.image.close(); err != nil {
			t.Error(err)
		}
	})
	if d.server, err = serve(d.image, filepath.Join(folder, "device")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.on {
			d.Cut(Loss{})
			d.Release()
			d.PowerOff(t)
		}
		if err := d.server.close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.format(); err != nil {
		t.Fatal(err)
	}
	d.PowerOn(t)
	return d
}

// makers are the commands that make a file system; the device comes last. Nothing is left for the kernel to do in the
// background.
var makers = map[string][]string{
	"ext4": {"mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"},
	"xfs":  {"mkfs.xfs", "-q", "-f", "-K"},
}

func (d *Disk) format() error {
	life := d.image.powerOn()
	name, fd, err := attach(d.server.path(life))
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }() // mkfs has synced it
	args := makers[d.kind]
	out, err := exec.Command(args[0], append(args[1:], name)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", args[0], err, out)
	}
	return nil
}

// PowerOn attaches the device and mounts what is on it: the kernel replays the journal of the file system.
func (d *Disk) PowerOn(t testing.TB) {
	t.Helper()
	if err := d.TryPowerOn(); err != nil {
		t.Fatal(err)
	}
}

// TryPowerOn is PowerOn for a device that may have lost more than a file system survives.
func (d *Disk) TryPowerOn() error {
	d.life = d.image.powerOn()
	name, fd, err := attach(d.server.path(d.life))
	if err != nil {
		return err
	}
	err = unix.Mount(name, d.Dir, d.kind, unix.MS_NOATIME, "")
	_ = unix.Close(fd) // the mount holds it, or nobody wants it
	if err != nil {
		return fmt.Errorf("mount %s on %s: %w", d.kind, name, err)
	}
	d.loop, d.on = name, true
	return nil
}

// Arm cuts the power inside the n-th write or flush from now on, before that one is acknowledged.
func (d *Disk) Arm(n int, loss Loss) {
	d.image.mu.Lock()
	defer d.image.mu.Unlock()
	d.image.left, d.image.loss = n, loss
}

// Dark is closed when the power is cut.
func (d *Disk) Dark() <-chan struct{} {
	d.image.mu.Lock()
	defer d.image.mu.Unlock()
	return d.image.dark
}

// Cut cuts the power now, if it is on. From here on nothing is answered until Release.
func (d *Disk) Cut(loss Loss) {
	d.image.mu.Lock()
	defer d.image.mu.Unlock()
	if !d.image.off {
		d.image.cut(loss)
	}
}

// Release lets everything go that waits for a device without power: it gets an I/O error.
func (d *Disk) Release() {
	d.image.mu.Lock()
	defer d.image.mu.Unlock()
	select {
	case <-d.image.resume:
	default:
		close(d.image.resume)
	}
}

// Lie makes flushes say that they are done, and do nothing.
func (d *Disk) Lie(lies bool) {
	d.image.mu.Lock()
	defer d.image.mu.Unlock()
	d.image.lies = lies
}

// Count is what was asked of the device so far, over all its lives.
func (d *Disk) Count() Counts {
	d.image.mu.Lock()
	defer d.image.mu.Unlock()
	return d.image.count
}

// Unflushed is how many bytes of writes wait for a flush.
func (d *Disk) Unflushed() int64 {
	d.image.mu.Lock()
	defer d.image.mu.Unlock()
	return d.image.held
}

// PowerOff unmounts the file system and waits until the loop device is gone. After a cut and a Release that changes nothing on
// the medium; before one it is a clean end.
func (d *Disk) PowerOff(t testing.TB) {
	t.Helper()
	d.on = false
	// A process that was killed a moment ago may still be letting go of its files.
	err := unix.Unmount(d.Dir, 0)
	for begun := time.Now(); errors.Is(err, unix.EBUSY) && time.Since(begun) < 5*time.Second; err = unix.Unmount(d.Dir, 0) {
		time.Sleep(time.Millisecond)
	}
	if err != nil {
		t.Errorf("unmount: %v", errors.Join(err, unix.Unmount(d.Dir, unix.MNT_DETACH)))
	}
	backing := fmt.Sprintf("/sys/block/%s/loop/backing_file", filepath.Base(d.loop))
	for begun := time.Now(); time.Since(begun) < 10*time.Second; time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(backing)
		if err != nil || filepath.Base(string(text[:max(0, len(text)-1)])) != filepath.Base(d.server.path(d.life)) {
			return
		}
	}
	t.Errorf("%s does not go", d.loop)
}
