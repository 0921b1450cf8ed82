package device

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/highwater-log/highwater/server/files"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// Every durable write of the disk loop reaches the device as a write and a flush, and is on the medium when it returns.
func TestDurableWritesFlushTheDevice(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			d := New(t, kind)
			mode, err := files.Probe(d.Dir)
			if err != nil {
				t.Fatal(err)
			}
			fd, err := files.OpenMode(filepath.Join(d.Dir, "f"), mode)
			if err != nil {
				t.Fatal(err)
			}
			p := files.Alloc(4096)
			for i := range 8 { // blocks that are there, so that nothing but the write itself asks for a flush
				if err := files.WriteBlocks(fd, p, int64(i)*4096, true, mode); err != nil {
					t.Fatal(err)
				}
			}
			before := d.Look()
			const n = 100
			for i := range n {
				copy(p, fmt.Sprint(i))
				if err := files.WriteBlocks(fd, p, int64(i%8)*4096, true, mode); err != nil {
					t.Fatal(err)
				}
			}
			after := d.Look()
			t.Logf("%s, %s: %d durable writes are %d writes and %d flushes of the device", kind, mode, n, after.Writes-before.Writes, after.Flushes-before.Flushes)
			if after.Flushes-before.Flushes < n {
				t.Errorf("%d flushes", after.Flushes-before.Flushes)
			}
			d.Cut(Loss{})
			d.Release()
			if err := unix.Close(fd); err != nil {
				t.Log(err)
			}
			d.PowerOff(t)
			d.PowerOn(t)
			got, err := os.ReadFile(filepath.Join(d.Dir, "f"))
			if err != nil {
				t.Fatal(err)
			}
			for i := n - 8; i < n; i++ {
				if s := fmt.Sprint(i); string(got[i%8*4096:][:len(s)]) != s {
					t.Errorf("write %d is gone", i)
				}
			}
		})
	}
}
