package world

import (
	"slices"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/journal"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/sim/disk"
	"github.com/highwater-log/highwater/sim/fault"
)

// Older parts of a directory: a copy of journal, segments, hard state or checkpoints is put in their place before a start, as after
// a restore from a backup that forgot the other half. J8: it is refused, unless nothing is missing for it; and what is refused
// is as it was, so that the right part can be put back and nothing was lost.

// part is a copy of files of one store.
type part struct {
	where string
	files []event.File
	is    []*disk.Part
	hard  store.Hard // of the store when it was copied
}

// displaced is an older part in the place of the right one.
type displaced struct {
	part         // the right one
	must    bool // the broker has to refuse
	machine event.Machine
	digest  uint64 // of the store, with the older part
}

// partOf are the files of a part.
func partOf(where string, m event.Machine) []event.File {
	switch where {
	case fault.InJournal:
		return []event.File{{Kind: event.DirJournal, Store: m}}
	case fault.InTopics:
		return []event.File{{Kind: event.DirTopics, Store: m}}
	case fault.InHardState:
		return []event.File{{Kind: event.FileHardState, Store: m}}
	}
	return []event.File{{Kind: event.FileCheckpoint, Store: m}, {Kind: event.FileCheckpoint, Store: m, Base: 1}}
}

// copyPart takes a copy.
func (n *node) copyPart(f *fault.Fault) {
	m := n.machineOf(f)
	now := store.Examine(smallFiles(n.disk, m))
	if n.displaced != nil || now.Refusal != nil || now.Empty {
		return // no copy of a directory that is whole
	}
	p := part{where: f.Where, files: partOf(f.Where, m), hard: now.Hard}
	for _, file := range p.files {
		c := n.disk.Copy(file)
		if c == nil {
			return
		}
		p.is = append(p.is, c)
	}
	n.copies[f.ID] = p
}

// putBack puts the copy of an earlier fault in the place of what it was made from, where it is known whether it may be used.
func (n *node) putBack(f *fault.Fault) {
	if n.w.plan.Header.Label == fault.LabelDetect {
		return // other damage may be refused in its stead, and later
	}
	p, ok := n.copies[f.On.After]
	m := n.machineOf(f)
	if broker.MoveDue(HomeSays(n.disk), n.shards()) {
		return // what a change of the number of shards replaces is not looked at any more from its record on
	}
	if !ok || n.displaced != nil || !slices.Equal(p.files, partOf(p.where, m)) {
		return
	}
	for _, file := range p.files {
		if _, ok := n.disk.Size(file); !ok {
			return
		}
	}
	must, may := n.older(&p, m)
	if !must && !may {
		n.w.hit("world/older-part-that-nobody-can-know")
		return
	}
	d := &displaced{part: part{where: p.where, files: p.files}, must: must, machine: m}
	for i, file := range p.files {
		d.is = append(d.is, n.disk.Put(file, p.is[i]))
	}
	d.digest = n.disk.DigestOf(event.File{Kind: event.DirStore, Store: m})
	n.displaced = d
}

// older tells whether a broker has to refuse p, or may use it: what it lacks is somewhere else. Neither: nothing on the disk says that
// something is missing. Bounds that the hard state learns late are why (core/store/bound.go).
func (n *node) older(p *part, m event.Machine) (must, may bool) {
	now := store.Examine(smallFiles(n.disk, m))
	if now.Refusal != nil || now.Empty || now.Hard.Generation == 0 {
		return false, false
	}
	h, then := &now.Hard, &p.hard
	foreign := then.Directory != h.Directory
	switch p.where {
	case fault.InJournal:
		newest := uint64(0)
		for _, f := range journal.Scan(h.Super.Secret, chunksOf(p)) {
			if f.Incarnation == h.Super.Incarnation {
				newest = max(newest, f.Seq)
			}
		}
		return h.Super.Durable > h.Super.First && newest+1 < h.Super.Durable, h.Super.Durable == h.Super.First
	case fault.InTopics:
		return foreign || then.Generation+1 < h.Generation, false
	case fault.InHardState:
		settled := slots(smallFiles(n.disk, m).Sidecar)
		return foreign || settled && then.Generation < h.Generation, then.Generation == h.Generation
	}
	return false, true
}

// slots reports whether two slots say the same.
func slots(file []byte) bool {
	return len(file) >= 2*event.BlockSize && string(file[:event.BlockSize]) == string(file[event.BlockSize:2*event.BlockSize])
}

// chunksOf are the bytes of a copied journal.
func chunksOf(p *part) (out []journal.ChunkImage) {
	for _, f := range p.is[0].Under(p.files[0]) {
		if f.Kind == event.FileChunk {
			out = append(out, journal.ChunkImage{Number: f.Base, Data: p.is[0].File(p.files[0], f)})
		}
	}
	return out
}

// refused is a broker that has ended itself over an older part: it has changed nothing of that store, and the right part is put back.
func (n *node) refused(text string) {
	d := n.displaced
	n.displaced = nil
	w := n.w
	w.result.excuse(ExcuseOlder)
	w.hit("world/older-part-refused")
	if n.disk.DigestOf(event.File{Kind: event.DirStore, Store: d.machine}) != d.digest {
		w.Fail("O27", "a store that was refused is not as it was: "+text)
		return
	}
	n.again(disk.Crash{}, 50*event.Millisecond)
	for i, file := range d.files {
		n.disk.Put(file, d.is[i])
	}
}

// used is a broker that has become ready on an older part.
func (n *node) used() {
	if d := n.displaced; d != nil {
		n.displaced = nil
		n.w.hit("world/older-part-used")
		if d.must {
			n.w.Fail("O28", "an older "+d.where+" is used, and what it lacks is missing")
		}
	}
}
