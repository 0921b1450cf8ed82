package store

import (
	"fmt"

	"github.com/highwater-log/highwater/core/event"
)

// completion is what follows a disk operation.
type completion func(ev *event.Event, out *event.Buf)

func (s *Store) nextIO() event.IOID {
	s.io++
	return event.NewIOID(s.cfg.Machine, s.io)
}

// await names an operation and says what follows it.
func (s *Store) await(then completion) event.IOID {
	id := s.nextIO()
	s.pending[id] = then
	return id
}

// must is the completion of an operation that changes the disk: any failure is latched (D6), and then never runs.
func (s *Store) must(what string, file event.File, then func(*event.Buf)) completion {
	return func(ev *event.Event, out *event.Buf) {
		if ev.Status != event.StatusOK {
			s.fail(fmt.Sprintf("%s %s: %s", what, file.Path(), ev.Status), out)
			return
		}
		then(out)
	}
}

// fail latches the store: from now on it orders nothing and acknowledges nothing.
func (s *Store) fail(text string, out *event.Buf) {
	if s.state == Failed || s.state == Refused {
		return
	}
	s.state = Failed
	s.refusal = Refusal{Code: event.HaltDisk, Text: text + "; nothing after this was acknowledged. " +
		"Replace or repair the disk and start again: what was acknowledged is recovered then"}
	out.Hit("store/failed")
}

func (s *Store) write(file event.File, at int64, data []byte, durable bool, then func(*event.Buf), out *event.Buf) {
	id := s.await(func(ev *event.Event, out *event.Buf) {
		if ev.Status == event.StatusOK && ev.N != int64(len(data)) {
			s.fail(fmt.Sprintf("write %s at %d: %d of %d bytes", file.Path(), at, ev.N, len(data)), out)
			return
		}
		s.must("write", file, then)(ev, out)
	})
	out.WriteFile(id, file, at, data, durable)
}

// writePadded writes content at a block boundary, with zeros up to the next one.
func (s *Store) writePadded(
	file event.File, at int64, content []byte, durable bool, then func(*event.Buf), out *event.Buf,
) {
	size := ceilBlock(int64(len(content)))
	memory := s.cfg.Alloc(int(size))
	clear(memory.Bytes[copy(memory.Bytes, content):size])
	s.write(file, at, memory.Bytes[:size], durable, func(out *event.Buf) {
		out.Drop(memory)
		then(out)
	}, out)
}

func (s *Store) create(file event.File, then func(*event.Buf), out *event.Buf) {
	out.CreateFile(s.await(s.must("create", file, then)), file)
}

func (s *Store) truncate(file event.File, size int64, then func(*event.Buf), out *event.Buf) {
	out.TruncateFile(s.await(s.must("truncate", file, then)), file, size)
}

func (s *Store) remove(file event.File, then func(*event.Buf), out *event.Buf) {
	out.RemoveFile(s.await(s.must("remove", file, then)), file)
}

func (s *Store) syncFile(file event.File, then func(*event.Buf), out *event.Buf) {
	out.SyncFile(s.await(s.must("sync", file, then)), file)
}

func (s *Store) syncDir(dir event.File, then func(*event.Buf), out *event.Buf) {
	out.SyncDir(s.await(s.must("sync directory", dir, then)), dir)
}

func (s *Store) syncFs(then func(*event.Buf), out *event.Buf) {
	out.SyncFs(s.await(s.must("sync the file system of", event.File{Kind: event.DirStore, Store: s.cfg.Machine}, then)))
}

// list lists dir; a directory that does not exist is an empty one.
func (s *Store) list(dir event.File, then func([]event.FileInfo, *event.Buf), out *event.Buf) {
	id := s.await(func(ev *event.Event, out *event.Buf) {
		if ev.Status != event.StatusOK && ev.Status != event.StatusNotFound {
			s.refuse(event.HaltDisk, fmt.Sprintf("list %s: %s", dir.Path(), ev.Status), out)
			return
		}
		then(ev.Files, out)
	})
	out.ListDir(id, dir)
}

// readTries is how often a read is tried before its error is believed.
const readTries = 3

// fetch reads the bytes [from, to) of file and hands over those that exist, in memory of the collector; err says why there
// are none, after readTries errors.
func (s *Store) fetch(file event.File, from, to int64, then func(data []byte, err string, out *event.Buf), out *event.Buf) {
	s.fetchInto(nil, file, from, to, then, out)
}

// fetchInto is fetch into dst, which has room for all blocks of [from, to).
func (s *Store) fetchInto(
	dst []byte, file event.File, from, to int64, then func(data []byte, err string, out *event.Buf), out *event.Buf,
) {
	s.fetchAgain(dst, file, from, to, 1, then, out)
}

func (s *Store) fetchAgain(
	dst []byte, file event.File, from, to int64, try int, then func(data []byte, err string, out *event.Buf), out *event.Buf,
) {
	low := floorBlock(from)
	id := s.await(func(ev *event.Event, out *event.Buf) {
		switch {
		case ev.Status == event.StatusOK || ev.Status == event.StatusShort:
			data := ev.Data[:min(int64(len(ev.Data)), to-low)]
			then(data[min(from-low, int64(len(data))):], "", out)
		case try < readTries && s.state != Failed:
			out.Hit("store/read-retry")
			s.fetchAgain(dst, file, from, to, try+1, then, out)
		default:
			then(nil, fmt.Sprintf("read %s at %d: %s", file.Path(), from, ev.Status), out)
		}
	})
	if size := ceilBlock(to) - low; dst == nil {
		out.ReadFile(id, file, low, size)
	} else {
		out.ReadInto(id, file, low, dst[:size])
	}
}

// floorBlock and ceilBlock round a byte position to block boundaries.
func floorBlock(n int64) int64 { return n &^ (event.BlockSize - 1) }
func ceilBlock(n int64) int64  { return floorBlock(n + event.BlockSize - 1) }
