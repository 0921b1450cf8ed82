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
	folder string // where the file of the device is mounted
	device int    // the keeper's number for it
	life   int
	dark   chan struct{} // of this life
	loop   string
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
	root := t.TempDir()
	d := &Disk{Dir: filepath.Join(root, "fs"), folder: filepath.Join(root, "device"), kind: kind}
	for _, dir := range []string{d.Dir, d.folder} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	call("Create", Place{Folder: d.folder, Size: size}, &d.device)
	t.Cleanup(func() {
		if d.on {
			d.Cut(Loss{})
			d.Release()
			d.PowerOff(t)
		}
		call("Destroy", Where{d.device}, &Nothing{})
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
	d.begin()
	name, fd, err := attach(d.file())
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

// begin begins a life.
func (d *Disk) begin() {
	call("PowerOn", Where{d.device}, &d.life)
	dark := make(chan struct{})
	d.dark = dark
	waiting := keeper.Go(serviceName+".AwaitDark", Where{d.device}, &Nothing{}, nil)
	go func() {
		<-waiting.Done // or the keeper is gone, which the next call tells
		close(dark)
	}()
}

// file is the device's file in this life.
func (d *Disk) file() string { return fmt.Sprintf("%s/%s%d", d.folder, fileName, d.life) }

// PowerOn attaches the device and mounts what is on it: the kernel replays the journal of the file system.
func (d *Disk) PowerOn(t testing.TB) {
	t.Helper()
	if err := d.TryPowerOn(); err != nil {
		t.Fatal(err)
	}
}

// TryPowerOn is PowerOn for a device that may have lost more than a file system survives.
func (d *Disk) TryPowerOn() error {
	d.begin()
	name, fd, err := attach(d.file())
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
func (d *Disk) Arm(n int, loss Loss) { call("Arm", Arming{d.device, n, loss}, &Nothing{}) }

// Dark is closed when the power of this life is cut.
func (d *Disk) Dark() <-chan struct{} { return d.dark }

// Cut cuts the power now, if it is on. From here on nothing is answered until Release.
func (d *Disk) Cut(loss Loss) { call("Arm", Arming{d.device, 0, loss}, &Nothing{}) }

// Release lets everything go that waits for a device without power: it gets an I/O error.
func (d *Disk) Release() { call("Release", Where{d.device}, &Nothing{}) }

// Lie makes flushes say that they are done, and do nothing.
func (d *Disk) Lie(lies bool) { call("Lie", Lying{d.device, lies}, &Nothing{}) }

// Look tells what was asked of the device so far, over all its lives, and what waits for a flush.
func (d *Disk) Look() (f Facts) {
	call("Look", Where{d.device}, &f)
	return f
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
		return // the loop device goes with whoever holds the mount
	}
	backing := fmt.Sprintf("/sys/block/%s/loop/backing_file", filepath.Base(d.loop))
	for begun := time.Now(); time.Since(begun) < 10*time.Second; time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(backing)
		if err != nil || filepath.Base(string(text[:max(0, len(text)-1)])) != filepath.Base(d.file()) {
			return
		}
	}
	t.Errorf("%s does not go", d.loop)
}
