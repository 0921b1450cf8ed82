package store

import (
	"sort"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// tail is the end of a partition's log in memory: every batch that is not in its segment yet (S-1), and as many written
// ones before it as the store's memory allows. Batches are views of journal frames, in offset order, without gaps. Each counts
// as a user of its frame's memory.
type tail struct {
	list []tailBatch
	head int // entries before it are gone
}

// tailBatch is one batch and its place: byte pos of file.
type tailBatch struct {
	base, next int64
	file       *segfile
	pos        int64
	batch      record.Batch
	memory     *event.Buffer // that batch lies in; nil for the collector's
	age        int32         // when it came, among those of the store: see warmth
}

func (b *tailBatch) end() int64 { return b.pos + int64(len(b.batch)) }

// live are the batches in memory, oldest first.
func (t *tail) live() []tailBatch { return t.list[t.head:] }

func (t *tail) push(b tailBatch) {
	b.memory.Retain()
	t.list = append(t.list, b)
}

// at is the batch at byte pos of the file with that base, or the first one behind it; nil if there is none.
func (t *tail) at(base, pos int64) *tailBatch {
	l := t.live()
	n := sort.Search(len(l), func(i int) bool {
		return l[i].file.base > base || l[i].file.base == base && l[i].end() > pos
	})
	if n == len(l) {
		return nil
	}
	return &l[n]
}

// offset is the batch that begins at offset, or nil.
func (t *tail) offset(offset int64) *tailBatch {
	l := t.live()
	n := sort.Search(len(l), func(i int) bool { return l[i].base >= offset })
	if n == len(l) || l[n].base != offset {
		return nil
	}
	return &l[n]
}

// holding is the batch that contains offset, or nil.
func (t *tail) holding(offset int64) *tailBatch {
	l := t.live()
	n := sort.Search(len(l), func(i int) bool { return l[i].next > offset })
	if n == len(l) || l[n].base > offset {
		return nil
	}
	return &l[n]
}

// begins is the first byte of file that is in memory, at most size: batches of later files count as behind it.
func (t *tail) begins(f *segfile, size int64) int64 {
	l := t.live()
	if len(l) == 0 || l[0].file.base > f.base {
		return size
	}
	if l[0].file == f {
		return min(l[0].pos, size)
	}
	return 0
}

// drop forgets the batches below offset and returns their bytes.
func (t *tail) drop(offset int64, out *event.Buf) (bytes int64) {
	for t.head < len(t.list) && t.list[t.head].next <= offset {
		bytes += int64(len(t.list[t.head].batch))
		out.Drop(t.list[t.head].memory)
		t.list[t.head] = tailBatch{}
		t.head++
	}
	if t.head > 64 && t.head > len(t.list)/2 {
		n := copy(t.list, t.list[t.head:])
		clear(t.list[n:])
		t.list, t.head = t.list[:n], 0
	}
	return bytes
}

// cut forgets the batches that reach beyond offset.
func (t *tail) cut(offset int64, out *event.Buf) {
	n := len(t.list)
	for n > t.head && t.list[n-1].next > offset {
		n--
		out.Drop(t.list[n].memory)
	}
	clear(t.list[n:])
	t.list = t.list[:n]
}

// copyTo fills dst with the bytes of f from pos on.
func (t *tail) copyTo(dst []byte, f *segfile, pos int64) (n int) {
	l := t.live()
	i := sort.Search(len(l), func(i int) bool {
		return l[i].file.base > f.base || l[i].file.base == f.base && l[i].end() > pos
	})
	for ; i < len(l) && n < len(dst) && l[i].file == f && l[i].pos <= pos+int64(n); i++ {
		n += copy(dst[n:], l[i].batch[pos+int64(n)-l[i].pos:])
	}
	return n
}
