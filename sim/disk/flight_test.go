package disk

import (
	"testing"

	"github.com/highwater-log/highwater/core/event"
)

// A write in flight goes to the file that had the name when it was ordered, and not to an older one that the cut brings
// back under that name.
func TestPowerCut_AWriteInFlightStaysWithItsFile(t *testing.T) {
	r := made(t, hard, 'a')
	r.remove(hard)
	r.create(hard)
	r.buf.WriteFile(r.io(), hard, 0, block1('x'), true)
	r.submit()
	r.PowerCut(Crash{Flight: KeepAll, Meta: KeepNone})
	if got := sketch(r.Disk, hard); got != "a" {
		t.Errorf("the old file came back with %q", got)
	}
}

// Nor is it lost when the cut takes back the rename that gave the file its name.
func TestPowerCut_AWriteInFlightFollowsItsFile(t *testing.T) {
	to := segment
	to.Base = 43
	r := made(t, segment, 'a')
	r.rename(segment, to)
	r.buf.WriteFile(r.io(), to, 0, block1('x'), true)
	r.submit()
	r.PowerCut(Crash{Flight: KeepAll, Meta: KeepNone})
	if got := sketch(r.Disk, segment); got != "x" {
		t.Errorf("the file came back with %q", got)
	}
}

// SyncFs covers a file that is removed while it runs: should the removal be lost, the bytes are not.
func TestSyncFs_CoversWhatIsRemovedMeanwhile(t *testing.T) {
	r := made(t, hard)
	r.write(hard, 0, 'a', false)
	r.buf.SyncFs(r.io())
	io := r.submit()
	r.remove(hard)
	r.complete(io)
	r.PowerCut(Crash{Data: KeepNone, Meta: KeepNone})
	if got := sketch(r.Disk, hard); got != "a" {
		t.Errorf("the cut left %q", got)
	}
}

// A write in flight that makes a file longer uncovers the durable bytes below it, though the cut had taken the size.
func TestPowerCut_AWriteInFlightUncoversWhatIsDurable(t *testing.T) {
	r := made(t, hard)
	r.write(hard, event.BlockSize, 'b', true)
	r.buf.WriteFile(r.io(), hard, 2*event.BlockSize, block1('c'), true)
	r.submit()
	r.PowerCut(Crash{Flight: KeepAll, Meta: KeepNone})
	if got := sketch(r.Disk, hard); got != ".bc" {
		t.Errorf("the cut left %q, want .bc", got)
	}
}

// An allocation in flight of less than there is changes nothing, whatever the file's odd size.
func TestPowerCut_AnAllocationInFlightOfWhatIsThere(t *testing.T) {
	for seed := range uint64(20) {
		r := made(t, hard, 'a', 'b')
		r.truncate(hard, 5000)
		r.syncFile(hard)
		r.buf.AllocateFile(r.io(), hard, event.BlockSize)
		r.submit()
		r.PowerCut(Crash{Seed: seed, Flight: KeepSome})
		if size, _ := r.Size(hard); size != 5000 {
			t.Fatalf("seed %d: %d bytes", seed, size)
		}
	}
}

// A removal in flight may have got to any file of the folder first.
func TestKill_ARemovalInFlightHasNoOrder(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(200) {
		r := newRig(t)
		for range seed % 40 { // the order is drawn from what happened before
			r.create(chunk)
			r.remove(chunk)
		}
		left := ""
		files := []event.File{segment, segment, segment}
		for i := range files {
			files[i].Base = int64(i)
			r.create(files[i])
		}
		r.buf.RemoveFile(r.io(), segment.Dir())
		r.submit()
		r.Kill(Crash{Seed: seed, Flight: KeepSome})
		for i, f := range files {
			if _, ok := r.Size(f); ok {
				left += string(rune('0' + i))
			}
		}
		seen[left] = true
	}
	for _, left := range []string{"", "0", "1", "2", "01", "02", "12", "012"} {
		if !seen[left] {
			t.Errorf("never left %q of a folder that was being removed", left)
		}
	}
}

// A cut may leave some blocks of a growth.
func TestPowerCut_LeavesPiecesOfAGrowth(t *testing.T) {
	seen := map[int64]bool{}
	for seed := range uint64(200) {
		r := made(t, chunk, 'a')
		r.buf.AllocateFile(r.io(), chunk, 4*event.BlockSize)
		r.ok()
		r.PowerCut(Crash{Seed: seed, Meta: KeepSome})
		size, _ := r.Size(chunk)
		seen[size/event.BlockSize] = true
	}
	if len(seen) != 4 || seen[0] {
		t.Errorf("blocks %v, want 1 to 4", seen)
	}
}
