package journal

import (
	"bytes"
	"slices"
	"testing"

	"github.com/highwater-log/highwater/core/event"
	"pgregory.net/rapid"
)

// disk is the smallest disk that can lie to a journal: it holds chunk files, completes operations in any order, and at
// a crash keeps of every operation in flight any subset of sectors. Sizes and directory entries are volatile until
// synced.
type disk struct {
	files   map[int64]*file
	pending []event.Effect
	full    bool // no space for new chunks
	bad     map[int64][]Span
}

type file struct {
	data    []byte
	sized   int  // bytes of data that survive a crash for sure
	entered bool // the directory entry survives
}

func newDisk() *disk { return &disk{files: map[int64]*file{}, bad: map[int64][]Span{}} }

func (d *disk) numbers() []int64 {
	var list []int64
	for n := range d.files {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// take queues what the journal ordered.
func (d *disk) take(out *event.Buf) {
	for _, e := range out.Effects() {
		if e.Op == event.OpRelease {
			for i := range e.Memory.Bytes {
				e.Memory.Bytes[i] = 0xdb // it is somebody else's now
			}
			continue
		}
		d.pending = append(d.pending, e)
	}
	out.Reset()
}

// finish executes pending operation i and returns its completion.
func (d *disk) finish(i int, now event.Time) *event.Event {
	e := d.pending[i]
	d.pending = slices.Delete(d.pending, i, i+1)
	ev := &event.Event{Kind: event.KindIODone, IO: e.IO, Now: now}
	f := d.files[e.File.Base]
	if e.File.Kind == event.FileChunk && f == nil && e.Op != event.OpCreateFile && e.Op != event.OpRemoveFile {
		ev.Status = event.StatusNotFound
		return ev
	}
	switch e.Op {
	case event.OpListDir:
		for _, n := range d.numbers() {
			ev.Files = append(ev.Files, event.FileInfo{File: chunkFile(e.File.Store, n), Size: int64(len(d.files[n].data))})
		}
		ev.Files = append(ev.Files, event.FileInfo{}) // a name that nobody knows
	case event.OpReadFile:
		d.read(&e, f, ev)
	case event.OpCreateFile:
		if d.full {
			ev.Status = event.StatusNoSpace
		} else if f == nil {
			d.files[e.File.Base] = &file{}
		}
	case event.OpAllocateFile:
		if d.full {
			ev.Status = event.StatusNoSpace
		} else if int64(len(f.data)) < e.Length {
			f.data = append(f.data, make([]byte, e.Length-int64(len(f.data)))...)
		}
	case event.OpTruncateFile:
		f.data = f.data[:e.Length]
	case event.OpWriteFile:
		if !e.Durable || !f.entered || f.sized < int(e.Offset)+len(e.Data) {
			panic("frame written to a chunk that is not durable")
		}
		copy(f.data[e.Offset:], e.Data)
		ev.N = int64(len(e.Data))
	case event.OpSyncFile:
		f.sized = len(f.data)
	case event.OpSyncDir:
		for _, n := range d.numbers() {
			d.files[n].entered = true
		}
	case event.OpRemoveFile:
		delete(d.files, e.File.Base)
	}
	return ev
}

func (d *disk) read(e *event.Effect, f *file, ev *event.Event) {
	for _, s := range d.bad[e.File.Base] {
		if s.From < e.Offset+e.Length && e.Offset < s.To {
			ev.Status = event.StatusIOError
			return
		}
	}
	end := min(e.Offset+e.Length, int64(len(f.data)))
	if end < e.Offset+e.Length {
		ev.Status = event.StatusShort
	}
	ev.Data = bytes.Clone(f.data[e.Offset:end])
	ev.N = int64(len(ev.Data))
}

// crash cuts the power: of each write in flight any subset of sectors arrived; what was not synced may be gone.
func (d *disk) crash(t *rapid.T) {
	for _, e := range d.pending {
		f := d.files[e.File.Base]
		if e.Op != event.OpWriteFile || f == nil {
			continue
		}
		sectors := len(e.Data) / event.SectorSize
		switch mode := rapid.IntRange(0, 2).Draw(t, "in flight: none, all, some"); mode {
		case 1:
			copy(f.data[e.Offset:], e.Data)
		case 2:
			keep := rapid.SliceOfN(rapid.Bool(), sectors, sectors).Draw(t, "sectors")
			for i, k := range keep {
				if at := i * event.SectorSize; k {
					copy(f.data[int(e.Offset)+at:], e.Data[at:at+event.SectorSize])
				}
			}
		}
	}
	d.pending = nil
	for _, n := range d.numbers() {
		f := d.files[n]
		if !f.entered && rapid.Bool().Draw(t, "entry lost") {
			delete(d.files, n)
		} else if f.sized < len(f.data) && rapid.Bool().Draw(t, "size lost") {
			f.data = f.data[:f.sized+rapid.IntRange(0, len(f.data)-f.sized).Draw(t, "size")]
		}
	}
}

func TestDisk_TearsWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDisk()
		d.files[0] = &file{data: make([]byte, 8192), sized: 8192, entered: true}
		d.pending = []event.Effect{{Op: event.OpWriteFile, File: event.File{Kind: event.FileChunk}, Offset: 4096,
			Data: bytes.Repeat([]byte{1}, 4096), Durable: true}}
		d.crash(t)
		if bytes.ContainsAny(d.files[0].data[:4096], "\x01") {
			t.Fatal("a crash wrote outside the write")
		}
	})
}
