package conform

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// story is a random history of a disk, in turns: the orders of one turn are in flight together.
type story struct {
	turns [][]event.Effect
}

// letters fill blocks: one after the other, so that a sector tells which write it is from.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

var storyFiles = []event.File{segment(0), segment(9), segment(10), index(9), chunk, hard}

// tell draws a story of so many turns.
func tell(r *rand.Rand, turns int) *story {
	s := &story{}
	t := teller{rand: r, sizes: map[event.File]int64{}}
	if r.IntN(4) > 0 { // most begin with every file in place
		var first []event.Effect
		for _, f := range storyFiles {
			t.turn = nil
			t.add(func(io event.IOID) { t.buf.CreateFile(io, f) })
			first = append(first, t.turn...)
		}
		s.turns = append(s.turns, first)
	}
	for range turns {
		t.turn = nil
		for range 1 + r.IntN(4) {
			t.draw()
		}
		s.turns = append(s.turns, t.turn)
	}
	return s
}

// inPlace is turns that make every file, each with a block, and sync the file system.
func inPlace() (turns [][]event.Effect) {
	t := teller{ids: 1 << 20, sizes: map[event.File]int64{}}
	for _, order := range []func(io event.IOID, f event.File){
		func(io event.IOID, f event.File) { t.buf.CreateFile(io, f) },
		func(io event.IOID, f event.File) { t.buf.WriteFile(io, f, 0, fill(1, '0'), false) },
	} {
		t.turn = nil
		for _, f := range storyFiles {
			t.add(func(io event.IOID) { order(io, f) })
		}
		turns = append(turns, t.turn)
	}
	t.turn = nil
	t.add(func(io event.IOID) { t.buf.SyncFs(io) })
	return append(turns, t.turn)
}

// teller draws orders that do not depend on those of their turn.
type teller struct {
	rand  *rand.Rand
	turn  []event.Effect
	buf   event.Buf
	ids   uint64
	fill  byte
	sizes map[event.File]int64 // about; to tell a write that makes a file longer
	grave bool                 // a tombstone may be there: no folder is renamed over another one
}

// draw adds one order to the turn, unless it depends on one that is there.
func (t *teller) draw() {
	r := t.rand
	f := storyFiles[r.IntN(len(storyFiles))]
	t.add(func(io event.IOID) { t.choose(io, f) })
}

// choose orders something, mostly about f.
func (t *teller) choose(io event.IOID, f event.File) {
	r := t.rand
	switch r.IntN(17) {
	case 0, 1:
		t.buf.CreateFile(io, f)
	case 2, 3, 4, 5, 6:
		t.fill = (t.fill + 1) % byte(len(letters))
		t.buf.WriteFile(io, f, int64(r.IntN(5))*block, fill(1+r.IntN(3), letters[t.fill]), r.IntN(3) == 0)
	case 7:
		t.buf.TruncateFile(io, f, int64(r.IntN(6*block)))
	case 8:
		t.buf.TruncateFile(io, f, int64(r.IntN(6))*block)
	case 9:
		t.buf.AllocateFile(io, f, []int64{4 * block, 8 * block, 300 * block, 600 * block}[r.IntN(4)])
	case 10, 11:
		t.buf.SyncFile(io, f)
	case 12:
		t.buf.SyncDir(io, []event.File{partition, topics, chunk.Dir(), hard.Dir()}[r.IntN(4)])
	case 13:
		if r.IntN(3) == 0 {
			t.buf.SyncFs(io)
		} else {
			t.buf.SyncFile(io, f)
		}
	case 14:
		from := []event.File{segment(0), segment(9)}[r.IntN(2)]
		t.buf.RenameFile(io, from, []event.File{segment(10), index(9)}[r.IntN(2)])
	case 15:
		t.buf.RemoveFile(io, f)
	case 16:
		switch r.IntN(4) {
		case 0:
			if !t.grave {
				t.buf.RenameFile(io, partition, tombstone)
			}
		case 1:
			t.buf.RemoveFile(io, tombstone)
		case 2:
			t.buf.RemoveFile(io, partition)
		}
	}
}

// add adds what order puts into the buffer to the turn.
func (t *teller) add(order func(io event.IOID)) {
	t.ids++
	t.buf.Reset()
	order(event.NewIOID(event.Shard0, t.ids))
	if t.buf.Len() == 0 {
		return
	}
	e := t.buf.Effects()[0]
	if e.RenameTo != nil {
		to := *e.RenameTo
		e.RenameTo = &to // the buffer is used again
	}
	for i := range t.turn {
		if t.depend(&t.turn[i], &e) {
			return
		}
	}
	t.turn = append(t.turn, e)
	t.follow(&e)
}

// follow keeps up with sizes and folders, as if everything went well.
func (t *teller) follow(e *event.Effect) {
	switch e.Op {
	case event.OpWriteFile:
		t.sizes[e.File] = max(t.sizes[e.File], e.Offset+e.Length)
	case event.OpAllocateFile:
		t.sizes[e.File] = max(t.sizes[e.File], e.Length)
	case event.OpTruncateFile:
		t.sizes[e.File] = e.Length
	case event.OpRemoveFile, event.OpRenameFile:
		clear(t.sizes) // two writes to a file of unknown size are not in flight together
		if e.Op == event.OpRenameFile && e.File.IsDir() {
			t.grave = true
		} else if e.File == tombstone {
			t.grave = false
		}
	}
}

// depend reports whether two orders may not be in flight together, by V-2 and then some.
func (t *teller) depend(a, b *event.Effect) bool {
	if a.Op == event.OpSyncFs || b.Op == event.OpSyncFs {
		return false
	}
	if !related(a, b) {
		return false
	}
	if a.Op == event.OpSyncDir || b.Op == event.OpSyncDir {
		if b.Op == event.OpSyncDir {
			a, b = b, a
		}
		return b.Op == event.OpRenameFile && b.File.IsDir() || b.Op == event.OpRemoveFile && b.File.IsDir() || b.Op == event.OpSyncDir
	}
	if a.File == b.File {
		switch {
		case a.Op == event.OpSyncFile || b.Op == event.OpSyncFile:
			other := a.Op
			if other == event.OpSyncFile {
				other = b.Op
			}
			return other != event.OpWriteFile && other != event.OpTruncateFile
		case a.Op == event.OpWriteFile && b.Op == event.OpWriteFile:
			end := max(a.Offset+a.Length, b.Offset+b.Length)
			return a.Offset < b.Offset+b.Length && b.Offset < a.Offset+a.Length || end > t.sizes[a.File]
		}
	}
	return true
}

// related reports whether one order names what the other one names, or something above or below it.
func related(a, b *event.Effect) bool {
	for _, x := range named(a) {
		for _, y := range named(b) {
			if under(x, y) || under(y, x) {
				return true
			}
		}
	}
	return false
}

func named(e *event.Effect) []event.File {
	if e.Op == event.OpRenameFile {
		return []event.File{e.File, *e.RenameTo}
	}
	return []event.File{e.File}
}

func under(f, dir event.File) bool {
	for ; f.Kind != event.FileNone; f = f.Dir() {
		if f == dir {
			return true
		}
	}
	return false
}

// String is the story as a reader follows it.
func (s *story) String() string {
	var b strings.Builder
	for i, turn := range s.turns {
		for j := range turn {
			e := &turn[j]
			fill := ""
			if e.Op == event.OpWriteFile {
				fill = " of " + string(e.Data[:1])
			}
			fmt.Fprintf(&b, "turn %d: %s%s\n", i+1, strings.ReplaceAll(e.String(), topic.String(), "TOPIC"), fill)
		}
	}
	return b.String()
}
