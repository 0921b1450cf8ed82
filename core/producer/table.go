package producer

import (
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/record"
)

// DefaultLimit is how many producers a table keeps unless it is told otherwise: about 3 MiB.
const DefaultLimit = 16384

// none is the index of no entry.
const none int32 = -1

// Table is the state of all producers of one partition. It must be made by New.
type Table struct {
	limit   int
	index   map[int64]int32 // producer id -> entries
	entries []entry
	free    []int32
	// The entries in the order of their last batch, as a list: the oldest makes room (P-3).
	oldest, newest int32
	evicted        int64
}

// New makes an empty table of at most limit producers.
func New(limit int) *Table {
	t := &Table{limit: max(limit, 1)}
	t.Reset()
	return t
}

// Reset empties the table.
func (t *Table) Reset() {
	t.index = make(map[int64]int32)
	t.entries, t.free = nil, nil
	t.oldest, t.newest = none, none
}

// Len counts the producers.
func (t *Table) Len() int { return len(t.index) }

// Evicted counts the producers that had to make room since the table was made.
func (t *Table) Evicted() int64 { return t.evicted }

// Kind is what is to be done with a batch.
type Kind uint8

// Kinds of verdicts.
const (
	Append    Kind = iota // append it
	Duplicate             // it was appended before: answer Code and Base once End is committed, append nothing
	Refuse                // answer Code, append nothing
)

// Verdict is the answer of Check. Code is CodeNone except where Kind says otherwise. Base and End are -1 except for a
// Duplicate: Base is the original base offset, or -1 where it is forgotten (Code is CodeDuplicateSequence then); when
// End is committed, the original is.
type Verdict struct {
	Kind Kind
	Code event.Code
	Base int64
	End  int64
}

// Check judges a batch of a client. It changes nothing. A batch without producer id is always appended.
func (t *Table) Check(b record.Batch) Verdict {
	if b.ProducerID() < 0 {
		return accept()
	}
	i, known := t.index[b.ProducerID()]
	if !known {
		return accept()
	}
	return t.entries[i].check(b)
}

// Apply takes in a batch that was appended, whatever Check says of it.
func (t *Table) Apply(b record.Batch) {
	if b.ProducerID() < 0 || b.Control() || b.BaseSequence() < 0 {
		return
	}
	i, known := t.index[b.ProducerID()]
	if known {
		t.unlink(i)
	} else {
		i = t.add(entry{producer: b.ProducerID(), epoch: -1})
	}
	e := &t.entries[i]
	e.apply(b)
	e.touched = true
	t.link(i)
}

// Expire forgets the producers that wrote nothing for longer than age. now and age are in milliseconds of any clock
// that does not go back; a batch counts as written at the first Expire after it. Timestamps of records are not looked
// at: they are the clients'.
func (t *Table) Expire(now, age int64) (forgotten int) {
	for i := t.oldest; i != none; {
		e := &t.entries[i]
		next := e.next
		switch {
		case e.touched:
			e.touched, e.seen = false, now
		case now-e.seen > age:
			t.remove(i)
			forgotten++
		}
		i = next
	}
	return forgotten
}

// add puts an entry into a slot, not yet into the list, and makes room for it before.
func (t *Table) add(e entry) int32 {
	if len(t.index) >= t.limit {
		t.remove(t.oldest)
		t.evicted++
	}
	var i int32
	if n := len(t.free); n > 0 {
		i, t.free = t.free[n-1], t.free[:n-1]
		t.entries[i] = e
	} else {
		i = int32(len(t.entries))
		t.entries = append(t.entries, e)
	}
	t.index[e.producer] = i
	return i
}

func (t *Table) remove(i int32) {
	t.unlink(i)
	delete(t.index, t.entries[i].producer)
	t.free = append(t.free, i)
}

// link makes entry i the newest.
func (t *Table) link(i int32) {
	t.entries[i].prev, t.entries[i].next = t.newest, none
	if t.newest == none {
		t.oldest = i
	} else {
		t.entries[t.newest].next = i
	}
	t.newest = i
}

func (t *Table) unlink(i int32) {
	e := &t.entries[i]
	if e.prev == none {
		t.oldest = e.next
	} else {
		t.entries[e.prev].next = e.next
	}
	if e.next == none {
		t.newest = e.prev
	} else {
		t.entries[e.next].prev = e.prev
	}
}

func accept() Verdict { return Verdict{Kind: Append, Base: -1, End: -1} }

func refuse(code event.Code) Verdict { return Verdict{Kind: Refuse, Code: code, Base: -1, End: -1} }
